import { missingRollout, type Rollout } from "../suite/rollout.ts";
import type { RowProblem } from "./report.ts";
import type { ResultsColumn } from "./results-columns.ts";
import { resultsError } from "./results-errors.ts";
import type { ResultsFile } from "./results-file.ts";
import type { ResultsRow, ResultsTest } from "./results-rows.ts";

/** One column of one file; the first of two is the baseline. */
export interface ChosenArm {
  readonly label: string;
  readonly file: ResultsFile;
  readonly column: ResultsColumn;
  readonly rows: ReadonlyMap<ResultsTest, readonly ResultsRow[]>;
}

/**
 * The two columns to compare: those of one file, or one of each of two files.
 * @throws GrpoError RESULTS_ARMS listing the columns when it is not clear which
 */
export function chooseArms(
  files: readonly ResultsFile[],
  arms: readonly [string, string] | undefined,
): [ChosenArm, ChosenArm] {
  const [first, second, ...more] = files;
  if (first === undefined || more.length > 0) {
    const message = `A comparison needs one or two results files, not ${files.length}.`;
    throw resultsError("RESULTS_ARMS", "--results", message, "Name one file with two columns, or two files.");
  }
  const [baseline, enhanced] = second === undefined ? ofOne(first, arms) : ofTwo(first, second, arms);
  const [from, to] = labels({ file: first, column: baseline }, { file: second ?? first, column: enhanced });
  return [arm(first, baseline, from), arm(second ?? first, enhanced, to)];
}

function ofOne(
  file: ResultsFile,
  arms: readonly [string, string] | undefined,
): [ResultsColumn, ResultsColumn] {
  if (arms !== undefined) {
    const [baseline, enhanced] = [find(file, arms[0]), find(file, arms[1])];
    if (baseline !== enhanced) return [baseline, enhanced];
    const message = `"${arms[0]}" and "${arms[1]}" are the same column.`;
    throw resultsError("RESULTS_ARMS", file.path, message, `Choose two of ${list(file)}.`);
  }
  const [baseline, enhanced, ...more] = file.columns;
  if (baseline !== undefined && enhanced !== undefined && more.length === 0) return [baseline, enhanced];
  if (enhanced === undefined) {
    const remedy = "Name a second results file, or evaluate a second provider or prompt beside it.";
    throw resultsError("RESULTS_ARMS", file.path, `It has one column alone: ${list(file)}.`, remedy);
  }
  const remedy = `Choose two with \`--arms <baseline>,<enhanced>\` of ${list(file)}.`;
  throw resultsError("RESULTS_ARMS", file.path, `It has ${file.columns.length} columns.`, remedy);
}

const ofTwo = (
  first: ResultsFile,
  second: ResultsFile,
  arms: readonly [string, string] | undefined,
): [ResultsColumn, ResultsColumn] => [only(first, arms?.[0]), only(second, arms?.[1])];

function only(file: ResultsFile, wanted: string | undefined): ResultsColumn {
  if (wanted !== undefined) return find(file, wanted);
  const [column, ...more] = file.columns;
  if (column !== undefined && more.length === 0) return column;
  const remedy = `Choose one of each file with \`--arms <of the first>,<of the second>\`; here: ${list(file)}.`;
  throw resultsError("RESULTS_ARMS", file.path, `It has ${file.columns.length} columns.`, remedy);
}

function find(file: ResultsFile, wanted: string): ResultsColumn {
  const ways = [
    (one: ResultsColumn) => one.name,
    (one: ResultsColumn) => one.provider,
    (one: ResultsColumn) => one.prompt,
    (one: ResultsColumn) => one.agent,
  ];
  for (const way of ways) {
    const [found, ...more] = file.columns.filter((one) => way(one) === wanted);
    if (found !== undefined && more.length === 0) return found;
  }
  const message = `No single column is named "${wanted}".`;
  throw resultsError("RESULTS_ARMS", file.path, message, `Choose one of ${list(file)}.`);
}

const list = (file: ResultsFile): string => file.columns.map((one) => `"${one.name}"`).join(", ");

interface Named {
  file: ResultsFile;
  column: ResultsColumn;
}

/** Labels that tell the arms apart: the column's, with the file's name or path where two files call it the same. */
function labels(first: Named, second: Named): [string, string] {
  const ways = [
    ({ column }: Named) => column.name,
    ({ column, file }: Named) => `${column.name} (${file.name})`,
    ({ column, file }: Named) => `${column.name} (${file.path})`,
  ];
  for (const way of ways) {
    const [from, to] = [way(first), way(second)];
    if (from !== to) return [from, to];
  }
  return [first.column.name, `${second.column.name} (again)`];
}

function arm(file: ResultsFile, column: ResultsColumn, label: string): ChosenArm {
  const rows = file.rows.filter((row) => row.column === column.index);
  return { label, file, column, rows: Map.groupBy(rows, (row) => row.test) };
}

const NO_ROW =
  "the file has no row of it (an assertion's score was not a number, or the evaluation was interrupted)";

/** The planned rollouts of one test in one arm, in repeat order, and the rows that are too many. */
export function planned(
  arm: ChosenArm,
  test: ResultsTest | undefined,
  id: string,
): { rollouts: Rollout[]; duplicates: RowProblem[]; rows: readonly ResultsRow[] } {
  const count = test?.repeats ?? arm.file.repeats;
  const rows = (test === undefined ? undefined : arm.rows.get(test)) ?? [];
  const slots = new Map<number, ResultsRow>();
  const duplicates: RowProblem[] = [];
  const duplicate = (repeat: number, reason: string) =>
    duplicates.push({ arm: arm.label, test: id, repeat, kind: "duplicate", reason });
  for (const row of rows) {
    if (row.repeat === null) continue;
    if (row.repeat >= count) duplicate(row.repeat, `repeat ${row.repeat + 1} of ${count} planned`);
    else if (slots.has(row.repeat)) duplicate(row.repeat, "the repeat is there twice; the first is judged");
    else slots.set(row.repeat, row);
  }
  // Rows that do not tell their repeat, such as those of a call that threw, fill what is free.
  let free = 0;
  for (const row of rows) {
    if (row.repeat !== null) continue;
    while (slots.has(free)) free += 1;
    if (free < count) slots.set(free, row);
    else duplicate(free++, `more rows than the ${count} planned; the first are judged`);
  }
  const rollouts = Array.from({ length: count }, (_, repeat) => {
    const row = slots.get(repeat);
    return row === undefined
      ? { ...missingRollout(id, repeat), ungraded: NO_ROW }
      : { ...row.rollout, exampleId: id, repeat };
  });
  return { rollouts, duplicates, rows };
}
