/**
 * `node bench/resume.ts --rollouts 10000`: a run that is killed (kill -9) when that many rollouts are done, and how long
 * `train --resume` takes, from its start, until it asks something new.
 */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CLI } from "./measured.ts";
import { MockModel } from "./mock/server.ts";
import { writeProject } from "./project.ts";

const { values } = parseArgs({
  options: {
    rollouts: { type: "string", default: "10000" },
    epochs: { type: "string", default: "1" },
    out: { type: "string", default: join(tmpdir(), "promptfoo-grpo-resume") },
  },
});
const GROUP = 5;
const rollouts = Number(values.rollouts);
const epochs = Number(values.epochs);
const folder = values.out;
const model = await MockModel.start({ latencyMs: 5, bad: 0, k: 2, p1: 0.9 });
const config = writeProject(folder, {
  url: model.url,
  concurrency: 16,
  seed: 1,
  validation: 6,
  test: false,
  // A few more groups than are done when it is killed.
  copies: Math.ceil(rollouts / epochs / GROUP / 14) + 5,
  padding: 1000,
  settings: { advantage: "contrast", epochs, groupSize: GROUP, batchSize: 100_000, refinements: 0 },
});

/** Starts the command line and resolves with its seconds until the model has been called that often; then it is killed. */
async function secondsUntil(calls: number, args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, PROMPTFOO_CONFIG_DIR: join(folder, "home") },
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  while (model.calls.length < calls && child.exitCode === null) await sleep(5);
  const seconds = (performance.now() - began) / 1000;
  child.kill("SIGKILL");
  await closed;
  return seconds;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const whole = await secondsUntil(rollouts, ["train", "-c", config, "--display", "none"]);
say(`${model.calls.length} calls in ${whole.toFixed(1)} s, then killed`);
// Those in flight when it was killed are asked again.
const before = model.calls.length;
const ready = await secondsUntil(before + 1, ["train", "-c", config, "--display", "none", "--resume"]);
say(`resumed: the first new call after ${ready.toFixed(1)} s`);
model.close();
