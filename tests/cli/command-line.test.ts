import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Finished,
  grpo,
  libraryText,
  REPOSITORY,
  type Workspace,
  workspace,
} from "../support/workspace.ts";

const CONFIG = `prompts: ["Answer {{q}}"]
providers: [{ id: file://model.mjs, label: m }]
tests:
  - { vars: { q: a }, metadata: { id: one, split: train }, assert: [{ type: contains, value: a }] }
  - { vars: { q: b }, metadata: { id: two, split: validation }, assert: [{ type: contains, value: b }] }
`;

/** A failure as a user meets it: exit code 3, one paragraph on standard error, nothing else said and nothing written. */
async function refused(space: Workspace, args: readonly string[]): Promise<string> {
  const before = space.snapshot();
  const { code, stdout, stderr } = await grpo(args, space.folder);
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toMatch(/^\n[A-Z_]+.*: .*\n$/);
  expect(space.snapshot()).toEqual(before);
  return stderr.trim();
}

describe("bad input", () => {
  it.each<[string, string[], Record<string, string>, RegExp]>([
    [
      "malformed YAML",
      ["train", "-c", "bad.yaml"],
      { "bad.yaml": "prompts: [a\nproviders: {" },
      /^CONFIG_MALFORMED .*bad\.yaml:2: /,
    ],
    [
      "an unknown provider",
      ["train"],
      { "promptfooconfig.yaml": CONFIG.replace("file://model.mjs", "opnai:gpt-5") },
      /^PROVIDER_UNKNOWN providers: .*opnai:gpt-5/,
    ],
    ["an unknown flag", ["train", "--budet", "3"], {}, /^USAGE: unknown option '--budet'\. Add --help/],
    [
      "a flag's value",
      ["train", "--epochs", "many"],
      {},
      /^USAGE: option '--epochs <n>' argument 'many' is invalid\. a whole number is needed\. /,
    ],
    ["an unknown command", ["trian"], {}, /^USAGE: unknown command 'trian' \(Did you mean train\?\) /],
    ["an argument that is no version", ["library", "diff", "a", "2"], {}, /^USAGE: "a" is not a version\. /],
    ["a version that is not there", ["library", "rollback", "7"], {}, /^LIBRARY_VERSION_UNKNOWN .*agent/],
    [
      "a malformed library",
      ["library", "show", "--agent", "x"],
      { "experiences/x/common.md": libraryText("x", ["One.", "Two."]).replace("- [E2]", "- [E1]") },
      /^LIBRARY_\w+ .*common\.md:\d+: /,
    ],
    ["no folder of libraries", ["library", "list"], {}, /^LIBRARY_ROOT_NOT_FOUND experiences: /],
  ])("%s", { timeout: 60_000 }, async (_name, args, files, expected) => {
    expect(await refused(workspace(files), args)).toMatch(expected);
  });
});

describe("help", () => {
  const text = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr }: Finished = await grpo([...args, "--help"], REPOSITORY);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };

  it("names the commands", async () => {
    expect(await text()).toMatchInlineSnapshot(`
      "Usage: promptfoo-grpo [options] [command]

      Learns a small library of experiences that makes an agent better, from its own
      promptfoo tests.

      Options:
        -V, --version           output the version number
        -h, --help              display help for command

      Commands:
        train [options]         Learn a library of experiences from a promptfooconfig,
                                and test it on held-out examples.
        learn [options]         One step of training on rollouts that promptfoo has
                                made already.
        eval [options]          Compare two arms, the agent without and with its
                                library, on one split.
        gate [options]          The same for CI: held-out tests, an exit code,
                                Markdown, HTML, JUnit and JSON.
        plan [options]          Before money is spent: what an evaluation costs, and
                                what it can show.
        simulate [options]      Let the agent talk with simulated personas; write the
                                conversations, scored, to a log.
        weekly [options]        Simulate, flag, learn, gate: a proposal for the
                                library, for a person to accept.
        library                 Read, compare and take back libraries.
        routes                  Routes: which library a user type gets.
        runs                    What training runs paid for, and which can be resumed.
        dataset                 Check examples and personas; import conversation logs;
                                add what they show.
        conversation            Read conversation logs.
        label [options] <file>  Say of each reply whether it is good, by keyboard, one
                                question at a time.
        flag [options] <file>   Find bad conversations: missed crises, broken
                                boundaries, low scores, disagreements.
        help [command]          display help for command
      "
    `);
  });

  it("of train has a flag for every setting that has one, examples and exit codes", async () => {
    const help = await text("train");
    const flags = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1]);
    expect(flags).toMatchInlineSnapshot(`
      [
        "--group-size",
        "--epochs",
        "--batch-size",
        "--temperature",
        "--dry-run",
        "--config",
        "--agent",
        "--route",
        "--experiences",
        "--store",
        "--provider",
        "--prompt",
        "--learner",
        "--judge",
        "--advantage",
        "--schedule",
        "--candidates",
        "--refinements",
        "--gate-attempts",
        "--screen-size",
        "--max-experiences",
        "--max-words",
        "--max-operations",
        "--min-support",
        "--redact",
        "--no-redact",
        "--max-cost",
        "--max-calls",
        "--max-tokens",
        "--concurrency",
        "--validation-repeats",
        "--test-repeats",
        "--since",
        "--examples",
        "--replay",
        "--split",
        "--learner-prompt",
        "--resume",
        "--fork",
        "--seed",
        "--display",
        "--output",
        "--no-publish",
        "--help",
      ]
    `);
    expect(help).toMatch(/Examples:\n {2}\$ promptfoo-grpo train {10,}learn from/);
    expect(help).toContain("Exit codes: 0 finished, 3 usage or input, 4 a cap reached");
  });

  it("of library and dataset", async () => {
    const commands = (help: string) =>
      [...help.matchAll(/^ {2}([a-z]+) .*?(?= {2}|$)/gm)].map((match) => match[1]);
    expect(commands(await text("library"))).toEqual([
      "list",
      "show",
      "log",
      "diff",
      "rollback",
      "quarantine",
      "release",
      "accept",
      "reject",
      "lint",
      "prune",
      "init",
      "export",
      "import",
      "help",
    ]);
    expect(commands(await text("dataset"))).toEqual(["check", "import", "add", "help"]);
  });
});

it("--version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
    version: string;
  };
  expect(await grpo(["--version"], REPOSITORY)).toMatchObject({
    code: 0,
    stdout: `${version}\n`,
    stderr: "",
  });
});

it("the commands that are not train never load promptfoo", { timeout: 60_000 }, async () => {
  const space = workspace({ "experiences/x/common.md": libraryText("x", ["Ask one question."]) });
  // Where promptfoo cannot be found, importing it fails.
  space.write(
    "hide.mjs",
    `import { registerHooks } from "node:module";
registerHooks({ resolve(name, context, next) { if (name === "promptfoo") throw new Error("promptfoo was loaded"); return next(name, context); } });`,
  );
  const options = { NODE_OPTIONS: `--import=${space.folder}/hide.mjs` };
  expect(await grpo(["library", "list"], space.folder, options)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^x\/common {2}version 1, .* {2}1 experience /),
  });
  expect(await grpo(["train", "--help"], space.folder, options)).toMatchObject({ code: 0 });
  expect((await grpo(["train"], space.folder, options)).stderr).toContain("promptfoo was loaded");
});
