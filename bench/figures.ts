import { type Idle, idleShares } from "./idle.ts";
import type { Call } from "./mock/call-log.ts";
import { TICKETS } from "./mock/task.ts";
import { TRAIN_TEMPERATURE } from "./project.ts";

export const STAGES = ["train", "screening", "validation", "test", "learner"] as const;
export type BenchStage = (typeof STAGES)[number];

/** Calls of one stage, tokens in and out. */
export interface StageFigures {
  calls: number;
  tin: number;
  tout: number;
}

export interface CallFigures {
  all: StageFigures;
  byStage: Record<BenchStage, StageFigures>;
  /** Learner's calls by kind of prompt. */
  learner: Record<string, StageFigures>;
  /** Calls that brought no reply (429, 500, hang). */
  failed: number;
  maxConcurrency: number;
  /** Seconds from the first call's beginning to the last one's end. */
  windowS: number;
  /** Sum of latencies / concurrency, over the window, 0..1. */
  utilisation: number;
  /** The same without the sealed test, which is the bench's own question. */
  trainingUtilisation: number;
  /** What was in flight while places were free. */
  idle: Idle[];
}

const HELD_OUT = new Set(TICKETS.filter((one) => one.split === "heldout").map((one) => one.id));

/** What a call was for. @param validation ids of the tickets that validate */
export function stageOf(call: Call, validation: ReadonlySet<string>): BenchStage {
  if (call.shape !== "agent") return "learner";
  if (HELD_OUT.has(call.ticket ?? "")) return "test";
  if (validation.has(call.ticket ?? "")) return "validation";
  return call.temperature === TRAIN_TEMPERATURE ? "train" : "screening";
}

export function callFigures(
  calls: readonly Call[],
  validation: ReadonlySet<string>,
  concurrency: number,
): CallFigures {
  const stages = calls.map((call) => ({ call, stage: stageOf(call, validation) }));
  const learner = stages.flatMap(({ call, stage }) => (stage === "learner" ? [call] : []));
  const kinds = [...new Set(learner.map((call) => call.shape))].sort();
  const of = (stage: BenchStage) => summed(stages.flatMap((one) => (one.stage === stage ? [one.call] : [])));
  return {
    all: summed(calls),
    byStage: Object.fromEntries(STAGES.map((stage) => [stage, of(stage)])) as CallFigures["byStage"],
    learner: Object.fromEntries(
      kinds.map((kind) => [kind, summed(learner.filter((call) => call.shape === kind))]),
    ),
    failed: calls.filter((call) => call.status !== 200).length,
    maxConcurrency: calls.reduce((most, call) => Math.max(most, call.conc), 0),
    windowS: windowMs(calls) / 1000,
    utilisation: utilisation(calls, concurrency),
    trainingUtilisation: utilisation(
      stages.flatMap(({ call, stage }) => (stage === "test" ? [] : [call])),
      concurrency,
    ),
    idle: idleShares(calls, (call) => kindOf(call, validation), concurrency),
  };
}

/** The stage, or the learner's kind of prompt. */
function kindOf(call: Call, validation: ReadonlySet<string>): string {
  const stage = stageOf(call, validation);
  return stage === "learner" ? call.shape.replace(/^grpo\./, "") : stage;
}

function summed(calls: readonly Call[]): StageFigures {
  return {
    calls: calls.length,
    tin: calls.reduce((sum, call) => sum + call.tin, 0),
    tout: calls.reduce((sum, call) => sum + call.tout, 0),
  };
}

/** Not `Math.max(...calls)`: a long run has more calls than a function takes arguments. */
function windowMs(calls: readonly Call[]): number {
  const first = calls.reduce((least, call) => Math.min(least, call.t0), Number.POSITIVE_INFINITY);
  return calls.reduce((most, call) => Math.max(most, call.t1), 0) - first;
}

/** Sum of latencies / concurrency over the time from the first call's beginning to the last one's end. */
export function utilisation(calls: readonly Call[], concurrency: number): number {
  const busy = calls.reduce((sum, call) => sum + call.t1 - call.t0, 0);
  return calls.length === 0 ? 0 : busy / concurrency / windowMs(calls);
}

/**
 * How many times as long as others runs took, pair by pair.
 * @param pairs seconds of a run and of the one that it is measured by
 */
export const ratio = (pairs: readonly (readonly [number, number])[]): Spread =>
  spread(pairs.map(([one, other]) => one / other));

/** Mean, the smallest and largest value, and the standard error of the mean (NaN for fewer than two). */
export interface Spread {
  mean: number;
  min: number;
  max: number;
  n: number;
  error: number;
}

export function spread(values: readonly number[]): Spread {
  const known = values.filter((value) => Number.isFinite(value));
  const n = known.length;
  const mean = known.reduce((sum, value) => sum + value, 0) / n;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    min: Math.min(...known),
    max: Math.max(...known),
    n,
    error: n < 2 ? Number.NaN : Math.sqrt(squares / (n - 1) / n),
  };
}
