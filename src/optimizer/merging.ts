import { z } from "zod";
import { normaliseText } from "../library/index.ts";
import type { Advantage } from "./advantage.ts";
import type { Answer } from "./ask.ts";

/** Principles that one revision reads side by side; of more, groups are merged first. */
const SIDE_BY_SIDE = 32;
/** Principles that come of a group. */
const OF_A_GROUP = 3;

export const MergeSchema = z.strictObject({
  principles: z
    .array(z.strictObject({ text: z.string().min(1), from: z.array(z.int()) }))
    .min(1)
    .max(OF_A_GROUP),
});
export type Merge = z.infer<typeof MergeSchema>;

/** Asks the learner to merge one group, `index` within its round. */
export type AskMerge = (texts: readonly string[], round: number, index: number) => Promise<Answer<Merge>>;

/**
 * A step's principles, few enough for one prompt: where there are too many, the same words are said once, what
 * most examples taught comes first, and groups of about sqrt(n) are merged until they are few. What a merged one
 * was made from stays with it. A group that could not be merged stays as it is, and ends the merging.
 */
export async function merged(advantages: readonly Advantage[], ask: AskMerge): Promise<Advantage[]> {
  if (advantages.length <= SIDE_BY_SIDE) return [...advantages];
  let left = mostTaughtFirst(saidOnce(advantages));
  for (let round = 1; left.length > SIDE_BY_SIDE; round++) {
    const groups = inGroups(left, groupsOf(left.length));
    const answers = await Promise.all(
      groups.map((group, index) =>
        ask(
          group.map((one) => one.text),
          round,
          index,
        ),
      ),
    );
    left = groups.flatMap((group, index) => {
      const answer = answers[index];
      return answer?.ok === true ? answer.value.principles.map((one) => joined(one, group)) : group;
    });
    if (answers.some((one) => !one.ok)) return left;
  }
  return left;
}

/** Learner calls that merging so many principles takes at most. */
export function mergeCalls(principles: number): number {
  let [left, calls] = [principles, 0];
  while (left > SIDE_BY_SIDE) {
    const groups = groupsOf(left);
    calls += groups;
    left = groups * OF_A_GROUP;
  }
  return calls;
}

const groupsOf = (principles: number): number => Math.ceil(Math.sqrt(principles));

/** As equal in size as can be, in order. */
function inGroups<T>(items: readonly T[], count: number): T[][] {
  const start = (group: number): number => Math.floor((group * items.length) / count);
  return Array.from({ length: count }, (_, group) => items.slice(start(group), start(group + 1)));
}

function saidOnce(advantages: readonly Advantage[]): Advantage[] {
  const byWords = Map.groupBy(advantages, (one) => normaliseText(one.text));
  return [...byWords.values()].flatMap(([first, ...others]) =>
    first === undefined || others.length === 0 ? (first ?? []) : together(first.text, [first, ...others]),
  );
}

const mostTaughtFirst = (advantages: readonly Advantage[]): Advantage[] =>
  advantages.toSorted((a, b) => b.exampleIds.length - a.exampleIds.length);

/** Numbers that there are not, and none at all, stand for no example. */
const joined = ({ text, from }: Merge["principles"][number], group: readonly Advantage[]): Advantage =>
  together(
    text.replace(/\s+/g, " ").trim(),
    [...new Set(from)].flatMap((number) => group[number - 1] ?? []),
  );

function together(text: string, parts: readonly Advantage[]): Advantage {
  const texts = parts.flatMap((one) => one.mergedFrom ?? [one.text]);
  return {
    text,
    exampleIds: [...new Set(parts.flatMap((one) => one.exampleIds))],
    draw: 0,
    mergedFrom: [...new Set(texts)],
  };
}
