import type { Dataset, Example } from "./schema.ts";
import { SPLITS, type Split, type Splits } from "./split.ts";

export type SplitCounts = Record<Split, number>;

/** How many examples there are of what. Keys are in alphabetical order. */
export interface Counts {
  examples: number;
  personas: number;
  /** Personas that are wholly test. */
  heldOut: number;
  bySplit: SplitCounts;
  byPersona: Record<string, SplitCounts>;
  byUserType: Record<string, SplitCounts>;
  byCriterion: Record<string, { true: number; false: number }>;
}

export function countDataset(dataset: Dataset, splits: Splits): Counts {
  const { examples, personas } = dataset;
  const splitOf = (example: Example): Split => splits.get(example.id) ?? "train";
  const bySplits = (chosen: readonly Example[]): SplitCounts => {
    const counts: SplitCounts = { train: 0, validation: 0, test: 0 };
    for (const example of chosen) counts[splitOf(example)] += 1;
    return counts;
  };
  const criteria = sortedUnique(examples.flatMap((example) => Object.keys(example.success_criteria)));
  const marked = (name: string, mark: boolean) =>
    examples.filter((example) => example.success_criteria[name] === mark).length;
  return {
    examples: examples.length,
    personas: personas.length,
    heldOut: personas.filter((persona) => persona.heldOut).length,
    bySplit: bySplits(examples),
    byPersona: keyed(sortedUnique(personas.map((one) => one.persona)), (name) =>
      bySplits(examples.filter((example) => example.persona === name)),
    ),
    byUserType: keyed(sortedUnique(examples.flatMap((example) => example.userTypes)), (name) =>
      bySplits(examples.filter((example) => example.userTypes.includes(name))),
    ),
    byCriterion: keyed(criteria, (name) => ({ true: marked(name, true), false: marked(name, false) })),
  };
}

/** Splits that a persona's examples are in, in the order train, validation, test. */
export function splitsUsed(counts: SplitCounts): Split[] {
  return SPLITS.filter((split) => counts[split] > 0);
}

function keyed<T>(names: readonly string[], value: (name: string) => T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

function sortedUnique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
