/**
 * `node bench/startup.ts`: how long commands take that need no promptfoo, beside Node.js alone. Median of --runs (10),
 * started in turn so that a busy moment of the machine meets all of them.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLI } from "./measured.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" } } });
const LIBRARY = new URL("../dist/library/index.js", import.meta.url).href;
const COMMANDS: Record<string, string[]> = {
  "node alone": ["-e", "0"],
  "--help": [CLI, "--help"],
  "--version": [CLI, "--version"],
  "train --help": [CLI, "train", "--help"],
  "runs list": [CLI, "runs", "list"],
  "library log": [CLI, "library", "log", "--agent", "nobody"],
  "import ./library": ["--input-type=module", "-e", `import ${JSON.stringify(LIBRARY)}`],
};

const cwd = mkdtempSync(join(tmpdir(), "grpo-startup-"));
const times = new Map(Object.keys(COMMANDS).map((name) => [name, [] as number[]]));
for (let run = 0; run < Number(values.runs); run++) {
  for (const [name, args] of Object.entries(COMMANDS)) {
    const began = performance.now();
    spawnSync(process.execPath, args, { cwd, stdio: "ignore" });
    times.get(name)?.push(performance.now() - began);
  }
}
rmSync(cwd, { recursive: true, force: true });
for (const [name, own] of times) {
  const sorted = own.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0);
  process.stdout.write(`${name.padEnd(18)}${at(0.5).padStart(5)} ms (${at(0)}..${at(1)})\n`);
}
