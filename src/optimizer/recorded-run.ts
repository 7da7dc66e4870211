import { hostname } from "node:os";
import { join } from "node:path";
import { GrpoError } from "../library/index.ts";
import { copyJournal, createJournal, type FileJournal, openJournal } from "../runs/journal-sqlite.ts";
import { lockLibrary } from "../runs/library-lock.ts";
import { type Manifest, writeManifest } from "../runs/manifest.ts";
import { journalPath, newRunId, RUNS } from "../runs/run-folders.ts";
import { keptScores } from "../runs/scores.ts";
import { withoutSecrets } from "../runs/secrets.ts";
import { differencesOf, identityOf } from "./run-identity.ts";
import { type EarlierRun, type RunRequest, unfinishedNote } from "./run-request.ts";
import { runStore, startingLibrary } from "./run-store.ts";
import type { TrainingRun } from "./training-run.ts";

/** A run on the disk: its folder, its manifest as it stands, and its open journal. */
interface RunRecord {
  folder: string;
  manifest: Manifest;
  journal: FileJournal;
}

/** What can be done with a journal: training, and whatever else changes a library by paid calls. */
export type RecordableRun = Pick<TrainingRun, "suite" | "runtime" | "store"> &
  Partial<Pick<TrainingRun, "learner" | "prompts">> & {
    /** What else decides the result of a simulation, by name. */
    simulation?: Record<string, unknown>;
  };

/**
 * Does a run's work with everything written down: a journal and a manifest in `.grpo/runs/<id>`. A
 * run that is resumed answers from its journal and meets its own versions of the library where it made them.
 * One run changes a library at a time.
 * @throws GrpoError LIBRARY_IN_TRAINING, RESUME_DIFFERS, RESUME_DIVERGED, LIBRARY_CONFLICT, JOURNAL_CORRUPT,
 * JOURNAL_NOT_WRITABLE, and whatever stops the work
 */
export async function inRecordedRun<Run extends RecordableRun, T>(
  opened: Run,
  request: RunRequest,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const release = await lockLibrary(RUNS, opened.store);
  try {
    return await recorded(opened, request, async ({ manifest, journal }, begun) => {
      const store = await runStore({
        store: opened.store,
        runId: manifest.id,
        start: manifest.library,
        seal: () => journal.seal(),
      });
      begun();
      return work({ ...opened, store });
    });
  } finally {
    await release();
  }
}

/**
 * The same for work that reads a library and changes none: several may go on at once.
 * @throws GrpoError RESUME_DIFFERS, JOURNAL_CORRUPT, JOURNAL_NOT_WRITABLE, and whatever stops the work
 */
export const inReadingRun = <T>(
  opened: RecordableRun,
  request: RunRequest,
  work: (runId: string) => Promise<T>,
): Promise<T> =>
  recorded(opened, request, ({ manifest }, begun) => {
    begun();
    return work(manifest.id);
  });

/** `begun` is to be called before the first paid call. */
async function recorded<T>(
  opened: RecordableRun,
  request: RunRequest,
  work: (record: RunRecord, begun: () => void) => Promise<T>,
): Promise<T> {
  let record: RunRecord | undefined;
  try {
    const other = unfinishedNote(opened.suite, request);
    if (other !== undefined) opened.runtime.emit({ type: "note", text: other });
    record = await recordOf(opened, request);
    const run = record;
    opened.runtime.keepIn(run.journal);
    // Not those of a run that was forked: its graders may be others.
    opened.runtime.scores = keptScores(run.folder, run.journal);
    const result = await work(run, () => begin(run, opened, request));
    settle(run, opened, { status: "finished", code: null });
    return result;
  } catch (error) {
    // Answers that are under way are paid for: the journal stays open for them.
    await opened.runtime.windUp(error);
    if (record !== undefined) stop(record, opened, error);
    throw error;
  } finally {
    opened.runtime.scores?.close();
    record?.journal.close();
  }
}

async function recordOf(
  opened: RecordableRun,
  { command, rollouts, ...request }: RunRequest,
): Promise<RunRecord> {
  const identity = await identityOf(opened, command, rollouts ?? null);
  const { earlier } = request;
  if (earlier === undefined) {
    const { id, folder } = newFolder();
    const manifest = await newManifest(opened, { id, identity, flags: request.flags });
    return { folder, manifest, journal: createJournal(journalPath(folder)) };
  }
  if (request.fork === true) return forked(opened, earlier, identity, request.flags);
  requireSame(earlier.manifest, differencesOf(earlier.manifest.identity, identity));
  const journal = openJournal(journalPath(earlier.folder));
  return { ...earlier, journal };
}

/** A new run, from the library as it is now, with the answers that another paid for. */
async function forked(
  opened: RecordableRun,
  earlier: EarlierRun,
  identity: Manifest["identity"],
  flags: RunRequest["flags"],
): Promise<RunRecord> {
  const { id, folder } = newFolder();
  const paid = openJournal(journalPath(earlier.folder), "read");
  try {
    const manifest = await newManifest(opened, { id, identity, flags });
    const journal = await copyJournal(paid, journalPath(folder));
    return {
      folder,
      journal,
      manifest: { ...manifest, forkedFrom: earlier.manifest.id, reused: journal.size },
    };
  } finally {
    paid.close();
  }
}

function newFolder(): { id: string; folder: string } {
  const id = newRunId();
  return { id, folder: join(RUNS, id) };
}

async function newManifest(
  { suite, store }: RecordableRun,
  { id, identity, flags }: Pick<Manifest, "id" | "identity"> & Pick<RunRequest, "flags">,
): Promise<Manifest> {
  const { experiences: root, agent, route, seed } = suite.settings;
  return {
    format: 1,
    id,
    startedAt: new Date().toISOString(),
    host: hostname(),
    pid: process.pid,
    configPath: suite.path,
    flags: JSON.parse(JSON.stringify(withoutSecrets(flags))),
    seed,
    identity,
    library: { root, agent, route, path: store.path, ...(await startingLibrary(store)) },
    forkedFrom: null,
    reused: 0,
    status: "running",
    code: null,
    finishedAt: null,
    usage: null,
    prices: null,
  };
}

/** The manifest is written before the first paid call; what an earlier process paid for counts in this run's totals. */
function begin(
  { folder, manifest, journal }: RunRecord,
  { runtime }: RecordableRun,
  request: RunRequest,
): void {
  const { pid } = process;
  writeManifest(folder, {
    ...manifest,
    status: "running",
    code: null,
    finishedAt: null,
    host: hostname(),
    pid,
  });
  for (const paid of journal.paid(manifest.reused)) runtime.limiter.restore(paid);
  const note = (text: string): void => runtime.emit({ type: "note", text });
  const answers = `${journal.size} answers are paid for`;
  if (request.earlier === undefined) note(`run ${manifest.id}`);
  else if (manifest.forkedFrom !== null)
    note(`run ${manifest.id}, forked from ${manifest.forkedFrom}: ${answers}`);
  else note(`run ${manifest.id} goes on: ${answers}`);
}

function settle(
  { folder, manifest }: RunRecord,
  { runtime }: RecordableRun,
  end: Pick<Manifest, "status" | "code">,
): void {
  const usage = runtime.limiter.usage.total();
  // Of models that only an earlier process asked, its sources still stand.
  const prices = { ...manifest.prices, ...runtime.prices.priceSources() };
  writeManifest(folder, { ...manifest, ...end, finishedAt: new Date().toISOString(), usage, prices });
}

/** Says why the run ended. Where even that cannot be written, the run stays one that was cut off. */
function stop(record: RunRecord, opened: RecordableRun, error: unknown): void {
  const code = error instanceof GrpoError ? error.code : aborted(error) ? "INTERRUPTED" : "UNEXPECTED";
  try {
    settle(record, opened, { status: "stopped", code });
  } catch (cause) {
    if (!(cause instanceof GrpoError)) throw cause;
  }
  const { id, identity } = record.manifest;
  if (code === "NOTHING_INFORMATIVE") return;
  opened.runtime.emit({
    type: "note",
    text: `go on with: promptfoo-grpo ${identity.command} --resume ${id}`,
  });
}

const aborted = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

function requireSame({ id }: Manifest, differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw new GrpoError({
    code: "RESUME_DIFFERS",
    message: `Run ${id} was begun with something else: ${differences.join("; ")}.`,
    place: join(RUNS, id, "manifest.json"),
    remedy: `Put it back, or start a new run that uses the answers paid for: --resume ${id} --fork.`,
  });
}
