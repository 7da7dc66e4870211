import {
  describeCounts,
  openRedaction,
  phonesOf,
  type RedactionCounts,
  type RedactionOptions,
} from "../datasets/redaction.ts";
import type { PairedExample } from "../evaluation/arms.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { Suite } from "../suite/suite.ts";
import { queryOf } from "./criteria.ts";
import { referenceTexts } from "./leaks.ts";

/**
 * What a run takes out of texts before the learner reads them and before a report shows them. What the agent is
 * asked, and what the journal keeps of that, stays as it is. A question and its rollouts are one document.
 */
export interface RunRedaction {
  group(query: string, rollouts: readonly Rollout[]): { query: string; rollouts: Rollout[] };
  /** A compared example, for a report. */
  pair(pair: PairedExample): PairedExample;
  /** What was taken out of rollouts so far: `12 e-mails, 3 phone numbers in 8 rollouts`. */
  summary(): string;
}

/** Undefined when the settings do not ask for it. */
export function openRunRedaction(suite: Suite): RunRedaction | undefined {
  const options = optionsOf(suite);
  return options === undefined ? undefined : redactionWith(options);
}

function optionsOf(suite: Suite): RedactionOptions | undefined {
  const { redact } = suite.settings;
  if (redact === undefined || redact === false) return undefined;
  return { names: redact === true ? [] : redact.names, phones: phonesOf(referenceTexts(suite)) };
}

function redactionWith(options: RedactionOptions): RunRedaction {
  const total: RedactionCounts = {};
  let touched = 0;
  const count = (counts: RedactionCounts): void => {
    for (const [kind, found] of Object.entries(counts) as [keyof RedactionCounts, number][])
      total[kind] = (total[kind] ?? 0) + found;
  };
  return {
    group: (query, rollouts) => {
      const { redact, counts } = openRedaction(options);
      const cleanQuery = redact(query);
      // The question is seen again with every library; what counts is what was said to it.
      for (const kind of Object.keys(counts) as (keyof RedactionCounts)[]) delete counts[kind];
      const clean = rollouts.map((one) => redactRollout(one, redact));
      touched += clean.filter((one, index) => one.reply !== rollouts[index]?.reply).length;
      count(counts);
      return { query: cleanQuery, rollouts: clean };
    },
    pair: (pair) => {
      const { redact } = openRedaction(options);
      const all = (rollouts: readonly Rollout[]): Rollout[] =>
        rollouts.map((one) => redactRollout(one, redact));
      return { ...pair, baseline: all(pair.baseline), enhanced: all(pair.enhanced) };
    },
    summary: () => `${describeCounts(total)} in ${touched} rollout${touched === 1 ? "" : "s"}`,
  };
}

function redactRollout(rollout: Rollout, redact: (text: string) => string): Rollout {
  return {
    ...rollout,
    reply: redact(rollout.reply),
    criteria: rollout.criteria.map((one) => ({ ...one, reason: redact(one.reason) })),
    ...(rollout.ungraded === undefined ? {} : { ungraded: redact(rollout.ungraded) }),
  };
}

/** What redaction will take out, before anything is sent; undefined when it is off. */
export function redactionPreview(
  suite: Suite,
  finished?: ReadonlyMap<string, readonly Rollout[]>,
): string | undefined {
  const options = optionsOf(suite);
  if (options === undefined) return undefined;
  const { train } = suite.examples;
  if (finished === undefined) {
    const { redact, counts } = openRedaction(options);
    for (const example of train) redact(queryOf({ example }));
    return `${describeCounts(counts)} in ${train.length} training questions; replies are not there yet`;
  }
  const redaction = redactionWith(options);
  for (const example of train) redaction.group(queryOf({ example }), finished.get(example.id) ?? []);
  return `${redaction.summary()} of ${[...finished.values()].flat().length}`;
}
