import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { createInterface } from "node:readline";
import { load } from "js-yaml";
import type { GrpoError } from "../library/error.ts";
import { isOutgrown } from "../library/yaml-limits.ts";
import { JsonRows, JsonRowsError } from "./json-rows.ts";
import { columnsOf, type ResultsColumn, type SeenColumn } from "./results-columns.ts";
import { resultsError } from "./results-errors.ts";
import { type ResultsRow, type ResultsTest, RowReader } from "./results-rows.ts";
import { type Head, HeadSchema, type RowRead, RowSchema } from "./results-schema.ts";
import { testsWithoutRows } from "./results-tests.ts";

/** A finished promptfoo evaluation as a file holds it. */
export interface ResultsFile {
  readonly path: string;
  /** The file's name, for messages. */
  readonly name: string;
  readonly columns: readonly ResultsColumn[];
  /** In promptfoo's order; the last may be known from the config or from promptfoo's counts alone, without any row. */
  readonly tests: readonly ResultsTest[];
  /** In the order of the file, which means nothing. */
  readonly rows: readonly ResultsRow[];
  /** How often a test was asked, unless it says so itself. */
  readonly repeats: number;
  /** Tests that promptfoo counted and wrote no row of, and whose names are not known; part of `tests`. */
  readonly unknownTests: number;
  /** False for .jsonl, which an interrupted evaluation leaves behind too: tests that were never asked leave no trace. */
  readonly finished: boolean;
}

/** Of one row, and of everything else in the file together. */
const LIMIT_BYTES = 128e6;
/** YAML cannot be read a row at a time. */
const YAML_LIMIT_BYTES = 32e6;

/**
 * Reads what `promptfoo eval -o` wrote: .json of any size, .jsonl, or .yaml up to 32 MB; also the JSON of
 * `toEvaluateSummary()` and `toResultsFile()`.
 * @throws GrpoError RESULTS_* naming the file, and the row where one is at fault
 */
export async function readResults(path: string): Promise<ResultsFile> {
  const size = await sizeOf(path);
  const collected = new Collected(path);
  const format = extname(path).toLowerCase();
  if (size === 0) throw resultsError("RESULTS_EMPTY", path, "The file is empty.");
  if (format === ".jsonl") await readJsonLines(path, collected);
  else if (format === ".yaml" || format === ".yml") collected.head = await readYaml(path, size, collected);
  else if (format === ".json") collected.head = await readJson(path, collected);
  else {
    throw resultsError(
      "RESULTS_FORMAT",
      path,
      `A ${format === "" ? "file without extension" : `${format} file`} does not hold all that a verdict needs.`,
    );
  }
  return collected.finish();
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (cause) {
    const remedy = "Check the path; it is relative to the folder you are in.";
    throw resultsError("RESULTS_UNREADABLE", path, "There is no such file.", remedy, cause);
  }
  throw resultsError("RESULTS_UNREADABLE", path, "It is not a file.");
}

/** What was read so far. A row that does not fit is told only when the file's version is one that we know. */
class Collected {
  head: Head | undefined;
  readonly #path: string;
  readonly #reader = new RowReader();
  readonly #rows: ResultsRow[] = [];
  readonly #seen = new Map<number, SeenColumn>();
  #unfit: GrpoError | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  row(value: unknown, number: number): void {
    if (this.#unfit !== undefined) return;
    const parsed = RowSchema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      this.#unfit = resultsError(
        "RESULTS_MALFORMED",
        `${this.#path} row ${number}`,
        `It is no row of promptfoo's results: ${[...(issue?.path ?? []), issue?.message].map(String).join(": ")}.`,
      );
      return;
    }
    this.#see(parsed.data);
    this.#rows.push(this.#reader.read(parsed.data));
  }

  #see(row: RowRead): void {
    if (this.#seen.has(row.promptIdx)) return;
    this.#seen.set(row.promptIdx, {
      providerId: row.provider.id,
      providerLabel: row.provider.label,
      promptLabel: row.prompt?.label,
      promptId: row.promptId,
    });
  }

  finish(): ResultsFile {
    if (this.#unfit !== undefined) throw this.#unfit;
    const columns = columnsOf(this.head, this.#seen);
    if (columns.length === 0) {
      const remedy = "Check that its filters match tests, and run it again.";
      throw resultsError("RESULTS_EMPTY", this.#path, "The evaluation has no rows.", remedy);
    }
    const rows = this.#rows;
    const repeats = this.head?.runtimeOptions?.repeat ?? mostRepeats(rows);
    const tests = this.#reader.tests.sort((a, b) => a.position - b.position);
    const lost = testsWithoutRows({ columns, tests, rows, repeats, config: this.head?.config });
    return {
      path: this.#path,
      name: basename(this.#path),
      columns,
      tests: [...tests, ...lost.tests],
      rows,
      repeats,
      unknownTests: lost.unknown,
      finished: this.head !== undefined,
    };
  }
}

/** Where the file does not say how often tests were asked: the most rows that a test has in a column. */
function mostRepeats(rows: readonly ResultsRow[]): number {
  const counts = new Map<ResultsTest, number[]>();
  let most = 1;
  for (const { test, column, repeat } of rows) {
    if (test.repeats !== null) continue;
    const count = counts.get(test) ?? [];
    count[column] = (count[column] ?? 0) + 1;
    counts.set(test, count);
    most = Math.max(most, count[column] ?? 0, (repeat ?? 0) + 1);
  }
  return most;
}

async function readJson(path: string, collected: Collected): Promise<Head> {
  const splitter = new JsonRows(
    (json, row) => collected.row(parse(json, path, `row ${row}`), row),
    LIMIT_BYTES,
  );
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
      splitter.push(chunk as Buffer);
    const rest = splitter.end().replace(/^\uFEFF/, "");
    return headOf(parse(rest, path), path);
  } catch (error) {
    if (!(error instanceof JsonRowsError)) throw error;
    const place = error.row === 0 ? path : `${path} row ${error.row}`;
    if (error.message === "the file stops there") {
      throw resultsError("RESULTS_TRUNCATED", place, "The file is cut off: its JSON does not end.");
    }
    if (error.message.startsWith("it has more")) {
      throw resultsError("RESULTS_TOO_LARGE", place, `It cannot be read: ${error.message}.`);
    }
    throw resultsError("RESULTS_MALFORMED", place, `It is no row of promptfoo's results: ${error.message}.`);
  }
}

async function readJsonLines(path: string, collected: Collected): Promise<void> {
  const lines = createInterface({ input: createReadStream(path, { highWaterMark: 1 << 20 }) });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const text = line.trim();
    if (text !== "") collected.row(parse(text, path, `line ${number}`), number);
  }
}

async function readYaml(path: string, size: number, collected: Collected): Promise<Head> {
  if (size > YAML_LIMIT_BYTES) {
    const remedy = "Write it as .json or .jsonl: those are read a row at a time.";
    throw resultsError(
      "RESULTS_TOO_LARGE",
      path,
      `A YAML file of ${Math.round(size / 1e6)} MB is not read.`,
      remedy,
    );
  }
  let read: unknown;
  try {
    const text = await readFile(path, "utf8");
    read = load(text);
    if (isOutgrown(read, text.length)) throw new RangeError("nested aliases");
  } catch (cause) {
    throw resultsError("RESULTS_MALFORMED", path, "It is cut off, or no YAML.", undefined, cause);
  }
  const head = headOf(read, path);
  const { results } = head;
  if (Array.isArray(results) || results.stats === undefined) {
    throw resultsError("RESULTS_TRUNCATED", path, "The file is cut off: it ends before promptfoo's totals.");
  }
  const rows: unknown = results["results"];
  for (const [index, row] of (Array.isArray(rows) ? rows : []).entries()) collected.row(row, index + 1);
  return head;
}

function parse(json: string, path: string, where?: string): unknown {
  const place = where === undefined ? path : `${path} ${where}`;
  try {
    return JSON.parse(json);
  } catch (cause) {
    const cut = where?.startsWith("line") === true;
    const message = cut ? "The line is cut off, or no JSON." : "It is no JSON.";
    throw resultsError(cut ? "RESULTS_TRUNCATED" : "RESULTS_MALFORMED", place, message, undefined, cause);
  }
}

/** @throws GrpoError RESULTS_VERSION, RESULTS_MALFORMED */
function headOf(value: unknown, path: string): Head {
  const parsed = HeadSchema.safeParse(value);
  if (!parsed.success) throw resultsError("RESULTS_MALFORMED", path, "These are no results of promptfoo.");
  const head = parsed.data;
  const versions = [head.version, Array.isArray(head.results) ? undefined : head.results.version].flatMap(
    (one) => one ?? [],
  );
  if (versions.length === 0) {
    throw resultsError("RESULTS_MALFORMED", path, "These are no results of promptfoo: they name no version.");
  }
  const strange = versions.find((one) => one !== 3 && one !== 4);
  if (strange === undefined) return head;
  throw resultsError(
    "RESULTS_VERSION",
    path,
    `Its results have version ${strange}; versions 3 and 4 are known.`,
    strange < 3
      ? "Run the evaluation again with promptfoo 0.123 or newer."
      : "Update promptfoo-grpo, or run the evaluation with the promptfoo that it was made for.",
  );
}
