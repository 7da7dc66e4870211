import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { grpo, libraryText, type Workspace, workspace } from "../support/workspace.ts";

/** Writes down each module's file as it is loaded. */
const WATCH = `import { registerHooks } from "node:module";
import { appendFileSync } from "node:fs";
registerHooks({ load(url, context, next) {
  if (url.startsWith("file:")) appendFileSync(new URL("./loaded.txt", import.meta.url), url + "\\n");
  return next(url, context);
} });`;

/** Packages and files of ours that a command loads, each once, sorted. */
async function loadedBy(space: Workspace, args: readonly string[]): Promise<string[]> {
  space.write("watch.mjs", WATCH);
  space.write("loaded.txt", "");
  const finished = await grpo(args, space.folder, { NODE_OPTIONS: `--import=${space.folder}/watch.mjs` });
  expect(finished).toMatchObject({ code: 0, stderr: "" });
  const urls = space.read("loaded.txt").trim().split("\n");
  const names = urls.map(
    (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1] ?? own(url),
  );
  return [...new Set(names)].sort();
}

/** A file of ours, from the room on. */
const own = (url: string): string => url.replace(/^.*\/(?:dist|src)\//, "").replace(/\.[jt]s$/, "");

it("help loads commander and the commands' flags, and nothing that does a command's work", {
  timeout: 60_000,
}, async () => {
  const space = workspace();
  const help = await loadedBy(space, ["--help"]);
  expect(help).toMatchInlineSnapshot(`
    [
      "cli/compiled-code",
      "cli/conversation-commands",
      "cli/dataset-commands",
      "cli/evaluate-commands",
      "cli/example-ids",
      "cli/flag-commands",
      "cli/flags",
      "cli/label-commands",
      "cli/library-commands",
      "cli/main",
      "cli/node-version",
      "cli/output",
      "cli/plan-commands",
      "cli/program",
      "cli/prune-commands",
      "cli/routes-commands",
      "cli/runs-commands",
      "cli/simulate-commands",
      "cli/train-commands",
      "cli/weekly-commands",
      "commander",
      "datasets/import/draft",
      "library/error",
      "library/shapes",
      "library/text",
      "providers/local-model/weights/cache-dir",
      "reports/terminal",
      "runs/canonical",
      "runs/package-version",
      "runs/secrets",
      "runs/task",
      "suite/quiet",
    ]
  `);
  expect(await loadedBy(space, ["train", "--help"])).toEqual(help);
});

it.each<[string[], string[]]>([
  [
    ["runs", "list"],
    ["commander", "zod"],
  ],
  [
    ["library", "list"],
    ["commander", "js-yaml", "yaml", "zod"],
  ],
  [
    ["library", "log", "--agent", "x"],
    ["commander", "js-yaml", "yaml", "zod"],
  ],
])("%j loads no package but those it needs", { timeout: 60_000 }, async (args, packages) => {
  const space = workspace({ "experiences/x/common.md": libraryText("x", ["Ask one question."]) });
  const loaded = await loadedBy(space, args);
  expect(loaded.filter((name) => !name.includes("/"))).toEqual(packages);
});

it("compiled code is kept in the cache folder and nowhere else", { timeout: 60_000 }, async () => {
  const space = workspace();
  const env = { NODE_COMPILE_CACHE: "", PROMPTFOO_GRPO_CACHE: join(space.folder, "cache") };
  const before = Object.keys(space.snapshot());
  expect(await grpo(["--help"], space.folder, env)).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(join(space.folder, "cache"))).toEqual(["compiled"]);
  const kept = readdirSync(join(space.folder, "cache/compiled"), { recursive: true });
  expect(kept.length).toBeGreaterThan(10);
  const others = Object.keys(space.snapshot()).filter((path) => !path.startsWith("cache/"));
  expect(others).toEqual(before);
});

it("a cache folder that cannot be made is no failure", { timeout: 60_000 }, async () => {
  const space = workspace({ file: "no folder" });
  const env = { NODE_COMPILE_CACHE: "", PROMPTFOO_GRPO_CACHE: join(space.folder, "file", "cache") };
  expect(await grpo(["--version"], space.folder, env)).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(space.folder, "file"), "utf8")).toBe("no folder");
  expect(existsSync(join(space.folder, ".cache"))).toBe(false);
});
