import { canonicalJson } from "../runs/canonical.ts";
import type { AlignedTest } from "./results-align.ts";
import { isUnknown } from "./results-align.ts";
import type { ChosenArm } from "./results-arms.ts";

/** What two arms must share to be comparable; each can be allowed to differ by name. */
export const COMPARED = ["tests", "prompts", "graders", "models", "repeats"] as const;
export type Compared = (typeof COMPARED)[number];

/** One way in which the arms differ, in a line that names both sides. */
export interface Difference {
  what: Compared;
  detail: string;
}

/** All ways in which the arms differ besides the library. */
export function differencesOf(
  arms: readonly [ChosenArm, ChosenArm],
  tests: readonly AlignedTest[],
): Difference[] {
  return [
    ...testDifferences(arms, tests),
    ...promptDifferences(arms),
    ...graderDifferences(tests),
    ...modelDifferences(arms),
    ...repeatDifferences(arms, tests),
  ];
}

/** Why rows may be missing without a trace; a sentence each. */
export function unfinishedFiles([from, to]: readonly [ChosenArm, ChosenArm]): string[] {
  const open = [...new Set([from.file, to.file])].filter((file) => !file.finished);
  return open.map(
    ({ name }) =>
      `${name} does not say whether its evaluation ran to the end; tests that were never asked cannot be noticed (.json can tell).`,
  );
}

/** What could not be compared because a file does not hold it. */
export function blindSpots([from, to]: readonly [ChosenArm, ChosenArm]): string[] {
  if (from.file === to.file) return [];
  const blind = [from, to].filter(({ column }) => column.model.config === null);
  return [...new Set(blind.map(({ file }) => file.name))].map(
    (name) => `${name} does not hold how its model was configured, so models were compared by id alone.`,
  );
}

function testDifferences(
  [from, to]: readonly [ChosenArm, ChosenArm],
  tests: readonly AlignedTest[],
): Difference[] {
  const known = tests.filter((one) => !one.lost && !isUnknown(one));
  const sides = [
    { ids: known.filter((one) => one.tests[1] === undefined), where: `in ${from.file.name} only` },
    { ids: known.filter((one) => one.tests[0] === undefined), where: `in ${to.file.name} only` },
    {
      ids: known.filter(({ tests: [a, b] }) => a !== undefined && b !== undefined && a.content !== b.content),
      where: "with other variables, persona, split or user types",
    },
  ];
  const parts = sides.flatMap(({ ids, where }) => (ids.length === 0 ? [] : [`${some(ids)} ${where}`]));
  return parts.length === 0 ? [] : [{ what: "tests", detail: parts.join("; ") }];
}

function graderDifferences(tests: readonly AlignedTest[]): Difference[] {
  const differing = tests.filter(({ tests: [a, b] }) => {
    const [one, other] = [a?.graders ?? null, b?.graders ?? null];
    return one !== null && other !== null && one !== other;
  });
  return differing.length === 0
    ? []
    : [{ what: "graders", detail: `${some(differing)} graded by other assertions, criteria or judges` }];
}

function some(tests: readonly AlignedTest[]): string {
  const names = tests.slice(0, 3).map((one) => one.id);
  const more = tests.length - names.length;
  return `${tests.length} ${tests.length === 1 ? "test" : "tests"} (${names.join(", ")}${more > 0 ? `, and ${more} more` : ""})`;
}

function promptDifferences([from, to]: readonly [ChosenArm, ChosenArm]): Difference[] {
  const [one, other] = [from.column.template, to.column.template];
  const same = one.text !== null && other.text !== null ? one.text === other.text : one.id === other.id;
  if (same) return [];
  const [a, b] = [short(from.column.prompt), short(to.column.prompt)];
  const detail = a === b ? `two texts named ${a}` : `${a} and ${b}`;
  return [{ what: "prompts", detail }];
}

const short = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);

function modelDifferences([from, to]: readonly [ChosenArm, ChosenArm]): Difference[] {
  const [one, other] = [from.column.model, to.column.model];
  if (one.id !== other.id) return [{ what: "models", detail: `${one.id} and ${other.id}` }];
  const [before, after] = [one.config, other.config];
  if (before === null || after === null) return [];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => canonicalJson(before[key]) !== canonicalJson(after[key]),
  );
  return keys.length === 0 ? [] : [{ what: "models", detail: `${one.id} with other ${keys.join(", ")}` }];
}

function repeatDifferences(
  [from, to]: readonly [ChosenArm, ChosenArm],
  tests: readonly AlignedTest[],
): Difference[] {
  const [one, other] = [from.file.repeats, to.file.repeats];
  if (one !== other) {
    return [{ what: "repeats", detail: `${one} in ${from.file.name}, ${other} in ${to.file.name}` }];
  }
  const differing = tests.filter(({ tests: [a, b] }) => {
    if (a === undefined || b === undefined) return false;
    return (a.repeats ?? one) !== (b.repeats ?? other);
  });
  return differing.length === 0
    ? []
    : [{ what: "repeats", detail: `${some(differing)} asked more often in one` }];
}
