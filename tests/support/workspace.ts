import { type ChildProcess, execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** Folder of this repository. */
export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** A user's project: a temporary folder in which `promptfoo-grpo` is installed (needs `npm run build`). */
export interface Workspace {
  readonly folder: string;
  /** Writes a file; objects as JSON. Returns its absolute path. */
  write(path: string, content: unknown): string;
  read(path: string): string;
  /** The calls that `file://model.mjs` received, in order of arrival. */
  calls(log?: string): ModelCall[];
  /** Every file below the folder with its text, node_modules and promptfoo's own folder left out. */
  snapshot(): Record<string, string>;
}

export interface ModelCall {
  prompt: string;
  repeat: number | null;
  bustCache: boolean;
  /** What promptfoo passed as the prompt's config: temperature, seed, options of the test. */
  config: Record<string, unknown>;
  /** `config.name` of the provider that was called. */
  name: string;
  vars: Record<string, unknown>;
}

export function workspace(files: Record<string, unknown> = {}): Workspace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "grpo-workspace-")));
  onTestFinished(() => {
    process.chdir(REPOSITORY);
    rmSync(folder, { recursive: true, force: true });
  });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(REPOSITORY, join(folder, "node_modules/promptfoo-grpo"), "dir");
  const space: Workspace = {
    folder,
    write: (path, content) => {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
      return file;
    },
    read: (path) => readFileSync(join(folder, path), "utf8"),
    calls: (log = "calls.jsonl") => readLines(join(folder, log)).map((line) => JSON.parse(line) as ModelCall),
    snapshot: () => snapshot(folder),
  };
  space.write("model.mjs", MODEL);
  for (const [path, content] of Object.entries(files)) space.write(path, content);
  return space;
}

/**
 * A model that writes down what it was asked. `config.reply` is what it says (`{prompt}`, `{repeat}` and `{count}`,
 * the calls so far, are filled in); `config.response` is merged into the response; `config.error` is returned as an error.
 */
const MODEL = `
import { appendFileSync } from "node:fs";
let count = 0;
export default class Model {
  constructor(options) { this.config = options.config ?? {}; this.given = options.id; }
  id() { return this.config.id ?? this.given ?? "model"; }
  async callApi(prompt, context) {
    const { name = "model", reply = "{prompt}", response = {}, error, log } = this.config;
    const repeat = context?.repeatIndex ?? null;
    appendFileSync(log ?? new URL("./calls.jsonl", import.meta.url), JSON.stringify({
      prompt, repeat, bustCache: context?.bustCache === true, config: context?.prompt?.config ?? {}, name, vars: context?.vars ?? {},
    }) + "\\n");
    if (error !== undefined) return { error };
    const output = reply.replaceAll("{prompt}", prompt).replaceAll("{repeat}", String(repeat)).replaceAll("{count}", String(count++));
    return { output, tokenUsage: { prompt: 3, completion: 2, total: 5 }, cost: 0.001, ...response };
  }
}
`;

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

function snapshot(folder: string, below = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    // Ours to make, and promptfoo's own: its user's id and its cache.
    if (entry.name === "node_modules" || entry.name === ".promptfoo") continue;
    if (entry.isDirectory()) Object.assign(found, snapshot(folder, path));
    else found[path] = readFileSync(join(folder, path), "utf8");
  }
  return found;
}

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a script with this Node.js in a folder, with an environment that no test or user can disturb. */
function run(
  script: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
  input?: string,
): Promise<Finished> {
  const clean = {
    PATH: process.env["PATH"] ?? "",
    HOME: cwd,
    PROMPTFOO_CONFIG_DIR: join(cwd, ".promptfoo"),
    PROMPTFOO_DISABLE_TELEMETRY: "1",
    PROMPTFOO_DISABLE_UPDATE: "1",
    PROMPTFOO_DISABLE_REMOTE_GENERATION: "1",
    NO_COLOR: "1",
    // In the home that is this folder it would be one more file of the test's.
    NODE_COMPILE_CACHE: join(tmpdir(), "grpo-compiled-for-tests"),
    ...env,
  };
  return new Promise((resolve) => {
    const child: ChildProcess = execFile(
      process.execPath,
      [script, ...args],
      { cwd, env: clean, timeout: 60_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    if (input !== undefined) child.stdin?.end(readFileSync(input));
  });
}

/** The command line of this package, from its sources; `input` is a file for its standard input. */
export const grpo = (
  args: readonly string[],
  cwd: string,
  env?: Record<string, string>,
  input?: string,
): Promise<Finished> => run(join(REPOSITORY, "src/cli/main.ts"), args, cwd, env, input);

/** The real `promptfoo` command line. */
export const promptfoo = (
  args: readonly string[],
  cwd: string,
  env?: Record<string, string>,
): Promise<Finished> =>
  run(join(REPOSITORY, "node_modules/promptfoo/dist/src/entrypoint.js"), args, cwd, env);

/** A library as it stands on the disk. */
export const libraryText = (agent: string, texts: readonly string[], version = 1, route = "common"): string =>
  `---\nagent: ${agent}\nroute: ${route}\nversion: ${version}\n---\n${texts.map((text, index) => `- [E${index + 1}] ${text}\n`).join("")}`;
