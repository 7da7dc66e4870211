import type { Rollout } from "../suite/rollout.ts";
import { compareTests, MIN_TESTS, meanOf, type PairedComparison } from "./sign-flip.ts";

/** One example under both arms. */
export interface PairedExample {
  id: string;
  persona: string;
  userTypes: readonly string[];
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

/** Baseline against enhanced on one set of examples. Rewards leave must-pass criteria out; those stand apart. */
export interface ArmsComparison {
  baseline: number;
  enhanced: number;
  comparison: PairedComparison;
  criteria: CriterionComparison[];
  personas: { persona: string; n: number; baseline: number; enhanced: number }[];
  /** Rollouts without a reward, by arm; any of them makes a verdict "not proven". */
  ungraded: { baseline: number; enhanced: number };
}

/** Compares two arms, paired by example, repeats averaged. Ungraded rollouts are counted, never scored 0. */
export function compareArms(pairs: readonly PairedExample[], seed = 1): ArmsComparison {
  const graded = pairs.flatMap((pair) => {
    const [baseline, enhanced] = [headline(pair.baseline), headline(pair.enhanced)];
    return baseline === null || enhanced === null ? [] : [{ persona: pair.persona, baseline, enhanced }];
  });
  const personas = [...new Set(graded.map((one) => one.persona))].sort();
  return {
    baseline: meanOf(graded.map((one) => one.baseline)),
    enhanced: meanOf(graded.map((one) => one.enhanced)),
    comparison: compareTests(
      graded.map((one) => one.enhanced - one.baseline),
      seed,
    ),
    criteria: compareCriteria(pairs, seed),
    personas: personas.map((persona) => {
      const own = graded.filter((one) => one.persona === persona);
      return {
        persona,
        n: own.length,
        baseline: meanOf(own.map((one) => one.baseline)),
        enhanced: meanOf(own.map((one) => one.enhanced)),
      };
    }),
    ungraded: {
      baseline: pairs.flatMap((pair) => pair.baseline).filter((one) => one.reward === null).length,
      enhanced: pairs.flatMap((pair) => pair.enhanced).filter((one) => one.reward === null).length,
    },
  };
}

function compareCriteria(pairs: readonly PairedExample[], seed: number): CriterionComparison[] {
  const all = pairs
    .flatMap((pair) => [...pair.baseline, ...pair.enhanced])
    .flatMap((rollout) => rollout.criteria);
  const names = [...new Set(all.map((one) => one.name))];
  return names.flatMap((name) => {
    const scored = pairs.flatMap((pair) => {
      const [baseline, enhanced] = [criterionMean(pair.baseline, name), criterionMean(pair.enhanced, name)];
      return baseline === null || enhanced === null ? [] : [{ baseline, enhanced }];
    });
    if (scored.length === 0) return [];
    return [
      {
        name,
        must: all.some((one) => one.name === name && one.must),
        baseline: meanOf(scored.map((one) => one.baseline)),
        enhanced: meanOf(scored.map((one) => one.enhanced)),
        comparison: compareTests(
          scored.map((one) => one.enhanced - one.baseline),
          seed,
        ),
      },
    ];
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

/** One word a reader can act on. Below `MIN_TESTS` tests nothing is ever proven. */
export function verdictOf({ comparison, ungraded }: ArmsComparison): "proven" | "worse" | "not proven" {
  if (comparison.high < 0) return "worse";
  const complete = ungraded.baseline === 0 && ungraded.enhanced === 0;
  return comparison.low > 0 && complete && comparison.n >= MIN_TESTS ? "proven" : "not proven";
}
