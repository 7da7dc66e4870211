import type { ArmsComparison, CriterionComparison } from "./arms.ts";
import { TIE } from "./inversion.ts";
import type { Comparison, EvaluationReport } from "./report.ts";
import { MIN_TESTS, type PairedComparison } from "./sign-flip.ts";

type Verdict = Pick<EvaluationReport, "verdict" | "exitCode" | "because" | "noWorse">;

export interface VerdictOptions {
  /** What else stands in the way of proof; a sentence each. */
  obstacles?: readonly string[];
  /** With --no-worse: the largest loss that is accepted, in reward units. */
  margin?: number | undefined;
}

/**
 * What an evaluation shows. Proven and worse come from the interval of one paired sign-flip test; what is
 * missing, too few tests, or a must-pass criterion that fell stand in the way of proof, and are said.
 */
export function verdictOf(
  arms: ArmsComparison,
  { obstacles: others = [], margin }: VerdictOptions = {},
): Verdict {
  const { comparison, ungraded } = arms;
  const must = arms.criteria.filter((one) => one.must);
  return judged(
    comparison,
    must.map(({ name, baseline, enhanced, comparison: { high } }) => ({ name, baseline, enhanced, high })),
    {
      obstacles: [...others, ...withoutReward(ungraded.baseline + ungraded.enhanced), ...tooFew(comparison)],
      margin,
    },
  );
}

/** A must-pass criterion in both arms, and the upper end of its interval. */
export type MustPass = Pick<CriterionComparison, "name" | "baseline" | "enhanced"> & { high: number | null };

/** The verdict of an interval: must-pass criteria that fell, and what else is said, stand in the way of proof. */
export function judged(
  { low, high }: Pick<PairedComparison, "low" | "high">,
  must: readonly MustPass[],
  { obstacles: others = [], margin }: VerdictOptions,
): Verdict {
  const fallen = must.filter((one) => one.enhanced < one.baseline - TIE);
  const lost = fallen.filter((one) => one.high !== null && one.high < 0);
  const obstacles = [
    ...others,
    ...fallen.filter((one) => !lost.includes(one)).map((one) => `${fall(one)}; it is never traded`),
  ];
  const worse = high < 0 || lost.length > 0;
  const proven = !worse && low > 0 && obstacles.length === 0;
  const holds = margin !== undefined && !worse && low > -margin && obstacles.length === 0;
  return {
    verdict: worse ? "worse" : proven ? "proven" : "not proven",
    exitCode: worse ? 1 : proven || holds ? 0 : 2,
    because: [...lost.map((one) => `${fall(one)}, beyond chance`), ...obstacles],
    noWorse: margin === undefined ? null : { margin, holds },
  };
}

const fall = ({ name, baseline, enhanced }: MustPass): string =>
  `must-pass criterion ${name} fell from ${baseline.toFixed(2)} to ${enhanced.toFixed(2)}`;

function withoutReward(rows: number): string[] {
  if (rows === 0) return [];
  const are = rows === 1 ? "1 planned row has" : `${rows} planned rows have`;
  return [`${are} no reward, and what is missing may be what got worse`];
}

function tooFew({ n }: PairedComparison): string[] {
  if (n === 0) return ["no test is graded in both arms"];
  return n < MIN_TESTS ? [`${n} tests are fewer than ${MIN_TESTS}: nothing is proven on so few`] : [];
}

/** A comparison as JSON has it: no infinite ends. */
export function finite(comparison: PairedComparison): Comparison {
  const end = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { ...comparison, low: end(comparison.low), high: end(comparison.high) };
}
