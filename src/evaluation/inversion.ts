/** A difference of means as a test of rearrangements sees it: interval and p values from the same numbers. */
export interface TestedMean {
  /** 95 % interval of the mean difference from inverting the test; infinite when there are too few units. */
  low: number;
  high: number;
  /** One-sided: the share of rearrangements that are at least this much better, or worse. */
  pBetter: number;
  pWorse: number;
}

const LEVEL = 0.025;
/** What is smaller than this is a rounding error. */
export const TIE = 1e-9;
const BUCKETS = 4_096;

/**
 * Interval and p values of a test by rearrangement (signs flipped, labels exchanged), the one from the other's inversion.
 * @param turns for each rearrangement but the observed one the true difference from which on it would be at least as
 * far up as what was observed
 */
export function invertTest(turns: Float64Array): TestedMean {
  const arrangements = turns.length + 1;
  const rejected = Math.floor(LEVEL * arrangements);
  const { atMost, atLeast } = countAroundZero(turns);
  const [low, high] = rejected === 0 ? [] : atRanks(turns, [rejected - 1, turns.length - rejected]);
  return {
    low: low === undefined ? Number.NEGATIVE_INFINITY : bound(low),
    high: high === undefined ? Number.POSITIVE_INFINITY : bound(high),
    pBetter: (1 + atMost) / arrangements,
    pWorse: (1 + atLeast) / arrangements,
  };
}

/** A mean that is zero but for rounding is zero to the p values, so it must be for the interval too. */
const bound = (mean: number): number => (Math.abs(mean) <= TIE ? 0 : mean);

/**
 * The values that sorting would put at these ranks; only the buckets that hold them are sorted, because with 20
 * units a full sort of a million means takes longer than all the rest. Indexed loops for the same reason.
 */
function atRanks(values: Float64Array, ranks: readonly number[]): number[] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least === most) return ranks.map(() => least);
  const scale = (BUCKETS - 1) / (most - least);
  const sizes = new Uint32Array(BUCKETS);
  const buckets = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const bucket = ((values[at] ?? 0) - least) * scale;
    buckets[at] = bucket;
    sizes[bucket | 0] = (sizes[bucket | 0] ?? 0) + 1;
  }
  return ranks.map((rank) => {
    let bucket = 0;
    let before = 0;
    for (; before + (sizes[bucket] ?? 0) <= rank; bucket++) before += sizes[bucket] ?? 0;
    const held = new Float64Array(sizes[bucket] ?? 0);
    let next = 0;
    for (let at = 0; at < values.length; at++) if (buckets[at] === bucket) held[next++] = values[at] ?? 0;
    return held.sort()[rank - before] ?? 0;
  });
}

/** How many means are at most zero and how many at least zero; a rounding error away from zero is zero. */
function countAroundZero(means: Float64Array): { atMost: number; atLeast: number } {
  let [atMost, atLeast] = [0, 0];
  for (let at = 0; at < means.length; at++) {
    const mean = means[at] ?? 0;
    if (mean <= TIE) atMost++;
    if (mean >= -TIE) atLeast++;
  }
  return { atMost, atLeast };
}
