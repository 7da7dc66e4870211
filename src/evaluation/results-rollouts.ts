import { GrpoError } from "../library/error.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { SuiteExample } from "../suite/suite.ts";
import type { ResultsColumn } from "./results-columns.ts";
import { resultsError } from "./results-errors.ts";
import type { ResultsFile } from "./results-file.ts";
import { type ResultsRow, shortHash } from "./results-rows.ts";

/** Finished rollouts of a suite's examples, by example id, and what else the file held. */
export interface FinishedRollouts {
  column: string;
  byExample: Map<string, Rollout[]>;
  /** Rows of tests that are none of the examples. */
  others: number;
  /** Hashes of the libraries that made the rows; null is none, undefined where rows do not tell. */
  libraries: (string | null | undefined)[];
}

/**
 * The rows of one column as rollouts of these examples. A row belongs to the example with its test's id, else to
 * the one with its variables.
 * @param wanted label of the column; needed when there are several
 * @throws GrpoError RESULTS_ARMS, RESULTS_NO_EXAMPLE
 */
export function finishedRollouts(
  file: ResultsFile,
  examples: readonly SuiteExample[],
  wanted: string | undefined,
): FinishedRollouts {
  const column = chooseColumn(file, wanted);
  const rows = file.rows.filter((row) => row.column === column.index);
  const byId = new Map(examples.map((one) => [one.id, one]));
  const byVars = new Map(examples.map((one) => [shortHash(one.test.vars ?? {}), one]));
  const found = Map.groupBy(rows, ({ test }) => (byId.get(test.id) ?? byVars.get(test.vars))?.id);
  const others = found.get(undefined)?.length ?? 0;
  const libraries = [...new Set(rows.map(({ library }) => (library === null ? null : library?.hash)))];
  const byExample = new Map(
    [...found].flatMap(([id, own]) => (id === undefined ? [] : [[id, inOrder(id, own)] as const])),
  );
  if (byExample.size > 0) return { column: column.name, byExample, others, libraries };
  throw new GrpoError({
    code: "RESULTS_NO_EXAMPLE",
    message: `None of its ${rows.length} rows is of a training example of this config.`,
    place: file.path,
    remedy:
      "Evaluate the training split (`promptfoo eval --filter-metadata split=train -o …`) of the same tests.",
  });
}

function chooseColumn(file: ResultsFile, wanted: string | undefined): ResultsColumn {
  const fitting = file.columns.filter(
    (one) => wanted === undefined || [one.name, one.provider, one.prompt, one.agent].includes(wanted),
  );
  const [only, another] = fitting;
  if (only !== undefined && another === undefined) return only;
  throw resultsError(
    "RESULTS_ARMS",
    file.path,
    only === undefined ? `No column is named "${wanted}".` : `It has ${fitting.length} columns.`,
    `Choose one with \`--column <label>\`: ${file.columns.map((one) => `"${one.name}"`).join(", ")}.`,
  );
}

/** Repeats as the rows tell them; those that do not tell take the file's order. */
const inOrder = (id: string, rows: readonly ResultsRow[]): Rollout[] =>
  rows
    .toSorted((a, b) => (a.repeat ?? 0) - (b.repeat ?? 0))
    .map(({ rollout }, repeat) => ({ ...rollout, exampleId: id, repeat }));
