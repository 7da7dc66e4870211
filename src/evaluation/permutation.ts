import { seededRandom } from "../runs/random.ts";
import { invertTest, type TestedMean } from "./inversion.ts";
import { meanOf } from "./sign-flip.ts";

/** Two groups of units that were not paired, compared by their means. */
export interface GroupComparison extends TestedMean {
  /** Units before and after. */
  n: readonly [number, number];
  /** Mean after less mean before. */
  mean: number;
}

const EXACT_UP_TO = 200_000;
const RANDOM_DRAWS = 9_999;

/**
 * Permutation test of two means with the interval from its inversion, so that verdict and interval cannot disagree.
 * Exact while there are few ways to share the labels out, seeded Monte Carlo above.
 *
 * With labels exchanged, k of the `after` units still are in their group. Taking a true difference `shift` off all of
 * them lowers the exchanged difference D by shift * (1 - (n - k)(1/n + 1/m)), the observed one, d, by shift. So the exchanged
 * one is at least the observed one exactly when shift >= (d - D) / ((n - k)(1/n + 1/m)).
 * @param before outcomes of the first group, one a unit
 * @param after of the second
 */
export function compareGroups(
  before: readonly number[],
  after: readonly number[],
  seed = 1,
): GroupComparison {
  const n: [number, number] = [before.length, after.length];
  const mean = meanOf(after) - meanOf(before);
  if (n[0] === 0 || n[1] === 0) return { n, mean: 0, ...invertTest(new Float64Array()) };
  const pooled = Float64Array.from([...after, ...before]);
  const ways = waysToChoose(pooled.length, n[1]);
  const turnOf = turnFunction(pooled, n[1], mean);
  const turns =
    ways <= EXACT_UP_TO
      ? everyTurn(pooled.length, n[1], turnOf)
      : randomTurns(pooled.length, n[1], turnOf, seed);
  return { n, mean, ...invertTest(turns) };
}

/** The difference from which on the choice of these units as `after` is as far up as the observed one. */
function turnFunction(pooled: Float64Array, size: number, observed: number): (chosen: Uint32Array) => number {
  const total = pooled.reduce((sum, one) => sum + one, 0);
  const others = pooled.length - size;
  const share = 1 / size + 1 / others;
  return (chosen) => {
    let sum = 0;
    let kept = 0;
    for (const unit of chosen) {
      sum += pooled[unit] ?? 0;
      if (unit < size) kept++;
    }
    return (observed - (sum * share - total / others)) / ((size - kept) * share);
  };
}

/** Every choice but the observed one, which is the first in this order. */
function everyTurn(units: number, size: number, turnOf: (chosen: Uint32Array) => number): Float64Array {
  const turns = new Float64Array(waysToChoose(units, size) - 1);
  const chosen = Uint32Array.from({ length: size }, (_, index) => index);
  for (let at = 0; at < turns.length; at++) {
    let place = size - 1;
    while (chosen[place] === units - size + place) place--;
    const next = (chosen[place] ?? 0) + 1;
    for (let index = place; index < size; index++) chosen[index] = next + index - place;
    turns[at] = turnOf(chosen);
  }
  return turns;
}

function randomTurns(
  units: number,
  size: number,
  turnOf: (chosen: Uint32Array) => number,
  seed: number,
): Float64Array {
  const random = seededRandom(seed, "permutation", units, size);
  const order = Uint32Array.from({ length: units }, (_, index) => index);
  const turns = new Float64Array(RANDOM_DRAWS);
  for (let draw = 0; draw < turns.length; ) {
    for (let at = 0; at < size; at++) {
      const other = at + random.below(units - at);
      [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
    }
    const chosen = order.subarray(0, size);
    // The observed choice says nothing; there are too many others for it to come up twice.
    if (chosen.some((unit) => unit >= size)) turns[draw++] = turnOf(chosen);
  }
  return turns;
}

/** Infinity stands for what is too many to count. */
function waysToChoose(units: number, size: number): number {
  let ways = 1;
  for (let taken = 1; taken <= Math.min(size, units - size); taken++) {
    ways = (ways * (units - Math.min(size, units - size) + taken)) / taken;
    if (ways > Number.MAX_SAFE_INTEGER / units) return Number.POSITIVE_INFINITY;
  }
  return Math.round(ways);
}
