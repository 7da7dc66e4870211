import type { Rollout } from "../suite/rollout.ts";
import { compareTests, meanOf, type PairedComparison } from "./sign-flip.ts";

/** One example under both arms. */
export interface PairedExample {
  id: string;
  persona: string;
  userTypes: readonly string[];
  /** Names the conversation of which the example is a part, where its metadata do. */
  conversation?: string;
  baseline: readonly Rollout[];
  enhanced: readonly Rollout[];
}

/** One criterion over all examples that carry it; rates are means of its scores. */
export interface CriterionComparison {
  name: string;
  must: boolean;
  baseline: number;
  enhanced: number;
  comparison: PairedComparison;
}

/** One persona's examples. */
export interface PersonaComparison {
  persona: string;
  n: number;
  baseline: number;
  enhanced: number;
  comparison: PairedComparison;
}

/** Baseline against enhanced on one set of examples. Rewards leave must-pass criteria out; those stand apart. */
export interface ArmsComparison {
  baseline: number;
  enhanced: number;
  comparison: PairedComparison;
  criteria: CriterionComparison[];
  personas: PersonaComparison[];
  /** Rollouts without a reward, by arm; any of them makes a verdict "not proven". */
  ungraded: { baseline: number; enhanced: number };
}

/** What flips together in the test: nothing but the example itself, unless examples depend on one another. */
export type ClusterOf = (pair: PairedExample) => string;

/** Compares two arms, paired by example, repeats averaged. Ungraded rollouts are counted, never scored 0. */
export function compareArms(
  pairs: readonly PairedExample[],
  seed = 1,
  clusterOf?: ClusterOf | undefined,
): ArmsComparison {
  const graded = pairedMeans(pairs, headline);
  const personas = [...new Set(graded.map(({ pair }) => pair.persona))].sort();
  return {
    ...means(graded),
    comparison: compared(graded, seed, clusterOf),
    criteria: compareCriteria(pairs, seed, clusterOf),
    personas: personas.map((persona) => {
      const own = graded.filter(({ pair }) => pair.persona === persona);
      return { persona, n: own.length, ...means(own), comparison: compared(own, seed, clusterOf) };
    }),
    ungraded: {
      baseline: pairs.flatMap((pair) => pair.baseline).filter((one) => one.reward === null).length,
      enhanced: pairs.flatMap((pair) => pair.enhanced).filter((one) => one.reward === null).length,
    },
  };
}

interface PairedMeans {
  pair: PairedExample;
  baseline: number;
  enhanced: number;
}

/** The examples that have a mean in both arms. */
function pairedMeans(
  pairs: readonly PairedExample[],
  of: (rollouts: readonly Rollout[]) => number | null,
): PairedMeans[] {
  return pairs.flatMap((pair) => {
    const [baseline, enhanced] = [of(pair.baseline), of(pair.enhanced)];
    return baseline === null || enhanced === null ? [] : [{ pair, baseline, enhanced }];
  });
}

const means = (graded: readonly PairedMeans[]): { baseline: number; enhanced: number } => ({
  baseline: meanOf(graded.map((one) => one.baseline)),
  enhanced: meanOf(graded.map((one) => one.enhanced)),
});

const compared = (graded: readonly PairedMeans[], seed: number, clusterOf?: ClusterOf): PairedComparison =>
  compareTests(
    graded.map((one) => one.enhanced - one.baseline),
    seed,
    clusterOf === undefined ? undefined : graded.map(({ pair }) => clusterOf(pair)),
  );

function compareCriteria(
  pairs: readonly PairedExample[],
  seed: number,
  clusterOf?: ClusterOf,
): CriterionComparison[] {
  const all = pairs
    .flatMap((pair) => [...pair.baseline, ...pair.enhanced])
    .flatMap((rollout) => rollout.criteria);
  const names = [...new Set(all.map((one) => one.name))];
  return names.flatMap((name) => {
    const scored = pairedMeans(pairs, (rollouts) => criterionMean(rollouts, name));
    if (scored.length === 0) return [];
    const must = all.some((one) => one.name === name && one.must);
    return [{ name, must, ...means(scored), comparison: compared(scored, seed, clusterOf) }];
  });
}

/** The mean headline reward of a group; null when nothing in it is graded. */
export function headline(rollouts: readonly Rollout[]): number | null {
  return meanOrNull(rollouts.map((one) => one.headline));
}

/** The mean score of one criterion over a group; null when the group does not carry it. */
export function criterionMean(rollouts: readonly Rollout[], name: string): number | null {
  const named = rollouts
    .filter((one) => one.reward !== null)
    .flatMap((one) => one.criteria.filter((c) => c.name === name));
  return meanOrNull(named.map((one) => one.score));
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((one) => one !== null);
  return known.length === 0 ? null : meanOf(known);
}
