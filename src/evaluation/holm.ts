/**
 * Holm's step-down adjustment (Holm 1979) for looking at many p values: the chance of any false alarm in the
 * table stays below the level at which adjusted values are read.
 * @returns adjusted p values in the order given, never below the raw ones, at most 1
 */
export function holm(pValues: readonly number[]): number[] {
  const ascending = pValues.map((p, index) => ({ p, index })).sort((one, other) => one.p - other.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  for (const [rank, { p, index }] of ascending.entries()) {
    largest = Math.max(largest, Math.min(1, p * (pValues.length - rank)));
    adjusted[index] = largest;
  }
  return adjusted;
}
