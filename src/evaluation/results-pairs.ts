import type { Split } from "../datasets/split.ts";
import type { PairedExample } from "./arms.ts";
import type { ReportArm, RowCounts, RowProblem } from "./report.ts";
import { type AlignedTest, alignTests, chooseSplit, isUnknown } from "./results-align.ts";
import { type ChosenArm, chooseArms, planned } from "./results-arms.ts";
import {
  blindSpots,
  type Compared,
  type Difference,
  differencesOf,
  unfinishedFiles,
} from "./results-differences.ts";
import { resultsError } from "./results-errors.ts";
import type { ResultsFile } from "./results-file.ts";
import type { ResultsRow } from "./results-rows.ts";
import { countRows, problemsOf } from "./rows.ts";

export interface PairOptions {
  /** Labels of the baseline and the enhanced column; needed where that is not clear by itself. */
  arms?: readonly [string, string];
  /** Undefined takes the tests' own split when all are of one. */
  split?: Split | "all";
  /** Differences between two files that are meant. `tests` judges those that both files have. */
  allow?: readonly Compared[];
}

/** One arm of finished results. `library` is null for the baseline, and where rows tell of none. */
export interface ResultsArm {
  label: string;
  agent: string;
  prompt: string;
  library: { version: number; hash: string } | null;
  usage: ReportArm["usage"];
  rows: RowCounts;
}

export interface PairedResults {
  pairs: PairedExample[];
  arms: [ResultsArm, ResultsArm];
  /** Planned rollouts of a test; the smaller number where the arms were allowed to differ. */
  repeats: number;
  /** `all` where tests name no split that we know, or several were asked for. */
  split: Split | "all";
  problems: RowProblem[];
  /** Between columns of one file: what is compared. Between files: what `allow` accepted. */
  differences: Difference[];
  /** What a reader of the verdict must know: left-out tests, what could not be compared. */
  notes: string[];
  /** Why rows may be missing without a trace; a sentence each. */
  unfinished: string[];
}

/**
 * Two arms of finished results, paired by test, every planned row accounted for. Calls no model.
 * @throws GrpoError RESULTS_ARMS, RESULTS_SPLIT, RESULTS_DIFFER, RESULTS_MIXED_LIBRARY, RESULTS_TEST_ID_DUPLICATE
 */
export function pairResults(files: readonly ResultsFile[], options: PairOptions = {}): PairedResults {
  const arms = chooseArms(files, options.arms);
  const place = [...new Set(files.map((file) => file.path))].join(", ");
  const aligned = alignTests(arms[0].file, arms[1].file);
  const { tests, split, notes } = chooseSplit(aligned, options.split, place);
  const differences = differencesOf(arms, tests);
  if (files.length > 1) refuseDifferences(differences, options.allow ?? [], place);
  const kept = tests.filter(
    (one) => one.lost || isUnknown(one) || (one.tests[0] !== undefined && one.tests[1] !== undefined),
  );
  const { pairs, built } = pairTests(arms, kept);
  return {
    pairs,
    arms: [armOf(arms[0], built[0], pairs, "baseline"), armOf(arms[1], built[1], pairs, "enhanced")],
    repeats: Math.min(arms[0].file.repeats, arms[1].file.repeats),
    split,
    problems: [
      ...problemsOf(arms[0].label, pairs, "baseline"),
      ...problemsOf(arms[1].label, pairs, "enhanced"),
      ...built[0].duplicates,
      ...built[1].duplicates,
    ],
    differences,
    notes: [...notes, ...blindSpots(arms)],
    unfinished: unfinishedFiles(arms),
  };
}

function refuseDifferences(
  differences: readonly Difference[],
  allow: readonly Compared[],
  place: string,
): void {
  const refused = differences.filter((one) => !allow.includes(one.what));
  if (refused.length === 0) return;
  const flag = [...new Set([...allow, ...refused.map((one) => one.what)])].join(",");
  throw resultsError(
    "RESULTS_DIFFER",
    place,
    `The files differ in more than the library: ${refused.map((one) => `${one.what}: ${one.detail}`).join(" | ")}.`,
    `Evaluate both alike, or accept it with \`--allow ${flag}\`.`,
  );
}

/** What was read of one arm besides its pairs. */
interface Built {
  rows: ResultsRow[];
  duplicates: RowProblem[];
}

function pairTests(
  arms: readonly [ChosenArm, ChosenArm],
  tests: readonly AlignedTest[],
): { pairs: PairedExample[]; built: [Built, Built] } {
  const built: [Built, Built] = [
    { rows: [], duplicates: [] },
    { rows: [], duplicates: [] },
  ];
  const one = (side: 0 | 1, test: AlignedTest) => {
    const { rollouts, rows, duplicates } = planned(arms[side], test.tests[side], test.id);
    for (const row of rows) built[side].rows.push(row);
    for (const duplicate of duplicates) built[side].duplicates.push(duplicate);
    return rollouts;
  };
  const pairs = tests.map((test) => {
    const { persona = "(none)", userTypes = [], conversation = null } = test.tests[0] ?? test.tests[1] ?? {};
    return {
      id: test.id,
      persona,
      userTypes,
      ...(conversation === null ? {} : { conversation }),
      baseline: one(0, test),
      enhanced: one(1, test),
    };
  });
  return { pairs, built };
}

function armOf(
  { label, column, file }: ChosenArm,
  { rows, duplicates }: Built,
  pairs: readonly PairedExample[],
  side: "baseline" | "enhanced",
): ResultsArm {
  const rollouts = pairs.flatMap((pair) => [...pair[side]]);
  return {
    label,
    agent: column.agent,
    prompt: column.prompt,
    library: libraryOf(rows, `${file.path} ${label}`),
    usage: usageOf(rows),
    rows: countRows(rollouts, rollouts.length, duplicates.length),
  };
}

function libraryOf(rows: readonly ResultsRow[], place: string): ResultsArm["library"] {
  const told = new Map(
    rows.flatMap(({ library }) => (library === undefined ? [] : [[library?.hash, library] as const])),
  );
  if (told.size > 1) {
    const names = [...told.values()].map((one) => (one === null ? "none" : `version ${one.version}`));
    throw resultsError(
      "RESULTS_MIXED_LIBRARY",
      place,
      `Its rows were made with different libraries: ${names.join(", ")}.`,
      "Pin the library's version, and run the evaluation again.",
    );
  }
  return [...told.values()][0] ?? null;
}

function usageOf(rows: readonly ResultsRow[]): ReportArm["usage"] {
  const usage = { calls: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, costUsd: 0, unpriced: 0 };
  for (const { usage: row } of rows) {
    if (!row.called) continue;
    usage.calls += 1;
    usage.promptTokens += row.promptTokens;
    usage.cachedTokens += row.cachedTokens;
    usage.completionTokens += row.completionTokens;
    usage.costUsd += row.costUsd ?? 0;
    usage.unpriced += row.costUsd === null ? 1 : 0;
  }
  return usage;
}
