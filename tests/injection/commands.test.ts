import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { progressDisplay } from "../../src/reports/progress.ts";
import { createJournal } from "../../src/runs/journal-sqlite.ts";
import { createLimiter } from "../../src/runs/limiter.ts";
import { type Manifest, ManifestSchema } from "../../src/runs/manifest.ts";
import { commandLine } from "../support/command-line.ts";
import { grpo, type Workspace, workspace } from "../support/workspace.ts";
import {
  BOMB,
  canaries,
  DEEP,
  expectNoLeak,
  expectPlain,
  PAYLOADS,
  SECRET,
  SECRET_NAME,
} from "./payloads.ts";

canaries();

const HASH = "0".repeat(64);
const ID = "20260101-000000000-abcdef";

/** A manifest with the text wherever it holds one. */
const manifest = (text: string, id: string): Manifest => ({
  format: 1,
  id,
  startedAt: "2026-01-01T00:00:00.000Z",
  host: text,
  pid: 1,
  configPath: text,
  flags: { [text]: text, learner: { id: text, config: { apiKey: "[secret]" } } },
  seed: 1,
  identity: {
    package: text,
    command: "train",
    config: HASH,
    files: { [text]: HASH },
    settings: { [text]: text },
    dataset: { train: { [text]: HASH }, validation: {}, test: {} },
    prompt: HASH,
    models: { [text]: { id: text, config: HASH } },
    learnerPrompts: { [text]: HASH },
    rollouts: null,
  },
  library: { root: text, agent: text, route: text, path: text, text, hash: HASH, entries: 0 },
  forkedFrom: text,
  reused: 0,
  status: "stopped",
  code: text,
  finishedAt: null,
  usage: null,
  prices: null,
});

async function storedRun(space: Workspace, text: string, id = ID): Promise<string> {
  const folder = join(space.folder, ".grpo/runs", id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest(text, id)));
  const journal = createJournal(join(folder, "journal.sqlite"));
  const task = { stage: "rollout", prompt: text, apiKey: SECRET, [text]: SECRET } as const;
  await journal.record(HASH, task, { output: text });
  await journal.fail(HASH.replace("0", "1"), { stage: "judge", prompt: text }, `${text} ${SECRET}`);
  journal.close();
  return folder;
}

describe("runs", () => {
  it.each(PAYLOADS)(
    "$name: in manifest and journal is shown, exported and pruned as text",
    async ({ text }) => {
      const space = workspace();
      await storedRun(space, text);
      const said: string[] = [];
      for (const args of [["list"], ["show", ID], ["export", ID], ["prune", "--keep", "0", "--unfinished"]]) {
        const { code, stdout, stderr } = await commandLine(["runs", ...args], space.folder);
        expect(code).toBe(0);
        expectPlain(stdout + stderr);
        expectNoLeak(stdout, stderr);
        said.push(stdout.trimEnd());
      }
      const [list = "", show = "", exported = ""] = said;
      expect(list.split("\n")).toHaveLength(1);
      expect(show.split("\n")).toHaveLength(13);
      const [first, result, failure] = exported.split("\n").map((line) => JSON.parse(line));
      expect(first.library.text).toBe(text);
      expect([result.task.prompt, result.result.output]).toEqual([text, text]);
      expect(failure.reason).toBe(`${text.toWellFormed()} [secret]`);
    },
  );

  it("folders' and files' own names are no commands and no paths", async () => {
    const space = workspace();
    const ids = ["a\u001b[2J\n::error::x", "##[error]x", "\u202egpj", "x\rPROVEN"];
    for (const id of ids) await storedRun(space, "x", id);
    const outside = await storedRun(space, "x", "../../outside");
    // The id in a manifest is what --resume goes to.
    space.write(".grpo/runs/doctored/manifest.json", manifest("x", "../../outside"));
    for (const args of [
      ["list"],
      ["show", "2J"],
      ["show", "doctored"],
      ["prune", "--keep", "0", "--unfinished"],
    ]) {
      const { stdout, stderr } = await commandLine(["runs", ...args], space.folder);
      expectPlain(stdout + stderr);
      expect(stdout.trimEnd().split("\n").length).toBeLessThan(15);
      if (args[1] === "doctored") expect(stderr).toContain("RUN_UNREADABLE");
    }
    expect(existsSync(outside)).toBe(true);
  });

  it.each(["../../outside", "..", ".", "/etc", "../runs", "%2e%2e", "a\u0000b"])(
    "no id leads out: %j",
    async (id) => {
      const space = workspace();
      await storedRun(space, "x", "../../outside");
      for (const args of [
        ["show", id],
        ["export", id],
      ]) {
        const { code, stdout, stderr } = await commandLine(["runs", ...args], space.folder);
        expect([code, stdout]).toEqual([3, ""]);
        expect(stderr).toContain("RUN_UNKNOWN");
        expectPlain(stderr);
      }
    },
  );

  it.each([
    ["deep JSON", DEEP],
    ["a bomb", BOMB],
    ["a prototype key", JSON.stringify(manifest("x", ID)).replace("{", '{"__proto__":{"polluted":1},')],
    ["an unknown key", JSON.stringify({ ...manifest("x", ID), more: 1 })],
  ])("a manifest that is %s is an error in its line", async (_, text) => {
    const space = workspace();
    space.write(`.grpo/runs/${ID}/manifest.json`, text);
    const { stdout } = await commandLine(["runs", "list"], space.folder);
    expect(stdout).toContain("RUN_UNREADABLE");
    expectPlain(stdout);
    expectNoLeak(stdout);
  });

  it("the manifest above is one", () => {
    expect(ManifestSchema.safeParse(manifest("x", ID)).success).toBe(true);
  });
});

const CONFIG = { prompts: ["{{q}}"], providers: ["file://model.mjs"], tests: [{ vars: { q: "a" } }] };

describe("values on the command line", () => {
  it.each(PAYLOADS)("$name: names no file out of place and is printed as text", async ({ text }) => {
    const space = workspace({ "experiences/x/common.md": "no library" });
    const before = JSON.stringify(space.snapshot());
    for (const args of [
      ["library", "show", `--agent=${text}`],
      ["library", "log", "--agent", "x", `--route=${text}`],
      ["library", "list", `--experiences=${text}/none`],
      ["library", "diff", text.startsWith("-") ? "x" : text, "1"],
      ["runs", "show", `x${text}`],
      ["dataset", "check", `x${text}`],
      [`x${text}`],
      [`--${text}`],
    ]) {
      const { code, stdout, stderr } = await commandLine(args, space.folder);
      expect(text === "constructor" ? 3 : code).toBe(3);
      expectPlain(stdout + stderr);
      expectNoLeak(stdout, stderr);
    }
    expect(JSON.stringify(space.snapshot())).toBe(before);
  });

  it("the process itself prints no control byte, and no key of a config that cannot be loaded", async () => {
    const space = workspace({
      "promptfooconfig.json": {
        ...CONFIG,
        providers: [{ id: "nosuch:model", config: { apiKey: "only-in-the-config" } }],
      },
    });
    const env = { [SECRET_NAME]: SECRET };
    const [flag, provider] = await Promise.all([
      grpo(["library", "show", "--agent", "\u001b]0;owned\u0007\n::error::x"], space.folder, env),
      grpo(["train", "--dry-run"], space.folder, env),
    ]);
    expect([flag.code, provider.code]).toEqual([3, 3]);
    expect(flag.stderr).toContain("LIBRARY_NAME_INVALID");
    expect(provider.stderr).toContain("PROVIDER_UNKNOWN");
    expect(provider.stderr).not.toContain("only-in-the-config");
    for (const { stdout, stderr } of [flag, provider]) {
      expectPlain(stdout + stderr);
      expectNoLeak(stdout, stderr);
    }
  });
});

it("an error that a provider throws holds no key", async () => {
  const limiter = createLimiter({ concurrency: 1, attempts: 1 });
  const thrown = async () => {
    throw new Error(`broke with ${SECRET} \ud800`);
  };
  expect(await limiter.call("rollout", thrown, { key: "k", model: "m" })).toMatchObject({
    ok: false,
    error: "broke with [secret] \ufffd",
  });
});

describe("the progress display", () => {
  it.each(["plain", "tty"] as const)("%s: a note and a phase are one line each", (display) => {
    const lines: string[] = [];
    const terminal = { write: (text: string) => void lines.push(text), columns: 80, now: () => 0 };
    const { sink, close } = progressDisplay(display, terminal);
    for (const { text } of PAYLOADS) {
      sink({ type: "note", text: `note ${text} ${SECRET}` });
      sink({ type: "phase-done", phase: "evaluation", note: text });
    }
    close();
    const written = lines.join("");
    expect(written.split("\n")).toHaveLength(2 * PAYLOADS.length + 1);
    expectPlain(written);
    expectNoLeak(written);
  });
});
