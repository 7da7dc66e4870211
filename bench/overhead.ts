/**
 * `node bench/overhead.ts --rollouts 2000`: CPU seconds per 1,000 rollouts over HTTP of a whole training run and of
 * promptfoo's evaluate() alone on the same tests, model and assertion, in turn so that a busy moment meets both.
 * What each takes to start (`train --dry-run`, importing promptfoo) is taken off. The ratio is what counts.
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CLI, measured } from "./measured.ts";
import { MockModel } from "./mock/server.ts";
import { writeProject } from "./project.ts";

const { values } = parseArgs({
  options: {
    rollouts: { type: "string", default: "2000" },
    rounds: { type: "string", default: "3" },
    "batch-size": { type: "string", default: "100" },
    out: { type: "string", default: join(tmpdir(), "promptfoo-grpo-overhead") },
  },
});

const ALONE = fileURLToPath(new URL("./evaluate-alone.mjs", import.meta.url));
const GROUP = 5;
const rollouts = Number(values.rollouts);
const folder = values.out;
const model = await MockModel.start({ latencyMs: 5, bad: 0, k: 2, p1: 0.9 });
const env = { PROMPTFOO_CONFIG_DIR: join(folder, "home") };

function project(): string {
  model.calls.length = 0;
  return writeProject(folder, {
    url: model.url,
    concurrency: 16,
    seed: 1,
    validation: 6,
    test: false,
    copies: Math.ceil(rollouts / GROUP / 14),
    padding: 1000,
    settings: {
      advantage: "contrast",
      epochs: 1,
      groupSize: GROUP,
      batchSize: Number(values["batch-size"]),
      refinements: 0,
    },
  });
}

/** CPU seconds per 1,000 calls of the model; `start` is the same without any. */
async function cpuOf(
  script: (config: string) => string[],
  start: (config: string) => string[],
): Promise<number> {
  const idle = await measured(start(project()), { folder, env });
  const run = await measured(script(project()), { folder, env });
  if (idle.exitCode !== 0 || run.exitCode !== 0)
    throw new Error(`exit ${idle.exitCode}, ${run.exitCode}: see ${folder}`);
  return ((run.cpuS - idle.cpuS) / model.calls.length) * 1000;
}

const ratios: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const whole = await cpuOf(
    (config) => [CLI, "train", "-c", config],
    (config) => [CLI, "train", "-c", config, "--dry-run"],
  );
  const alone = await cpuOf(
    (config) => [ALONE, config, String(GROUP)],
    (config) => [ALONE, config, "0"],
  );
  ratios.push(whole / alone);
  process.stdout.write(
    `train ${whole.toFixed(2)}, evaluate() ${alone.toFixed(2)} CPU s per 1,000, ratio ${(whole / alone).toFixed(2)}\n`,
  );
}
const sorted = ratios.toSorted((a, b) => a - b);
process.stdout.write(`ratio, median of ${sorted.length}: ${sorted[sorted.length >> 1]?.toFixed(2)}\n`);
rmSync(folder, { recursive: true, force: true });
model.close();
