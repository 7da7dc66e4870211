import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { openJournal } from "../../src/runs/journal-sqlite.ts";
import { ManifestSchema } from "../../src/runs/manifest.ts";
import { seededRandom } from "../../src/runs/random.ts";
import { type TrainingFolder, trainingFolder, trainingTests } from "../support/training-folder.ts";
import { REPOSITORY } from "../support/workspace.ts";

const CONCURRENCY = 4;
const KILLS = 5;
const SETTINGS = ["--group-size", "2", "--epochs", "2", "--batch-size", "4", "--screen-size", "2"];
const FLAGS = { groupSize: 2, epochs: 2, batchSize: 4, screenSize: 2, concurrency: CONCURRENCY };
const TESTS = trainingTests(1).filter(({ id }) => !/train-0[4-7]/.test(id));

/** `promptfoo-grpo train` as a process of its own. */
function start(folder: string, args: readonly string[]): { child: ChildProcess; stderr: () => string } {
  let stderr = "";
  const child = spawn(process.execPath, [join(REPOSITORY, "src/cli/main.ts"), "train", ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      PROMPTFOO_CONFIG_DIR: join(folder, ".promptfoo"),
      PROMPTFOO_DISABLE_TELEMETRY: "1",
      PROMPTFOO_DISABLE_UPDATE: "1",
      NO_COLOR: "1",
    },
  });
  child.stderr?.on("data", (text) => {
    stderr += String(text);
  });
  return { child, stderr: () => stderr };
}

/** Kills the process a moment after it has made some calls more. */
async function killAfter(folder: TrainingFolder, args: readonly string[], calls: number, delayMs: number) {
  const before = folder.calls().length;
  const { child, stderr } = start(folder.folder, args);
  const ended = once(child, "exit");
  while (folder.calls().length < before + calls && child.exitCode === null) await sleep(2);
  await sleep(delayMs);
  child.kill("SIGKILL");
  await ended;
  return { signal: child.signalCode, stderr };
}

const runsOf = (folder: TrainingFolder): string[] => readdirSync(join(folder.folder, ".grpo/runs"));
const learned = (folder: TrainingFolder) => ({
  library: folder.library(),
  history: folder.history().map(({ at: _at, costUsd: _cost, run: _run, ...entry }) => entry),
});

it("killed at random moments and resumed, a run ends with the same library and pays for nothing twice", {
  timeout: 120_000,
}, async () => {
  const whole = trainingFolder({}, TESTS);
  await whole.trainRecorded({ flags: FLAGS });
  const total = whole.calls().length;

  const folder = trainingFolder({ latency: 15 }, TESTS);
  const random = seededRandom(7, "kill");
  let inFlight = 0;
  let args = [...SETTINGS, "--concurrency", String(CONCURRENCY), "--no-publish", "--display", "none"];
  for (let kill = 0; kill < KILLS; kill++) {
    const calls = 1 + Math.floor(random.next() * (total / KILLS));
    const { signal, stderr } = await killAfter(folder, args, calls, random.next() * 20);
    expect(signal, stderr()).toBe("SIGKILL");
    const [run] = runsOf(folder);
    const journal = openJournal(join(folder.folder, ".grpo/runs", run ?? "", "journal.sqlite"), "read");
    inFlight = folder.calls().length - journal.size;
    journal.close();
    args = ["--resume", "--no-publish", "--display", "none"];
  }
  const { child, stderr } = start(folder.folder, args);
  const [code] = await once(child, "exit");
  expect(code, stderr()).toBe(0);

  expect(learned(folder)).toEqual(learned(whole));
  const lines = folder.calls().map((call) => JSON.stringify(call));
  const repeated = lines.length - new Set(lines).size;
  // What was called and is not in the journal was in flight at a kill.
  expect(repeated).toBeLessThanOrEqual(inFlight);
  expect(inFlight).toBeLessThanOrEqual(KILLS * 2 * CONCURRENCY);
  expect(runsOf(folder)).toHaveLength(1);
  const manifest = readFileSync(
    join(folder.folder, ".grpo/runs", runsOf(folder)[0] ?? "", "manifest.json"),
    "utf8",
  );
  expect(ManifestSchema.parse(JSON.parse(manifest))).toMatchObject({ status: "finished" });
});
