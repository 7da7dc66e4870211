import type { Rollout } from "../suite/rollout.ts";
import {
  type ArmsComparison,
  type ClusterOf,
  compareArms,
  criterionMean,
  headline,
  type PairedExample,
} from "./arms.ts";
import { holm } from "./holm.ts";
import { repeatsNeeded, smallestShown, testsNeeded, varianceComponents } from "./power.ts";
import { meanAtK, passAtK, passHatK, type RepeatCounts } from "./repeats.ts";
import {
  type EvaluationReport,
  EvaluationReportSchema,
  type Exploratory,
  REPORT_VERSION,
  type ReportArm,
  type RowProblem,
  type TestOutcome,
} from "./report.ts";
import type { PairedComparison } from "./sign-flip.ts";
import { finite, verdictOf } from "./verdict.ts";

/** What each arm is; its figures come from the pairs. */
export type ArmFacts = Pick<ReportArm, "label" | "agent" | "prompt" | "library" | "rows" | "usage">;

/** What depends on one another and so flips together in the test. */
export type Cluster = "test" | "persona" | "conversation";

export interface EvaluationInput
  extends Pick<EvaluationReport, "kind" | "config" | "split" | "repeats" | "seed" | "looks" | "elapsedMs"> {
  pairs: readonly PairedExample[];
  arms: readonly [ArmFacts, ArmFacts];
  problems: readonly RowProblem[];
  unfinished?: readonly string[];
  notes?: readonly string[];
  /** Default: the conversation where examples share one, else the test. */
  cluster?: Cluster | undefined;
  margin?: number | undefined;
  now?: Date;
}

/** Everything that is said of two arms, from their paired rollouts. Pure but for the time. */
export function evaluationReport(input: EvaluationInput): EvaluationReport {
  const { pairs, seed, arms, problems, unfinished = [], notes = [], margin } = input;
  const cluster = input.cluster ?? defaultCluster(pairs);
  const clusterOf = CLUSTERS[cluster];
  const compared = compareArms(pairs, seed, clusterOf);
  const verdict = verdictOf(compared, { obstacles: [...unfinished, ...duplicates(problems)], margin });
  const { kind, config, split, repeats, looks, elapsedMs, now = new Date() } = input;
  const [must, criteria] = [true, false].map((wanted) =>
    exploratory(compared.criteria.filter((one) => one.must === wanted)),
  );
  return EvaluationReportSchema.parse({
    version: REPORT_VERSION,
    kind,
    at: now.toISOString(),
    config,
    split,
    repeats,
    seed,
    ...verdict,
    because: [...verdict.because, ...notes],
    sentence: sentenceOf(compared, verdict.verdict, arms),
    arms: [
      { ...arms[0], ...armFigures(pairs, "baseline", compared, repeats) },
      { ...arms[1], ...armFigures(pairs, "enhanced", compared, repeats) },
    ],
    comparison: finite(compared.comparison),
    must,
    criteria,
    personas: exploratory(compared.personas.map(({ persona, ...one }) => ({ name: persona, ...one }))),
    tests: testOutcomes(pairs, cluster),
    problems,
    power: powerOf(pairs, compared.comparison, repeats, cluster, verdict.verdict),
    looks,
    elapsedMs: Math.round(elapsedMs),
  });
}

/** Rows without a reward are in the pairs; those that are too many are not. */
function duplicates(problems: readonly RowProblem[]): string[] {
  const count = problems.filter((one) => one.kind === "duplicate").length;
  return count === 0 ? [] : [`${count} rows are there twice, so which of them count is a guess`];
}

const CLUSTERS: Record<Cluster, ClusterOf | undefined> = {
  test: undefined,
  persona: (pair) => pair.persona,
  conversation: (pair) => pair.conversation ?? `test ${pair.id}`,
};

function defaultCluster(pairs: readonly PairedExample[]): Cluster {
  const named = pairs.flatMap((pair) => pair.conversation ?? []);
  return new Set(named).size < named.length ? "conversation" : "test";
}

function sentenceOf(
  { comparison }: ArmsComparison,
  verdict: EvaluationReport["verdict"],
  [before, after]: readonly [ArmFacts, ArmFacts],
): string {
  const { better, worse, same, n } = comparison;
  const counts = `better on ${better}, worse on ${worse}, same on ${same} of ${n} tests`;
  const said = {
    proven: `${after.label} is better than ${before.label}`,
    worse: `${after.label} is worse than ${before.label}`,
    "not proven": `${after.label} is not shown to be better than ${before.label}`,
  };
  return `${said[verdict]}: ${counts}.`;
}

function exploratory(
  rows: readonly { name: string; baseline: number; enhanced: number; comparison: PairedComparison }[],
): Exploratory[] {
  const adjusted = holm(rows.map(({ comparison: c }) => Math.min(1, 2 * Math.min(c.pBetter, c.pWorse))));
  return rows.map(({ name, baseline, enhanced, comparison }, index) => ({
    name,
    means: [baseline, enhanced],
    comparison: finite(comparison),
    holm: adjusted[index] ?? 1,
  }));
}

type Side = "baseline" | "enhanced";

function armFigures(
  pairs: readonly PairedExample[],
  side: Side,
  compared: ArmsComparison,
  repeats: number,
): Pick<ReportArm, "mean" | "passAtK" | "meanAtK" | "passHatK"> {
  const counts = pairs.map((pair) => passesOf(pair[side]));
  return {
    mean: compared.comparison.n === 0 ? null : compared[side],
    passAtK: passAtK(counts, repeats),
    meanAtK: meanAtK(counts),
    passHatK: passHatK(counts, repeats),
  };
}

function passesOf(rollouts: readonly Rollout[]): RepeatCounts {
  const graded = rollouts.filter((one) => one.reward !== null);
  return { graded: graded.length, passes: graded.filter((one) => one.pass).length };
}

const ORDER = { worse: 0, ungraded: 1, same: 2, better: 3 } as const;

/** The worst change first; of equals by id, so that a report does not depend on the order of rows. */
function testOutcomes(pairs: readonly PairedExample[], cluster: Cluster): TestOutcome[] {
  const outcomes = pairs.map((pair): TestOutcome => {
    const [before, after] = [headline(pair.baseline), headline(pair.enhanced)];
    const difference = before === null || after === null ? null : after - before;
    return {
      id: pair.id,
      persona: pair.persona,
      userTypes: [...pair.userTypes],
      cluster: CLUSTERS[cluster]?.(pair) ?? null,
      arms: [cellOf(pair.baseline), cellOf(pair.enhanced)],
      difference,
      change: changeOf(pair, difference),
    };
  });
  return outcomes.sort(
    (a, b) =>
      ORDER[a.change] - ORDER[b.change] ||
      (a.difference ?? 0) - (b.difference ?? 0) ||
      (a.id < b.id ? -1 : 1),
  );
}

/** A must-pass criterion that fell makes a test worse, whatever the rest gained. */
function changeOf(pair: PairedExample, difference: number | null): TestOutcome["change"] {
  const must = new Set(
    [...pair.baseline, ...pair.enhanced].flatMap((one) =>
      one.criteria.filter((c) => c.must).map((c) => c.name),
    ),
  );
  const fell = [...must].some((name) => {
    const [before, after] = [criterionMean(pair.baseline, name), criterionMean(pair.enhanced, name)];
    return before !== null && after !== null && after < before - 1e-9;
  });
  if (fell) return "worse";
  if (difference === null) return "ungraded";
  if (Math.abs(difference) <= 1e-9) return "same";
  return difference > 0 ? "better" : "worse";
}

function cellOf(rollouts: readonly Rollout[]): TestOutcome["arms"][number] {
  const graded = rollouts.filter((one) => one.reward !== null);
  const lowest = graded.toSorted((a, b) => (a.reward ?? 0) - (b.reward ?? 0))[0];
  const missed = lowest?.criteria.filter((one) => one.score !== null && one.score < 1) ?? [];
  return {
    mean: headline(rollouts),
    ...passesOf(rollouts),
    planned: rollouts.length,
    reply: lowest?.reply ?? null,
    reasons: missed.map(({ name, reason }) => `${name}: ${reason}`),
  };
}

/** Dependent tests show less than as many independent ones, and by how much is not known: nothing is promised then. */
function powerOf(
  pairs: readonly PairedExample[],
  { n, mean }: PairedComparison,
  repeats: number,
  cluster: Cluster,
  verdict: EvaluationReport["verdict"],
): EvaluationReport["power"] {
  const rewards = pairs.map((pair) => ({ baseline: graded(pair.baseline), enhanced: graded(pair.enhanced) }));
  const components = varianceComponents(rewards);
  if (components === null || cluster !== "test") {
    return { smallest: null, testsNeeded: null, repeatsNeeded: null };
  }
  const design = { ...components, tests: n, repeats, step: stepOf(pairs) };
  const open = verdict === "not proven" && Math.abs(mean) > 1e-9;
  const beyond = (needed: number | null, have: number): number | null =>
    needed !== null && needed > have ? needed : null;
  return {
    smallest: smallestShown(design),
    testsNeeded: open ? beyond(testsNeeded(mean, design), n) : null,
    repeatsNeeded: open && repeats > 1 ? beyond(repeatsNeeded(mean, design), repeats) : null,
  };
}

const graded = (rollouts: readonly Rollout[]): number[] =>
  rollouts.flatMap((one) => (one.headline === null ? [] : [one.headline]));

/** What one repeat can move a reward by: 1 for pass or fail, less where several criteria share it. */
function stepOf(pairs: readonly PairedExample[]): number {
  const rollouts = pairs.flatMap((pair) => [...pair.baseline, ...pair.enhanced]);
  const values = graded(rollouts);
  if (values.every((one) => one === 0 || one === 1)) return 1;
  const most = Math.max(1, ...rollouts.map((one) => one.criteria.filter((c) => !c.must).length));
  return 1 / most;
}
