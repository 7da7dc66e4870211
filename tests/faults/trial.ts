import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type Bench, type Row, reportOf } from "./bench.ts";
import { CONCURRENCY, type Ended, Project, type Running, type Start } from "./project.ts";

/** How a process is to end. */
export type Wanted = { signal: NodeJS.Signals } | { code: number; error?: RegExp };

/** Answers that may be lost: none, but when the process is killed or its disk is full. */
function inFlightAt({ signal, stderr }: Ended): number {
  // A call may begin between a reply and its write: both are in flight.
  if (signal === "SIGKILL") return 2 * CONCURRENCY;
  return stderr.includes("JOURNAL_NOT_WRITABLE") ? CONCURRENCY : 0;
}

/** One project, its processes, and what is counted of them. */
export class Trial {
  readonly project: Project;
  readonly #bench: Bench;
  readonly #row: Row;
  readonly #what: string;

  constructor(bench: Bench, row: Row, what: string, project = Project.create(bench.server)) {
    this.#bench = bench;
    this.#row = row;
    this.#what = what;
    this.project = project;
  }

  /** `train`, or `train --resume` where there is something to resume. */
  async start(args: readonly string[], start: Start = {}): Promise<Ended> {
    const resume = this.project.begun() ? ["--resume"] : [];
    const ended = await this.project.train([...resume, ...args], start);
    const { forgotten, again, twice, unrecorded } = ended.loss;
    if (forgotten > 0) this.count("lost", `${forgotten} recorded calls are gone`, forgotten);
    if (again > 0) this.count("repeated", `${again} recorded calls were made again`, again);
    if (twice > 0) this.count("repeated", `${twice} answered calls were made again`, twice);
    const allowed = inFlightAt(ended);
    if (unrecorded > allowed) this.count("repeated", `${unrecorded} answers were not recorded`, unrecorded);
    return ended;
  }

  tried(): void {
    this.#row.trials++;
  }

  /** A process that was disturbed. */
  async disturbed(args: readonly string[], start: Start, wanted: Wanted): Promise<Ended> {
    const ended = await this.start(args, start);
    this.tried();
    // It may have been through before the trouble came.
    if (ended.code === 0 && this.project.begun()) this.judge(ended);
    else this.expect(ended, wanted);
    return ended;
  }

  expect(ended: Ended, wanted: Wanted): void {
    const met =
      "signal" in wanted
        ? ended.signal === wanted.signal
        : ended.code === wanted.code && (wanted.error?.test(ended.stderr) ?? true);
    if (met) return;
    const end = `${ended.code ?? ended.signal}: ${ended.stderr.trim().split("\n").at(-1)?.slice(0, 300)}`;
    if (ended.code === 0) this.count("falseZeros", "exit 0");
    else this.count("unexpected", `ended with ${end}`);
  }

  /** Resumed to its end, unless it was there already; it must be the undisturbed run's. */
  async finish(args: readonly string[] = ["--no-publish"]): Promise<void> {
    if (this.project.begun() && this.project.manifest().status === "finished") return this.judge();
    const ended = await this.start(args);
    if (ended.code === 0) this.judge(ended);
    else this.expect(ended, { code: 0 });
  }

  /** Compares a run that says it is finished with the undisturbed one. */
  judge(ended?: Ended): void {
    const { reference } = this.#bench;
    const { project } = this;
    const learned = project.learned();
    const missing = [...reference.keys].filter((key) => !project.keys.has(key)).length;
    if (missing > 0) this.count("lost", `${missing} planned calls are not in the journal`, missing);
    const lines = (one: typeof learned) => one.history.length + one.looks.length;
    const gone = lines(reference.learned) - lines(learned);
    if (gone > 0) this.count("lost", `${gone} lines of the history are missing`, gone);
    if (project.manifest().status !== "finished" || missing > 0) this.count("falseZeros", "not complete");
    if (!isDeepStrictEqual(learned, reference.learned)) this.count("differing", "another library or history");
    if (ended === undefined) return;
    if (reportOf(ended.stdout) !== reference.report) this.count("differing", "another report");
    this.#sums(ended.stdout);
  }

  /** Journal, manifest and report must agree; tries that failed after they were paid for are more. */
  #sums(stdout: string): void {
    const stages = this.project.stages();
    const { usage } = this.project.manifest();
    const spent = /SPENT {2}(\d+) calls \(([^)]*)\)/.exec(stdout);
    const told = Object.fromEntries((spent?.[2] ?? "").split(", ").map((one) => one.split(" ")));
    const recorded = Object.values(stages ?? {}).reduce((sum, one) => sum + one, 0);
    const paidFaults = this.project.channel.asked.some((one) => one.answer === "empty");
    const agrees = Object.entries(stages ?? {}).every(([stage, n]) =>
      paidFaults ? Number(told[stage]) >= n : Number(told[stage]) === n,
    );
    const calls = Number(spent?.[1]);
    if (usage?.calls === calls && agrees && (paidFaults ? calls >= recorded : calls === recorded)) return;
    this.count("wrongSums", `report ${spent?.[0]}, manifest ${usage?.calls}, journal ${recorded}`);
  }

  count(
    column: "lost" | "repeated" | "differing" | "falseZeros" | "unexpected" | "wrongSums",
    note: string,
    n = 1,
  ): void {
    this.#row[column] += n;
    this.#row.notes.push(`${this.#what}: ${note}`);
  }

  /** Sends a signal once so many calls more are asked, and a moment has passed; not if the process ends before. */
  after(calls: number, delayMs: number, act: (child: Running) => unknown): NonNullable<Start["meanwhile"]> {
    const { asked } = this.project.channel;
    const until = asked.length + calls;
    return async (child) => {
      while (asked.length < until && !child.ended) await sleep(2);
      await sleep(delayMs);
      if (!child.ended) await act(child);
    };
  }

  remove(): void {
    this.project.remove();
  }
}
