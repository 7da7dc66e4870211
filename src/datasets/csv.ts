import { CsvError, parse } from "csv-parse/sync";
import { type CellAssertion, cellAssertion } from "./csv-assertion.ts";
import type { PromptfooTest } from "./test-schema.ts";
import type { Problem } from "./yaml-source.ts";

/** A test and the line its row starts on. */
export interface CsvTest {
  line: number;
  test: PromptfooTest;
}

interface CsvRow {
  record: string[];
  info: { lines: number };
}

/** Reads promptfoo's CSV conventions: columns are variables, those that start with `__` mean something else. */
export function readCsv(file: string, text: string): { tests: CsvTest[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const [header, ...rows] = parseRows(file, text, problems);
  if (header === undefined) return { tests: [], problems };
  const columns = header.record.map((name) => name.trim());
  if (columns.some((name) => /^(?:__metadata:)?__proto__(?:\[\])?$/.test(name))) {
    problems.push({ file, line: 1, message: 'A column cannot be named "__proto__".' });
    return { tests: [], problems };
  }
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) {
    problems.push({ file, line: 1, message: `The column "${twice}" is there twice.` });
    return { tests: [], problems };
  }
  const tests: CsvTest[] = [];
  let line = header.info.lines + 1;
  for (const row of rows) {
    const blank = row.record.every((cell) => cell === "");
    try {
      if (blank) continue;
      if (row.record.length !== columns.length) {
        throw new Error(`The row has ${row.record.length} cells for ${columns.length} columns.`);
      }
      tests.push({ line, test: rowToTest(columns.map((name, index) => [name, row.record[index] ?? ""])) });
    } catch (error) {
      problems.push({ file, line, message: error instanceof Error ? error.message : String(error) });
    } finally {
      line = row.info.lines + 1;
    }
  }
  return { tests, problems };
}

/** As promptfoo reads: strictly first, then with stray quotes allowed unless PROMPTFOO_CSV_STRICT says no. */
function parseRows(file: string, text: string, problems: Problem[]): CsvRow[] {
  const delimiter = process.env["PROMPTFOO_CSV_DELIMITER"] ?? ",";
  const strict = /^(1|true|yes|on)$/i.test(process.env["PROMPTFOO_CSV_STRICT"] ?? "");
  const read = (relaxQuotes: boolean): CsvRow[] => {
    const options = {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      relax_quotes: relaxQuotes,
    } as const;
    // With `info` each row comes as { record, info }, which the package's types do not say.
    const rows: unknown[] = parse(text, options);
    return rows as CsvRow[];
  };
  try {
    try {
      return read(false);
    } catch (error) {
      if (strict) throw error;
      return read(true);
    }
  } catch (error) {
    const line = error instanceof CsvError && typeof error["lines"] === "number" ? error["lines"] : 1;
    problems.push({
      file,
      line,
      message: `Malformed CSV: ${error instanceof Error ? error.message : String(error)}`,
    });
    return [];
  }
}

/** @throws Error when a cell of a `__` column means nothing; promptfoo drops such cells silently */
function rowToTest(cells: ReadonlyArray<readonly [string, string]>): PromptfooTest {
  const vars: Record<string, string> = {};
  const options: Record<string, string> = {};
  const metadata: Record<string, unknown> = {};
  const test: Record<string, string | number> = {};
  const assert: CellAssertion[] = [];
  for (const [name, cell] of cells) {
    if (name.startsWith("__expected")) {
      if (cell.trim() !== "") assert.push(cellAssertion(cell.trim()));
    } else if (name === "__prefix" || name === "__suffix") options[name.slice(2)] = cell;
    else if (name === "__description" || name === "__providerOutput") {
      if (cell !== "") test[name.slice(2)] = cell;
    } else if (name === "__threshold") {
      if (cell.trim() !== "") test["threshold"] = finite(name, cell);
    } else if (name.startsWith("__metadata:")) setMetadata(metadata, name.slice("__metadata:".length), cell);
    else if (name === "__metadata")
      throw new Error('The column "__metadata" needs a key, for example "__metadata:persona".');
    else if (name !== "__metric" && !name.startsWith("__config:")) vars[name] = cell;
  }
  const metric = cells.find(([name]) => name === "__metric")?.[1];
  for (const assertion of assert) if (metric) assertion.metric = metric;
  for (const [name, cell] of cells) if (name.startsWith("__config:")) configure(assert, metadata, name, cell);
  return {
    ...test,
    vars,
    assert,
    options,
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  };
}

function setMetadata(metadata: Record<string, unknown>, key: string, cell: string): void {
  if (cell.trim() === "") return;
  if (!key.endsWith("[]")) metadata[key] = cell;
  else metadata[key.slice(0, -2)] = cell.split(/(?<!\\),/).map((item) => item.trim().replace(/\\,/g, ","));
}

function configure(
  assert: CellAssertion[],
  metadata: Record<string, unknown>,
  name: string,
  cell: string,
): void {
  const target = /^__config:__expected([1-9]\d*)?:threshold$/.exec(name);
  if (!target) throw new Error(`The column "${name}" is not of the form __config:__expected1:threshold.`);
  const threshold = finite(name, cell);
  const assertion = assert[Number(target[1] ?? 1) - 1];
  if (assertion === undefined) return;
  assertion.threshold = threshold;
  metadata["threshold"] = threshold;
}

function finite(name: string, cell: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell.trim()) ? Number(cell) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new Error(`The column "${name}" needs a number, not "${cell}".`);
}
