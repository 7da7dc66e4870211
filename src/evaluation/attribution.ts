import type { Random } from "../runs/random.ts";
import { cholesky, inverseOf, logDeterminant, product } from "./linear.ts";

/** One rollout of a group with some of the experiences in its prompt. */
export interface InclusionRow {
  /** Rollouts of one group answer the same example: only differences inside a group count. */
  group: string;
  reward: number;
  included: ReadonlySet<string>;
}

/** What an experience does to the reward, with the others present at random. */
export interface Effect {
  id: string;
  /** Change of the mean reward, shrunk towards nothing as far as the rollouts leave it open. */
  effect: number;
  /** 95 % interval. */
  low: number;
  high: number;
  /** Probability that the effect is below zero. */
  harmful: number;
  /** Rollouts with and without it, in groups that have both. */
  with: number;
  without: number;
}

/** Effects on a reward of 0..1 that are to be expected before anything is seen (standard deviation). */
const EXPECTED_EFFECT = 0.2;
/** Of one rollout's reward around its group's mean (standard deviation); counts as much as a few rollouts. */
const EXPECTED_NOISE = 0.25;
const PRIOR_ROWS = 2;
/** Ratios of noise to effect variance, averaged by how well each explains the rollouts. */
const RATIOS = Array.from({ length: 33 }, (_, index) => 10 ** (-1 + index / 8));

/**
 * Which experiences each rollout of a group gets: every experience in `share` of them, drawn at random, so that
 * its presence is independent of the example and of the other experiences.
 */
export function inclusionPlan(
  ids: readonly string[],
  repeats: number,
  share: number,
  random: Random,
): Set<string>[] {
  const rollouts = Array.from({ length: repeats }, () => new Set<string>());
  for (const id of ids) {
    const exact = repeats * share;
    const whole = Math.floor(exact) + (random.next() < exact - Math.floor(exact) ? 1 : 0);
    for (const rollout of random.shuffle(rollouts).slice(0, whole)) rollout.add(id);
  }
  return rollouts;
}

/**
 * The effect of every experience from rollouts with and without it: a regression inside groups, with a normal
 * prior whose width is learned from the same rollouts. Without rollouts to compare, an effect is 0 with a wide
 * interval.
 */
export function attributeEffects(ids: readonly string[], rows: readonly InclusionRow[]): Effect[] {
  const { x, y, groups, counts } = withinGroups(ids, rows);
  const gram = ids.map((_, a) =>
    ids.map((_, b) => x.reduce((sum, row) => sum + (row[a] ?? 0) * (row[b] ?? 0), 0)),
  );
  const xy = ids.map((_, a) => x.reduce((sum, row, index) => sum + (row[a] ?? 0) * (y[index] ?? 0), 0));
  const yy = y.reduce((sum, one) => sum + one * one, 0);
  const freedom = Math.max(0, y.length - groups);
  const models = RATIOS.map((ratio) => modelAt(gram, xy, yy, freedom, ratio));
  const best = Math.max(...models.map(({ score }) => score));
  const weights = models.map(({ score }) => Math.exp(score - best));
  const all = weights.reduce((sum, one) => sum + one, 0);
  return ids.map((id, index) => {
    const average = (of: (model: Model) => number): number =>
      models.reduce((sum, model, at) => sum + ((weights[at] ?? 0) / all) * of(model), 0);
    const effect = average(({ mean }) => mean[index] ?? 0);
    const spread = (model: Model): number => model.noise * (model.inverse[index]?.[index] ?? 0);
    const sd = Math.sqrt(average((model) => spread(model) + ((model.mean[index] ?? 0) - effect) ** 2));
    const { with: present = 0, without = 0 } = counts[index] ?? {};
    return {
      id,
      effect,
      low: effect - 1.96 * sd,
      high: effect + 1.96 * sd,
      harmful: normalBelow(-effect / sd),
      with: present,
      without,
    };
  });
}

interface Model {
  mean: number[];
  inverse: number[][];
  noise: number;
  /** Log of marginal likelihood and prior, up to a constant. */
  score: number;
}

/** The effects if noise were `ratio` times as wide as they are. */
function modelAt(
  gram: readonly (readonly number[])[],
  xy: readonly number[],
  yy: number,
  freedom: number,
  ratio: number,
): Model {
  const root = cholesky(gram.map((row, a) => row.map((value, b) => (a === b ? value + ratio : value))));
  const inverse = inverseOf(root);
  const mean = product(inverse, xy);
  const explained = mean.reduce((sum, value, index) => sum + value * (xy[index] ?? 0), 0);
  const noise = (Math.max(0, yy - explained) + PRIOR_ROWS * EXPECTED_NOISE ** 2) / (freedom + PRIOR_ROWS);
  const shrunk = logDeterminant(root) - xy.length * Math.log(ratio);
  const width = noise / ratio / EXPECTED_EFFECT ** 2;
  return { mean, inverse, noise, score: -0.5 * ((freedom + PRIOR_ROWS) * Math.log(noise) + shrunk + width) };
}

/** Rewards and presence as differences from their group's mean. */
function withinGroups(ids: readonly string[], rows: readonly InclusionRow[]) {
  const byGroup = new Map<string, InclusionRow[]>();
  for (const row of rows) byGroup.set(row.group, [...(byGroup.get(row.group) ?? []), row]);
  const counts = ids.map(() => ({ with: 0, without: 0 }));
  const x: number[][] = [];
  const y: number[] = [];
  for (const group of byGroup.values()) {
    const mean = group.reduce((sum, row) => sum + row.reward, 0) / group.length;
    const shares = ids.map((id) => group.filter((row) => row.included.has(id)).length / group.length);
    for (const row of group) {
      y.push(row.reward - mean);
      x.push(ids.map((id, index) => Number(row.included.has(id)) - (shares[index] ?? 0)));
    }
    shares.forEach((share, index) => {
      const count = counts[index];
      if (count === undefined || share === 0 || share === 1) return;
      count.with += Math.round(share * group.length);
      count.without += Math.round((1 - share) * group.length);
    });
  }
  return { x, y, groups: byGroup.size, counts };
}

/** Of the standard normal distribution, by the approximation of Abramowitz and Stegun 7.1.26 (error below 1.5e-7). */
function normalBelow(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (poly * Math.exp((-z * z) / 2)) / 2;
  return z > 0 ? 1 - tail : tail;
}
