import { seededRandom } from "../runs/random.ts";
import { invertTest, type TestedMean, TIE } from "./inversion.ts";

/** The outcome of a paired comparison: differences are enhanced minus baseline, one a test. */
export interface PairedComparison extends TestedMean {
  n: number;
  /** What is flipped: tests, or clusters of tests. */
  units: number;
  mean: number;
  better: number;
  worse: number;
  same: number;
}

/** Below this many tests nothing is ever proven, whatever the p value. */
export const MIN_TESTS = 12;

const EXACT_UP_TO = 20;
const RANDOM_SUBSETS = 9_999;

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
  return {
    n: differences.length,
    units: count,
    mean: meanOf(differences),
    ...invertTest(means),
    better: differences.filter((one) => one > TIE).length,
    worse: differences.filter((one) => one < -TIE).length,
    same: differences.filter((one) => Math.abs(one) <= TIE).length,
  };
}

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
