import { type Random, seededRandom } from "../../src/runs/random.ts";
import type { ModelServer } from "./model-server.ts";
import { type Learned, Project } from "./project.ts";

/** One line of the harness' table. All but `trials` must be zero. */
export interface Row {
  family: string;
  /** Processes that were disturbed. */
  trials: number;
  /** Recorded calls that were forgotten, planned ones that are missing at the end, lines of the history that are. */
  lost: number;
  /** Calls made again that were paid for and not in flight when the process ended. */
  repeated: number;
  /** Finished runs with another library, history or report than the undisturbed one. */
  differing: number;
  /** Exit 0 of a run that is not complete. */
  falseZeros: number;
  /** Any other end than the one that is promised. */
  unexpected: number;
  /** Finished runs whose journal, manifest and report do not agree on what was called. */
  wrongSums: number;
  seconds: number;
  /** What was wrong, first of all; also why a family is not possible here. */
  notes: string[];
  skipped: boolean;
}

export const COLUMNS = ["lost", "repeated", "differing", "falseZeros", "unexpected", "wrongSums"] as const;

/** What the undisturbed run came to. */
export interface Reference {
  learned: Learned;
  keys: ReadonlySet<string>;
  stages: Record<string, number>;
  calls: number;
  report: string;
}

export interface Bench {
  server: ModelServer;
  reference: Reference;
  seed: number;
  /** Runs side by side. */
  workers: number;
  /** Where a family says how far it is. */
  say: (text: string) => void;
}

/** How much of each family is done. */
export interface Amounts {
  kills: number;
  resumeKills: number;
  /** Every nth write point, disk size and so on; 1 is all. */
  every: number;
  /** Runs a kind of trouble, refusal, cap or signal. */
  runs: number;
  flips: number;
}

export type Family = (bench: Bench, row: Row, amounts: Amounts) => Promise<void>;

export const newRow = (family: string): Row => ({
  family,
  trials: 0,
  lost: 0,
  repeated: 0,
  differing: 0,
  falseZeros: 0,
  unexpected: 0,
  wrongSums: 0,
  seconds: 0,
  notes: [],
  skipped: false,
});

/** The report up to what differs between runs: what was spent, and how long it took. */
export const reportOf = (stdout: string): string => stdout.slice(0, stdout.indexOf("\nSPENT")).trim();

export async function undisturbed(server: ModelServer): Promise<Reference> {
  // What is asked ahead may be in vain, and of that every run asks something else.
  const project = Project.create(server, { ahead: false });
  try {
    const { code, stdout, stderr } = await project.train(["--no-publish"]);
    const stages = project.stages();
    const learned = project.learned();
    if (code !== 0 || stages === null) throw new Error(`the undisturbed run ended with ${code}: ${stderr}`);
    if (new Set(learned.history.map((one) => (one as { status: string }).status)).size !== 2)
      throw new Error("the undisturbed run accepts and rejects nothing: it shows too little");
    const calls = Object.values(stages).reduce((sum, one) => sum + one, 0);
    return { learned, keys: project.keys, stages, calls, report: reportOf(stdout) };
  } finally {
    project.remove();
  }
}

/** Runs jobs side by side, as many as the bench allows. */
export async function sideBySide<T>(
  { workers, say }: Bench,
  jobs: readonly T[],
  work: (job: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      await work(jobs[index] as T, index);
      if ((index + 1) % 20 === 0) say(`${index + 1} of ${jobs.length}`);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

export const randomOf = (bench: Bench, ...parts: readonly (string | number)[]): Random =>
  seededRandom(bench.seed, ...parts);

/** Every nth of a list, the last one always. */
export const someOf = <T>(all: readonly T[], every: number): T[] =>
  all.filter((_, index) => index % every === 0 || index === all.length - 1);
