/** Shares and coefficients of agreement between raters, and between a judge and people. */

/** Share of pairs that are the same, 0..1; null for none. */
export function rawAgreement(pairs: ReadonlyArray<readonly [string, string]>): number | null {
  return pairs.length === 0 ? null : pairs.filter(([a, b]) => a === b).length / pairs.length;
}

/**
 * Cohen's kappa of two raters who answered the same items: agreement beyond what their own rates would give by
 * chance. Null where chance alone would always agree, so that there is nothing beyond it.
 */
export function cohenKappa(pairs: ReadonlyArray<readonly [string, string]>): number | null {
  const observed = rawAgreement(pairs);
  if (observed === null) return null;
  const n = pairs.length;
  const share = (rater: 0 | 1, category: string): number =>
    pairs.filter((pair) => pair[rater] === category).length / n;
  const categories = new Set(pairs.flat());
  const expected = [...categories].reduce((sum, one) => sum + share(0, one) * share(1, one), 0);
  return expected >= 1 ? null : (observed - expected) / (1 - expected);
}

/**
 * Krippendorff's alpha for nominal categories; each unit is what its raters said, however many they were. Units
 * with one answer are left out. Null where there is nothing to compare, or no variation.
 */
export function krippendorffAlpha(units: ReadonlyArray<readonly string[]>): number | null {
  const paired = units.filter((unit) => unit.length >= 2);
  const totals = new Map<string, number>();
  let disagreement = 0;
  for (const unit of paired) {
    const counts = new Map<string, number>();
    for (const value of unit) {
      counts.set(value, (counts.get(value) ?? 0) + 1);
      totals.set(value, (totals.get(value) ?? 0) + 1);
    }
    const same = [...counts.values()].reduce((sum, count) => sum + count * (count - 1), 0);
    disagreement += (unit.length * (unit.length - 1) - same) / (unit.length - 1);
  }
  const n = [...totals.values()].reduce((sum, count) => sum + count, 0);
  const sameByChance = [...totals.values()].reduce((sum, count) => sum + count * (count - 1), 0);
  const byChance = (n * (n - 1) - sameByChance) / (n - 1);
  return n < 2 || byChance === 0 ? null : 1 - disagreement / byChance;
}

/** A share with Wilson's interval, all 0..1. */
export interface Share {
  share: number;
  low: number;
  high: number;
  n: number;
}

/** The normal quantile of 97.5 %. */
const Z = 1.959963984540054;

/** Wilson's 95 % interval of `successes` in `n`; null for none. */
export function wilson(successes: number, n: number): Share | null {
  if (n === 0) return null;
  const p = successes / n;
  const middle = p + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const whole = 1 + (Z * Z) / n;
  // At both ends the formula is exact but for rounding.
  const low = successes === 0 ? 0 : (middle - half) / whole;
  const high = successes === n ? 1 : (middle + half) / whole;
  return { share: p, low, high, n };
}
