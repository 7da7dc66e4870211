import { type ArmsComparison, compareArms, type PairedExample } from "./arms.ts";

/** What the gate says of a candidate library, with the evidence that the history keeps. */
export interface GateResult {
  accepted: boolean;
  reason: string;
  n: number;
  baseline: number;
  candidate: number;
  mean: number;
  low: number | null;
  high: number | null;
  must: { name: string; baseline: number; candidate: number }[];
}

/**
 * Accepts a candidate when its paired mean on validation is above the current library's and no must-pass
 * criterion got worse. Ties are rejected: a change that shows nothing is not worth carrying. Rows that could
 * not be graded reject, because what is missing may be what got worse.
 */
export function gate(pairs: readonly PairedExample[], seed: number): GateResult {
  const arms = compareArms(pairs, seed);
  const reason = refusal(arms);
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    accepted: reason === undefined,
    reason: reason ?? `better on validation: ${arms.baseline.toFixed(3)} -> ${arms.enhanced.toFixed(3)}`,
    n: arms.comparison.n,
    baseline: arms.baseline,
    candidate: arms.enhanced,
    mean: arms.comparison.mean,
    low: finite(arms.comparison.low),
    high: finite(arms.comparison.high),
    must: arms.criteria
      .filter((one) => one.must)
      .map((one) => ({ name: one.name, baseline: one.baseline, candidate: one.enhanced })),
  };
}

function refusal(arms: ArmsComparison): string | undefined {
  const missing = arms.ungraded.baseline + arms.ungraded.enhanced;
  if (missing > 0) return `${missing} validation rollout${missing === 1 ? " is" : "s are"} ungraded`;
  if (arms.comparison.n === 0) return "no validation example is graded in both arms";
  const worse = arms.criteria.find((one) => one.must && one.enhanced < one.baseline - 1e-9);
  if (worse !== undefined) {
    return `must-pass criterion ${worse.name} got worse on validation: ${worse.baseline.toFixed(2)} -> ${worse.enhanced.toFixed(2)}`;
  }
  if (arms.comparison.mean > 1e-9) return undefined;
  const tie = Math.abs(arms.comparison.mean) <= 1e-9 ? "no better" : "worse";
  return `${tie} on validation: ${arms.baseline.toFixed(3)} -> ${arms.enhanced.toFixed(3)}`;
}
