/**
 * `node bench/scale.ts --rollouts 10000`: one run of that many rollouts of about 2 kB, with memory and time per
 * rollout on the way, and how long a resumed run takes until its first new call.
 */
import { readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLI, type Measured, measured } from "./measured.ts";
import { MockModel } from "./mock/server.ts";
import { type ProjectOptions, writeProject } from "./project.ts";

const { values } = parseArgs({
  options: {
    rollouts: { type: "string", default: "10000" },
    concurrency: { type: "string", default: "16" },
    latency: { type: "string", default: "5" },
    parts: { type: "string", default: "10" },
    epochs: { type: "string", default: "1" },
    "group-size": { type: "string", default: "5" },
    "batch-size": { type: "string", default: "100000" },
    out: { type: "string", default: join(tmpdir(), "promptfoo-grpo-scale") },
    "cpu-prof": { type: "boolean", default: false },
  },
});

const groupSize = Number(values["group-size"]);
const epochs = Number(values.epochs);
const rollouts = Number(values.rollouts);
const folder = values.out;
const model = await MockModel.start({ latencyMs: Number(values.latency), bad: 0, k: 2, p1: 0.9 });
const project: ProjectOptions = {
  url: model.url,
  concurrency: Number(values.concurrency),
  seed: 1,
  validation: 6,
  test: false,
  copies: Math.ceil(rollouts / epochs / groupSize / 14),
  padding: 1000,
  settings: {
    // By criterion: a learner's call for each rollout would be most of what is measured.
    advantage: "contrast",
    epochs,
    groupSize,
    batchSize: Number(values["batch-size"]),
    refinements: 0,
  },
};
const env = { PROMPTFOO_CONFIG_DIR: join(folder, "home"), BENCH_SAMPLE_MS: "250" };
const config = writeProject(folder, project);
const node = values["cpu-prof"] ? ["--cpu-prof", `--cpu-prof-dir=${folder}`] : [];
const run = await measured([CLI, "train", "-c", config], { folder, env, node });
report(run);
model.close();

function report({ exitCode, wallS, cpuS, rssMb, loop, samples }: Measured): void {
  const own = model.calls.filter((call) => call.shape === "agent").sort((a, b) => a.t1 - b.t1);
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(
    `exit ${exitCode}, ${model.calls.length} calls, ${own.length} rollouts; ${wallS.toFixed(1)} s wall, ${cpuS.toFixed(1)} s CPU`,
  );
  say(`peak memory ${rssMb.toFixed(0)} MB, event loop busy ${(loop * 100).toFixed(0)} %`);
  // The mock's clock and the process's begin together but for the mock's own start, which is milliseconds.
  const first = own[0]?.t0 ?? 0;
  const parts = Number(values.parts);
  const size = Math.ceil(own.length / parts);
  say("rollouts   ms each   memory MB   heap MB");
  for (let part = 0; part < parts; part++) {
    const slice = own.slice(part * size, (part + 1) * size);
    const [from, to] = [slice[0]?.t1 ?? 0, slice.at(-1)?.t1 ?? 0];
    const sample = samples.findLast((one) => one.ms <= to);
    const mb = (bytes: number | undefined): string => ((bytes ?? 0) / 2 ** 20).toFixed(0);
    const each = (to - (part === 0 ? first : from)) / Math.max(1, slice.length);
    say(
      `${String((part + 1) * size).padStart(8)}${each.toFixed(2).padStart(10)}${mb(sample?.rss).padStart(12)}${mb(sample?.heapUsed).padStart(10)}`,
    );
  }
  const runs = join(folder, ".grpo", "runs");
  for (const id of readdirSync(runs)) {
    const bytes = statSync(join(runs, id, "journal.sqlite")).size;
    say(
      `journal ${(bytes / 2 ** 20).toFixed(1)} MB, ${(bytes / model.calls.length / 1000).toFixed(1)} kB a call`,
    );
  }
}
