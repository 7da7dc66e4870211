import { seededRandom } from "../runs/random.ts";

/** The outcome of a paired comparison: differences are enhanced minus baseline, one a test. */
export interface PairedComparison {
  n: number;
  /** What is flipped: tests, or clusters of tests. */
  units: number;
  mean: number;
  /** 95 % interval of the mean difference from inverting the test; infinite when there are too few units. */
  low: number;
  high: number;
  /** One-sided: the share of sign flips whose mean is at least this high (better) or at most this low (worse). */
  pBetter: number;
  pWorse: number;
  better: number;
  worse: number;
  same: number;
}

/** Below this many tests nothing is ever proven, whatever the p value. */
export const MIN_TESTS = 12;

const EXACT_UP_TO = 20;
const RANDOM_SUBSETS = 9_999;
const LEVEL = 0.025;
const TIE = 1e-9;
const BUCKETS = 4_096;

/** What flips together: the sum of the unit's differences and how many there are. */
interface Units {
  sums: Float64Array;
  counts: Uint32Array;
}

/**
 * Paired sign-flip test with the interval from its inversion, so that verdict and interval cannot disagree.
 * Exact up to 20 units, seeded Monte Carlo above.
 *
 * Flipping the signs of a subset S of (d - shift) reaches the observed sum exactly when mean(d over S) <=
 * shift. So both tails are counts over the means of all non-empty subsets, and each bound of the interval is
 * one of those means. Clusters flip whole: S is then a union of clusters, its mean a ratio of sums.
 * @param differences one a test, in reward units (-1..1)
 * @param clusters a key for each difference; tests that share one (a persona, a conversation) flip together
 */
export function compareTests(
  differences: readonly number[],
  seed = 1,
  clusters?: readonly string[],
): PairedComparison {
  const units = toUnits(differences, clusters);
  const count = units.sums.length;
  const means = count <= EXACT_UP_TO ? allSubsetMeans(units) : randomSubsetMeans(units, seed);
  const flips = means.length + 1;
  const rejected = Math.floor(LEVEL * flips);
  const { atMost, atLeast } = countAroundZero(means);
  const [low, high] = rejected === 0 ? [] : atRanks(means, [rejected - 1, means.length - rejected]);
  return {
    n: differences.length,
    units: count,
    mean: meanOf(differences),
    low: low === undefined ? Number.NEGATIVE_INFINITY : bound(low),
    high: high === undefined ? Number.POSITIVE_INFINITY : bound(high),
    pBetter: (1 + atMost) / flips,
    pWorse: (1 + atLeast) / flips,
    better: differences.filter((one) => one > TIE).length,
    worse: differences.filter((one) => one < -TIE).length,
    same: differences.filter((one) => Math.abs(one) <= TIE).length,
  };
}

/** A mean that is zero but for rounding is zero to the p values, so it must be for the interval too. */
const bound = (mean: number): number => (Math.abs(mean) <= TIE ? 0 : mean);

/** The arithmetic mean; 0 of nothing. */
export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length;
}

function toUnits(differences: readonly number[], clusters: readonly string[] | undefined): Units {
  if (clusters === undefined) {
    return { sums: Float64Array.from(differences), counts: new Uint32Array(differences.length).fill(1) };
  }
  if (clusters.length !== differences.length) {
    throw new RangeError(`${differences.length} differences but ${clusters.length} cluster keys`);
  }
  const places = new Map([...new Set(clusters)].map((key, place) => [key, place]));
  const units = { sums: new Float64Array(places.size), counts: new Uint32Array(places.size) };
  for (const [index, difference] of differences.entries()) {
    const place = places.get(clusters[index] ?? "") ?? 0;
    units.sums[place] = (units.sums[place] ?? 0) + difference;
    units.counts[place] = (units.counts[place] ?? 0) + 1;
  }
  return units;
}

function allSubsetMeans(units: Units): Float64Array {
  const sums = new Float64Array(2 ** units.sums.length);
  const counts = new Uint32Array(sums.length);
  for (let subset = 1; subset < sums.length; subset++) {
    const rest = subset & (subset - 1);
    const added = 31 - Math.clz32(subset ^ rest);
    sums[subset] = (sums[rest] ?? 0) + (units.sums[added] ?? 0);
    counts[subset] = (counts[rest] ?? 0) + (units.counts[added] ?? 0);
  }
  for (let subset = 1; subset < sums.length; subset++) {
    sums[subset] = (sums[subset] ?? 0) / (counts[subset] ?? 1);
  }
  return sums.subarray(1);
}

/** One random number decides for 32 units: 400 tests take some tens of milliseconds. */
function randomSubsetMeans({ sums, counts }: Units, seed: number): Float64Array {
  const random = seededRandom(seed, "sign-flip", sums.length);
  const means = new Float64Array(RANDOM_SUBSETS);
  for (let draw = 0; draw < RANDOM_SUBSETS; draw++) {
    let [sum, count, bits] = [0, 0, 0];
    for (let unit = 0; unit < sums.length; unit++) {
      if (unit % 32 === 0) bits = random.next() * 2 ** 32;
      const chosen = (bits >>> (unit % 32)) & 1;
      sum += chosen * (sums[unit] ?? 0);
      count += chosen * (counts[unit] ?? 0);
    }
    // The empty subset is no subset: its place goes to the whole, which decides nothing by itself.
    means[draw] = count === 0 ? wholeMean({ sums, counts }) : sum / count;
  }
  return means;
}

function wholeMean({ sums, counts }: Units): number {
  return sums.reduce((sum, one) => sum + one, 0) / counts.reduce((sum, one) => sum + one, 0);
}

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
