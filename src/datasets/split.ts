import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { hashFraction } from "../runs/canonical.ts";
import type { Dataset } from "./schema.ts";

export const SPLITS = ["train", "validation", "test"] as const;
export const splitSchema = z.enum(SPLITS);
/** `test` is sealed: read once, after training. */
export type Split = z.infer<typeof splitSchema>;

/** Shares, 0..1: `test` of the whole, `validation` of what is then left; the rest is training. */
export interface Fractions {
  validation: number;
  test: number;
}

export const DEFAULT_FRACTIONS: Readonly<Fractions> = { validation: 0.25, test: 0.2 };

export interface SplitOptions {
  seed?: number;
  /** Share of the training personas' examples that becomes validation, 0..1. */
  validationFraction?: number;
  /** Top the validation split up until every user type has its minimum. */
  stratify?: boolean;
  /** Minimum of validation examples of a user type; 1 for those not named. */
  minimums?: Readonly<Record<string, number>>;
}

/** A difference in crisis replies cannot be seen on one or two examples. */
export const DEFAULT_MINIMUMS: Readonly<Record<string, number>> = { crisis: 3 };
/** A user type with fewer training examples than this gives none of them up. */
const STRATIFY_FROM = 4;

export type Splits = ReadonlyMap<string, Split>;

/**
 * The split of every example, by id: held-out personas are test; of the others an example is validation when its hash
 * with the seed falls under the fraction, so adding examples moves none that were there. Topping up (`stratify`) takes
 * the lowest hashes of a user type next, never more than half of it.
 * @throws GrpoError SPLIT_FRACTION_INVALID
 */
export function splitDataset(dataset: Dataset, options: SplitOptions = {}): Splits {
  const { seed = 0, validationFraction = DEFAULT_FRACTIONS.validation, stratify = true } = options;
  checkFractions({ validation: validationFraction, test: 0 });
  const heldOut = new Set(
    dataset.personas.filter((persona) => persona.heldOut).map((persona) => persona.persona),
  );
  const splits = new Map<string, Split>();
  for (const example of dataset.examples) {
    const isValidation = hashFraction(seed, example.id) < validationFraction;
    const learned = example.split ?? (isValidation ? "validation" : "train");
    splits.set(example.id, heldOut.has(example.persona) ? "test" : learned);
  }
  if (stratify && validationFraction > 0) topUp(dataset, splits, seed, options.minimums ?? DEFAULT_MINIMUMS);
  return splits;
}

function topUp(
  dataset: Dataset,
  splits: Map<string, Split>,
  seed: number,
  minimums: Readonly<Record<string, number>>,
) {
  const learnable = dataset.examples.filter(
    (example) => splits.get(example.id) !== "test" && example.split === undefined,
  );
  const userTypes = [...new Set(learnable.flatMap((example) => example.userTypes))].sort();
  for (const userType of userTypes) {
    const ids = learnable
      .filter((example) => example.userTypes.includes(userType))
      .map((example) => example.id);
    if (ids.length < STRATIFY_FROM) continue;
    const wanted = Math.min(
      Object.hasOwn(minimums, userType) ? (minimums[userType] ?? 1) : 1,
      Math.floor(ids.length / 2),
    );
    const missing = wanted - ids.filter((id) => splits.get(id) === "validation").length;
    const candidates = byHash(ids, seed).filter((id) => splits.get(id) === "train");
    for (const id of candidates.slice(0, Math.max(0, missing))) splits.set(id, "validation");
  }
}

/** Ids in the order of their hashes: every seed has its own order, the same on every machine. */
function byHash(ids: readonly string[], seed: number): string[] {
  return ids
    .map((id) => ({ id, fraction: hashFraction(seed, id) }))
    .sort((a, b) => a.fraction - b.fraction || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

/**
 * The split of one example that belongs to no persona, by its id alone.
 * @throws GrpoError SPLIT_FRACTION_INVALID
 */
export function splitByHash(id: string, fractions: Fractions, seed: number): Split {
  checkFractions(fractions);
  const fraction = hashFraction(seed, id);
  if (fraction < fractions.test) return "test";
  const rest = (fraction - fractions.test) / (1 - fractions.test);
  return rest < fractions.validation ? "validation" : "train";
}

/**
 * `splitByHash` for a whole set, with the accidents of small sets put right: training and every share above 0 have a
 * member, taken from the fullest split, for as long as there are enough.
 */
export function shareOut(ids: readonly string[], fractions: Fractions, seed: number): Map<string, Split> {
  const splits = new Map(ids.map((id) => [id, splitByHash(id, fractions, seed)]));
  const order = byHash([...splits.keys()], seed);
  const members = (split: Split) => order.filter((id) => splits.get(id) === split);
  for (const split of ["train", "test", "validation"] as const) {
    const wanted = split === "train" || fractions[split] > 0;
    if (!wanted || members(split).length > 0) continue;
    const [fullest = []] = SPLITS.map(members).sort((a, b) => b.length - a.length);
    const taken = split === "train" ? fullest.at(-1) : fullest[0];
    if (taken !== undefined && (split === "train" || fullest.length > 1)) splits.set(taken, split);
  }
  return splits;
}

/** @throws GrpoError SPLIT_FRACTION_INVALID unless both shares are at least 0 and below 1. */
function checkFractions(fractions: Fractions): void {
  const { validation, test } = fractions;
  if ([validation, test].every((share) => share >= 0 && share < 1)) return;
  throw new GrpoError({
    code: "SPLIT_FRACTION_INVALID",
    message: `Validation ${validation} and test ${test} are not shares that leave training examples.`,
    place: "metadata.grpo.split",
    remedy: "Give shares of at least 0 and below 1, for example validation 0.25 and test 0.2.",
  });
}
