import type { MeasuredEffect } from "../library/index.ts";
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
  /** Probability that it costs more than a tenth of the reward. */
  serious: number;
  /** Probability that it gains less than a small amount (`SLIGHT`). */
  slight: number;
  /** Rollouts with and without it, in groups that have both. */
  with: number;
  without: number;
}

/** As the history keeps it, to a thousandth. */
export function measuredEffect({ effect, low, high, with: present, without }: Effect): MeasuredEffect {
  const rounded = (value: number): number => Math.round(value * 1000) / 1000 || 0;
  return { mean: rounded(effect), low: rounded(low), high: rounded(high), with: present, without };
}

/**
 * What is expected before anything is seen, as standard deviations of the reward (0..1): most experiences do a
 * little, all together somewhat more, and one in ten does a lot, for better or worse.
 */
const PRIOR = { level: 0.5, group: 0.2, common: 0.05, large: 0.3, shareLarge: 0.1 };
/** Noise of one rollout and the size of a little: each pair is tried, and counts as it explains the rollouts. */
const NOISES = [0.12, 0.2, 0.3];
const LITTLES = [0.02, 0.06];
/** Experiences that do a lot are looked for two at a time, on top of those that are as good as certain. */
const CERTAIN = 0.95;
const SERIOUS = -0.1;
/** A gain, in reward units, below which an experience does nothing that is worth its place. */
export const SLIGHT = 0.03;

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
 * The effect of every experience from rollouts with and without it, of the same examples; rollouts without any
 * tell the examples' own levels. A linear model of normal priors in which some effects are large and most are
 * not (spike and slab), so that one that harms stands out among many of which each does a little. Without
 * rollouts to compare, an effect is 0 with a wide interval.
 */
export function attributeEffects(ids: readonly string[], rows: readonly InclusionRow[]): Effect[] {
  const x = ids.map((id) => rows.map((row) => Number(row.included.has(id))));
  const bases = NOISES.flatMap((noise) => LITTLES.map((little) => baseOf(x, rows, noise, little)));
  const posteriors = bases.flatMap((base) => explanations(base, ids.length));
  const best = Math.max(...posteriors.map(({ score }) => score));
  const weights = posteriors.map(({ score }) => Math.exp(score - best));
  const all = weights.reduce((sum, one) => sum + one, 0);
  return ids.map((id, index) => {
    const average = (of: (one: Explanation) => number): number =>
      posteriors.reduce((sum, one, at) => sum + ((weights[at] ?? 0) / all) * of(one), 0);
    const effect = average(({ mean }) => mean[index] ?? 0);
    const spread = average((one) => (one.variance[index] ?? 0) + ((one.mean[index] ?? 0) - effect) ** 2);
    const present = x[index]?.reduce((sum, one) => sum + one, 0) ?? 0;
    return {
      id,
      effect,
      low: effect - 1.96 * Math.sqrt(spread),
      high: effect + 1.96 * Math.sqrt(spread),
      harmful: average((one) => below(0, one.mean[index] ?? 0, one.variance[index] ?? 0)),
      serious: average((one) => below(SERIOUS, one.mean[index] ?? 0, one.variance[index] ?? 0)),
      slight: average((one) => below(SLIGHT, one.mean[index] ?? 0, one.variance[index] ?? 0)),
      with: present,
      without: rows.length - present,
    };
  });
}

/** The rollouts as a model without large effects sees them, reduced to the experiences. */
interface Base {
  little: number;
  /** X' K^-1 X and X' K^-1 y, with K the covariance of the rewards. */
  gram: number[][];
  rowSums: number[];
  pull: number[];
  /** Log of the likelihood, up to a constant. */
  score: number;
}

function baseOf(
  x: readonly (readonly number[])[],
  rows: readonly InclusionRow[],
  noise: number,
  little: number,
): Base {
  // What each rollout's reward is made of besides its group's level and noise, and how much of each to expect.
  const features = [rows.map(() => 1), rows.map((row) => row.included.size), ...x];
  const prior = [PRIOR.level ** 2, PRIOR.common ** 2, ...x.map(() => little ** 2)];
  const groups = groupsOf(rows);
  const y = rows.map((row) => row.reward - 0.5);
  // u' K0^-1 v, with K0 the covariance of noise and of the groups' levels alone.
  const between = weighing(groups, noise);
  const moments = features.map((one) => features.map((other) => between(one, other)));
  const pulls = features.map((one) => between(one, y));
  const root = cholesky(
    moments.map((row, i) => row.map((value, j) => value + (i === j ? 1 / (prior[i] ?? 1) : 0))),
  );
  const solve = inverseOf(root);
  const half = solve.map((row) => moments.map((column) => dot(row, column)));
  const solved = product(solve, pulls);
  const effects = x.map((_, index) => index + 2);
  const left = between(y, y) - dot(pulls, solved);
  const volume =
    groups.reduce(
      (sum, { length }) =>
        sum + (length - 1) * Math.log(noise ** 2) + Math.log(noise ** 2 + length * PRIOR.group ** 2),
      0,
    ) +
    prior.reduce((sum, one) => sum + Math.log(one), 0) +
    logDeterminant(root);
  const columns = moments.map((_, j) => half.map((row) => row[j] ?? 0));
  const gram = effects.map((i) =>
    effects.map((j) => (moments[i]?.[j] ?? 0) - dot(moments[i] ?? [], columns[j] ?? [])),
  );
  return {
    little,
    gram,
    rowSums: gram.map((line) => line.reduce((sum, one) => sum + one, 0)),
    pull: effects.map((i) => (pulls[i] ?? 0) - dot(moments[i] ?? [], solved)),
    score: -0.5 * (left + volume),
  };
}

/** Indices of each group's rollouts. */
function groupsOf(rows: readonly InclusionRow[]): number[][] {
  const found = new Map<string, number[]>();
  rows.forEach(({ group }, index) => {
    const own = found.get(group) ?? [];
    own.push(index);
    found.set(group, own);
  });
  return [...found.values()];
}

/** The product of two columns, weighed by the inverse covariance of noise and of what a group has in common. */
function weighing(groups: readonly (readonly number[])[], noise: number) {
  return (one: readonly number[], other: readonly number[]): number =>
    groups.reduce((sum, group) => {
      const [a, b] = [sumOf(group, one), sumOf(group, other)];
      const common = PRIOR.group ** 2 / (noise ** 2 + group.length * PRIOR.group ** 2);
      const products = group.reduce((inner, index) => inner + (one[index] ?? 0) * (other[index] ?? 0), 0);
      return sum + (products - common * a * b) / noise ** 2;
    }, 0);
}

const sumOf = (indices: readonly number[], values: readonly number[]): number =>
  indices.reduce((sum, index) => sum + (values[index] ?? 0), 0);

/** What the rollouts say if just these experiences do a lot. */
interface Explanation {
  large: readonly number[];
  mean: number[];
  variance: number[];
  score: number;
}

/** Every set of experiences that may do a lot: those that certainly do, and up to two more. */
function explanations(base: Base, size: number): Explanation[] {
  let certain: number[] = [];
  for (;;) {
    const others = Array.from({ length: size }, (_, index) => index).filter((one) => !certain.includes(one));
    const sets = [
      certain,
      ...others.map((one) => [...certain, one]),
      ...others.flatMap((one, at) => others.slice(at + 1).map((other) => [...certain, one, other])),
    ];
    const tried = sets.map((large) => explain(base, large, size));
    const best = Math.max(...tried.map(({ score }) => score));
    const weights = tried.map(({ score }) => Math.exp(score - best));
    const all = weights.reduce((sum, one) => sum + one, 0);
    const share = (index: number): number =>
      tried.reduce((sum, one, at) => sum + (one.large.includes(index) ? (weights[at] ?? 0) : 0), 0) / all;
    const found = others.filter((one) => share(one) >= CERTAIN);
    if (found.length === 0) return tried;
    certain = [...certain, ...found];
  }
}

function explain(
  { gram, rowSums, pull, little, score }: Base,
  large: readonly number[],
  size: number,
): Explanation {
  const extra = PRIOR.large ** 2 - little ** 2;
  const inner = large.map((a) => large.map((b) => (gram[a]?.[b] ?? 0) + (a === b ? 1 / extra : 0)));
  const root = cholesky(inner);
  const inverse = inverseOf(root);
  const force = product(
    inverse,
    large.map((one) => pull[one] ?? 0),
  );
  const indices = Array.from({ length: size }, (_, index) => index);
  const row = (index: number): number[] => large.map((one) => gram[index]?.[one] ?? 0);
  const rows = indices.map(row);
  const spread = rows.map((one) => product(inverse, one));
  const pulled = indices.map((index) => (pull[index] ?? 0) - dot(rows[index] ?? [], force));
  // Prior covariance of the effects: a variance of each, and what all have in common.
  const own = indices.map((index) => little ** 2 + (large.includes(index) ? extra : 0));
  const common = PRIOR.common ** 2;
  const total = pulled.reduce((sum, one) => sum + one, 0);
  // Of the precision that these experiences leave to the others, the diagonal and the row sums are all that is needed.
  const known = indices.map(
    (index) => (gram[index]?.[index] ?? 0) - dot(rows[index] ?? [], spread[index] ?? []),
  );
  const together = large.map((_, at) => spread.reduce((sum, one) => sum + (one[at] ?? 0), 0));
  const sums = indices.map((index) => (rowSums[index] ?? 0) - dot(rows[index] ?? [], together));
  const whole = sums.reduce((sum, one) => sum + one, 0);
  return {
    large,
    mean: indices.map((index) => (own[index] ?? 0) * (pulled[index] ?? 0) + common * total),
    variance: indices.map((index) => {
      const v = own[index] ?? 0;
      const learned =
        v ** 2 * (known[index] ?? 0) + 2 * v * common * (sums[index] ?? 0) + common ** 2 * whole;
      return Math.max(1e-12, v + common - learned);
    }),
    score:
      score +
      0.5 *
        dot(
          large.map((one) => pull[one] ?? 0),
          force,
        ) -
      0.5 * (logDeterminant(root) + large.length * Math.log(extra)) +
      large.length * Math.log(PRIOR.shareLarge) +
      (size - large.length) * Math.log(1 - PRIOR.shareLarge),
  };
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

/** Chance that a normal variable is below a value. */
const below = (value: number, mean: number, variance: number): number =>
  normalBelow((value - mean) / Math.sqrt(variance));

/** Of the standard normal distribution, by the approximation of Abramowitz and Stegun 7.1.26 (error below 1.5e-7). */
function normalBelow(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (poly * Math.exp((-z * z) / 2)) / 2;
  return z > 0 ? 1 - tail : tail;
}
