import type { Split } from "../datasets/split.ts";
import { splitSchema } from "../datasets/split.ts";
import { resultsError } from "./results-errors.ts";
import type { ResultsFile } from "./results-file.ts";
import type { ResultsTest } from "./results-rows.ts";

/** One test as each of the arms' files holds it. */
export interface AlignedTest {
  readonly id: string;
  readonly tests: readonly [ResultsTest | undefined, ResultsTest | undefined];
  /** Not in one file, whose promptfoo counted rows that it did not write: missing there, not another test. */
  readonly lost: boolean;
}

/**
 * The union of the tests of both arms. Tests pair by `metadata.id`, else by description and variables; variants of
 * one id (list variables) pair by their variables and are named `id~1`, `id~2`.
 * @throws GrpoError RESULTS_TEST_ID_DUPLICATE
 */
export function alignTests(first: ResultsFile, second: ResultsFile): AlignedTest[] {
  const sides = [first, second].map((file) => Map.groupBy(file.tests, (test) => test.base));
  const [left, right] = sides;
  for (const [index, file] of [first, second].entries()) refuseSharedIds(file, sides[index] ?? new Map());
  const bases = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  const aligned = [...bases].flatMap((base) => alignBase(left?.get(base) ?? [], right?.get(base) ?? []));
  return reconcileUnknown(aligned, first, second);
}

function refuseSharedIds(file: ResultsFile, groups: ReadonlyMap<string, readonly ResultsTest[]>): void {
  for (const group of groups.values()) {
    const [test] = group;
    if (test?.named !== true || new Set(group.map((one) => one.vars)).size === group.length) continue;
    throw resultsError(
      "RESULTS_TEST_ID_DUPLICATE",
      file.path,
      `Two tests have the id "${test.id}" and the same variables, but differ in how they are graded or described.`,
      "Give each test its own metadata.id, and run the evaluation again.",
    );
  }
}

function alignBase(left: readonly ResultsTest[], right: readonly ResultsTest[]): AlignedTest[] {
  const [one, other] = [left[0], right[0]];
  const id = one?.id ?? other?.id ?? "";
  if (left.length <= 1 && right.length <= 1) return [{ id, tests: [one, other], lost: false }];
  const key = (test: ResultsTest) => (test.named ? test.vars : `${test.graders} ${test.content}`);
  const [from, to] = [keyed(left, key), keyed(right, key)];
  const keys = [...new Set([...from.keys(), ...to.keys()])];
  return keys.map((variant, index) => ({
    id: `${id}~${index + 1}`,
    tests: [from.get(variant), to.get(variant)],
    lost: false,
  }));
}

const keyed = (tests: readonly ResultsTest[], key: (test: ResultsTest) => string) =>
  new Map(tests.map((test) => [key(test), test]));

/** Tests that one file lacks are those whose rows its promptfoo counted and did not write, as far as the count goes. */
function reconcileUnknown(
  aligned: readonly AlignedTest[],
  first: ResultsFile,
  second: ResultsFile,
): AlignedTest[] {
  if (first === second) return [...aligned];
  const budget = [first.unknownTests, second.unknownTests];
  const spent = [0, 0];
  const marked = aligned.map((one) => {
    const side = one.tests.indexOf(undefined);
    if (side < 0 || isUnknown(one) || (spent[side] ?? 0) >= (budget[side] ?? 0)) return one;
    spent[side] = (spent[side] ?? 0) + 1;
    return { ...one, lost: true };
  });
  const dropped = [0, 0];
  const kept = marked.flatMap((one) => {
    if (!isUnknown(one)) return [one];
    const tests = one.tests.map((test, side) => {
      if (test === undefined || (dropped[side] ?? 0) >= (spent[side] ?? 0)) return test;
      dropped[side] = (dropped[side] ?? 0) + 1;
      return undefined;
    });
    const [left, right] = tests;
    return left === undefined && right === undefined
      ? []
      : [{ ...one, tests: [left, right] as const, lost: true }];
  });
  return kept;
}

/** Known by promptfoo's count alone. */
export const isUnknown = ({ tests }: AlignedTest): boolean =>
  tests.some((test) => test?.position === Number.MAX_SAFE_INTEGER);

export interface ChosenSplit {
  split: Split | "all";
  tests: AlignedTest[];
  notes: string[];
}

/**
 * The tests of one split; rows of several are never mixed unless that is asked for.
 * @throws GrpoError RESULTS_SPLIT
 */
export function chooseSplit(
  tests: readonly AlignedTest[],
  wanted: Split | "all" | undefined,
  place: string,
): ChosenSplit {
  const counts = new Map<string, number>();
  for (const test of tests) {
    if (!isUnknown(test)) counts.set(splitOf(test), (counts.get(splitOf(test)) ?? 0) + 1);
  }
  const spread = [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
  if (wanted === "all") {
    const notes = counts.size > 1 ? [`Tests of several splits are judged together: ${spread}.`] : [];
    return { split: "all", tests: [...tests], notes };
  }
  if (wanted === undefined) {
    if (counts.size > 1) {
      const remedy =
        "Choose one with `--split`, for example `--split test`; `--split all` judges them together.";
      throw resultsError("RESULTS_SPLIT", place, `The tests are of several splits: ${spread}.`, remedy);
    }
    const parsed = splitSchema.safeParse([...counts.keys()][0]);
    return { split: parsed.success ? parsed.data : "all", tests: [...tests], notes: [] };
  }
  if (counts.size === 0 || (counts.size === 1 && counts.has(UNDECLARED))) {
    return {
      split: "all",
      tests: [...tests],
      notes: [`No test says which split it is of, so all ${tests.length} are judged, not ${wanted} alone.`],
    };
  }
  const kept = tests.filter((test) => isUnknown(test) || splitOf(test) === wanted);
  if ((counts.get(wanted) ?? 0) > 0) {
    const left = tests.length - kept.length;
    const notes = left === 0 ? [] : [`${left} tests of other splits are left out (${spread}).`];
    return { split: wanted, tests: kept, notes };
  }
  const remedy = "Choose another split, or `--split all`.";
  throw resultsError("RESULTS_SPLIT", place, `No test is of the split ${wanted}: ${spread}.`, remedy);
}

const UNDECLARED = "undeclared";
const splitOf = ({ tests: [one, other] }: AlignedTest): string => (one ?? other)?.split ?? UNDECLARED;
