import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bench, type Family, type Row, randomOf, sideBySide, someOf } from "./bench.ts";
import { Project, type Start, type WritePoint } from "./project.ts";
import { Trial } from "./trial.ts";

const QUIET = ["--no-publish"];
const KILLED = { signal: "SIGKILL" } as const;
/** Kills of one run before it is let come to its end: a run is as long as that. */
const KILLS_PER_RUN = 5;

/** `kill -9` at random moments: of the start, between calls, in the middle of them, at the end. */
export const randomKills: Family = async (bench, row, { kills }) => {
  const runs = Array.from({ length: Math.ceil(kills / KILLS_PER_RUN) }, (_, index) => index);
  await sideBySide(bench, runs, async (run) => {
    const random = randomOf(bench, "kills", run);
    const most = Math.min(KILLS_PER_RUN, kills - run * KILLS_PER_RUN);
    const trial = new Trial(bench, row, `run ${run}`);
    for (let kill = 0; kill < most; kill++) {
      const early = random.next() < 0.15;
      const calls = early ? 0 : 1 + random.below(Math.floor((1.5 * bench.reference.calls) / KILLS_PER_RUN));
      const delayMs = random.next() * (early ? 1200 : 25);
      const meanwhile = trial.after(calls, delayMs, (child) => child.kill("SIGKILL"));
      await trial.disturbed(QUIET, { meanwhile }, KILLED);
      if (trial.project.begun() && trial.project.manifest().status === "finished") break;
    }
    await trial.finish();
    trial.remove();
  });
};

/** One run whose every process is killed, soon after it has done a little more. */
export const resumeKilledAgain: Family = async (bench, row, { resumeKills }) => {
  const random = randomOf(bench, "again");
  const trial = new Trial(bench, row, "the run");
  trial.project.channel.latencyMs = 15;
  for (let kill = 0; kill < resumeKills; kill++) {
    // Half of them before they have come to anything new.
    const start: Start =
      random.next() < 0.5
        ? { die: { name: "run INSERT OR IGNORE INTO results", nth: 1, when: "after" } }
        : { meanwhile: trial.after(1, random.next() * 10, (child) => child.kill("SIGKILL")) };
    await trial.disturbed(QUIET, start, KILLED);
    if (trial.project.manifest().status === "finished") break;
    if ((kill + 1) % 10 === 0) bench.say(`${kill + 1} of ${resumeKills}`);
  }
  await trial.finish();
  trial.remove();
};

/** Every write of an undisturbed run that also publishes its results, by name. */
async function writePoints(bench: Bench, row: Row): Promise<WritePoint[]> {
  const folder = mkdtempSync(join(tmpdir(), "grpo-faults-points-"));
  const project = Project.create(bench.server);
  try {
    const log = join(folder, "points.jsonl");
    const { code } = await project.train([], { log });
    if (code !== 0) row.unexpected++;
    const lines = readFileSync(log, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as WritePoint);
  } finally {
    project.remove();
    rmSync(folder, { recursive: true });
  }
}

const RECORD = "run INSERT OR IGNORE INTO results";
const moments = (point: WritePoint) => ["before", ...(point.torn ? ["torn" as const] : []), "after"] as const;

/** `kill -9` before, in the middle of and after each write. */
export const killsAtWrites: Family = async (bench, row, { every }) => {
  const points = await writePoints(bench, row);
  const others = points.filter((point) => point.name !== RECORD);
  const singles = others.flatMap((point) => moments(point).map((when) => ({ ...point, when })));
  const begins = singles.filter(({ name, nth }) => name.includes("manifest") && nth === 1);
  bench.say(`${points.length} write points: ${singles.length} moments of ${others.length}, and every record`);
  const jobs = [
    ...someOf(singles, every).map((die) => () => killedAt(bench, row, die)),
    // A resumed run writes its manifest again.
    ...someOf(begins, every).map((die) => () => killedAtResume(bench, row, die)),
    ...(["before", "after"] as const).map((when) => () => killedAtRecords(bench, row, when, every)),
  ];
  // The long ones first.
  await sideBySide(bench, jobs.reverse(), (job) => job());
};

type Die = NonNullable<Start["die"]>;

async function killedAt(bench: Bench, row: Row, die: Die): Promise<void> {
  const trial = new Trial(bench, row, `${die.when} ${die.name} #${die.nth}`);
  await trial.disturbed([], { die }, KILLED);
  await trial.finish();
  trial.remove();
}

async function killedAtResume(bench: Bench, row: Row, die: Die): Promise<void> {
  const trial = new Trial(bench, row, `resumed, ${die.when} ${die.name} #${die.nth}`);
  await trial.start(QUIET, { die: { name: RECORD, nth: 20, when: "after" } });
  await trial.disturbed(QUIET, { die }, KILLED);
  await trial.finish();
  trial.remove();
}

/** Process after process goes on by one record, and is killed at it. */
async function killedAtRecords(
  bench: Bench,
  row: Row,
  when: "before" | "after",
  every: number,
): Promise<void> {
  const trial = new Trial(bench, row, `${when} each record`);
  // Before the second: the first has gone on.
  const nth = when === "before" ? every + 1 : every;
  while (!(trial.project.begun() && trial.project.manifest().status === "finished")) {
    const left = bench.reference.calls - trial.project.keys.size;
    if (left < nth) break;
    await trial.disturbed(QUIET, { die: { name: RECORD, nth, when } }, KILLED);
  }
  await trial.finish();
  trial.remove();
}
