import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const Usage = z.object({
  cpuS: z.number(),
  rssMb: z.number(),
  /** Share of time in which the event loop was busy, 0..1. */
  loop: z.number(),
  samples: z.array(z.object({ ms: z.number(), rss: z.number(), heapUsed: z.number(), external: z.number() })),
});

/** What a process used. CPU is user and system; memory the most that was resident. */
export interface Measured extends z.infer<typeof Usage> {
  exitCode: number | null;
  wallS: number;
}

const PRELOAD = fileURLToPath(new URL("./child-usage.mjs", import.meta.url));
export const CLI = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

export interface CommandOptions {
  /** Where stdout.txt, stderr.txt and usage.json go; the working directory. */
  folder: string;
  env?: Record<string, string>;
  /** Flags of Node.js, before the script. */
  node?: readonly string[];
}

/** Runs a Node.js script to its end and says what it used. */
export async function measured(
  script: readonly string[],
  { folder, env = {}, node = [] }: CommandOptions,
): Promise<Measured> {
  const usagePath = join(folder, "usage.json");
  const output = ["stdout.txt", "stderr.txt"].map((name) => openSync(join(folder, name), "w"));
  const began = performance.now();
  const child = spawn(process.execPath, [...node, "--import", PRELOAD, ...script], {
    cwd: folder,
    env: { ...process.env, ...env, BENCH_USAGE: usagePath },
    stdio: ["ignore", ...output],
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => output.forEach(closeSync));
  const wallS = (performance.now() - began) / 1000;
  const usage = existsSync(usagePath)
    ? Usage.parse(JSON.parse(readFileSync(usagePath, "utf8")))
    : { cpuS: Number.NaN, rssMb: Number.NaN, loop: Number.NaN, samples: [] };
  return { ...usage, exitCode, wallS };
}
