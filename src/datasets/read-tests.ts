import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { load, YAMLException } from "js-yaml";
import { LineCounter, parseDocument } from "yaml";
import { GrpoError } from "../library/error.ts";
import { isOutgrown, isTooDeep } from "../library/yaml-limits.ts";
import { readCsv } from "./csv.ts";
import { describeIssues, type JsonItem, readJsonLines, strangeness } from "./json-items.ts";
import { type PromptfooTest, promptfooTestSchema } from "./test-schema.ts";
import type { Problem } from "./yaml-source.ts";

/** A test and where it stands, `file:line`. */
export interface PlacedTest {
  test: PromptfooTest;
  place: string;
}

export interface TestsFile {
  tests: PlacedTest[];
  /** One for every row or item that is not a test; nothing is left out in silence. */
  errors: GrpoError[];
}

type Items = { items: JsonItem[]; problems: Problem[] };

/** Characters of a text whose lines are told in errors. */
const MAX_LOCATED = 4_000_000;

const READERS: Readonly<Record<string, (file: string, text: string) => Items>> = {
  ".csv": (file, text) => {
    const { tests, problems } = readCsv(file, text);
    return { items: tests.map(({ line, test }) => ({ line, value: test })), problems };
  },
  ".jsonl": readJsonLines,
  ".json": (file, text) => readDocument(file, text, "json"),
  ".yaml": (file, text) => readDocument(file, text, "yaml"),
  ".yml": (file, text) => readDocument(file, text, "yaml"),
};

/**
 * Reads promptfoo tests from YAML, JSON, JSONL or CSV.
 * @throws GrpoError TESTS_FILE_UNREADABLE, TESTS_FILE_FORMAT; what is wrong inside is in `errors` (TESTS_INVALID)
 */
export async function readTestsFile(path: string): Promise<TestsFile> {
  const reader = READERS[extname(path).toLowerCase()];
  if (reader === undefined) {
    throw new GrpoError({
      code: "TESTS_FILE_FORMAT",
      message: `"${extname(path)}" is not a format of tests that can be read.`,
      place: path,
      remedy: `Use one of ${Object.keys(READERS).join(", ")}.`,
    });
  }
  const { items, problems } = reader(path, await readText(path));
  const tests: PlacedTest[] = [];
  for (const { line, value } of items) {
    const parsed = promptfooTestSchema.safeParse(value);
    const odd = strangeness(value);
    if (odd !== undefined) problems.push({ file: path, line, message: `Not a promptfoo test: ${odd}` });
    else if (parsed.success) tests.push({ test: parsed.data, place: `${path}:${line}` });
    else
      problems.push({
        file: path,
        line,
        message: `Not a promptfoo test: ${describeIssues(parsed.error.issues)}`,
      });
  }
  return { tests, errors: problems.map(toError) };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new GrpoError({
      code: "TESTS_FILE_UNREADABLE",
      message: "The file of tests cannot be read.",
      place: path,
      remedy: "Check that it exists and that you may read it.",
      cause,
    });
  }
}

/** Values are read as promptfoo reads them; `yaml` reads the text once more to know the lines. */
function readDocument(file: string, text: string, format: "yaml" | "json"): Items {
  try {
    const value: unknown = format === "json" ? JSON.parse(text) : load(text);
    if (isOutgrown(value, text.length)) throw new Error("nested aliases make it too large");
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.some((item) => strangeness(item) !== undefined) || text.length > MAX_LOCATED)
      return { items: list.map((item) => ({ line: 1, value: item })), problems: [] };
    const { doc, lineAt } = located(text, format);
    const lineOf = (index: number) => {
      const node: unknown = Array.isArray(value) ? doc.getIn([index], true) : doc.contents;
      const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
      return Array.isArray(range) ? lineAt(Number(range[0])) : 1;
    };
    return { items: list.map((item, index) => ({ line: lineOf(index), value: item })), problems: [] };
  } catch (error) {
    const message = error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
    const said = errorLine(error, message);
    if (said === undefined && text.length <= MAX_LOCATED && !isTooDeep(text)) {
      const { doc, lineAt } = located(text, format);
      if (doc.contents === null && doc.errors.length === 0) return { items: [], problems: [] };
      return malformed(file, lineAt(doc.errors[0]?.pos[0] ?? 0), message);
    }
    return malformed(file, said ?? 1, message);
  }
}

const malformed = (file: string, line: number, message: string): Items => ({
  items: [],
  problems: [{ file, line, message: `Malformed: ${message}` }],
});

/** Where things stand in a text; slow, so not for megabytes. */
function located(text: string, format: "yaml" | "json") {
  const lines = new LineCounter();
  const schema = format === "json" ? "json" : "core";
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    schema,
    logLevel: "error",
  } as const;
  return { doc: parseDocument(text, options), lineAt: (offset: number) => lines.linePos(offset).line };
}

/** js-yaml marks the line (from 0), JSON.parse says it in words (from 1). */
function errorLine(error: unknown, message: string): number | undefined {
  if (error instanceof YAMLException && error.mark) return error.mark.line + 1;
  const said = /\(line (\d+) column \d+\)/.exec(message)?.[1];
  return said === undefined ? undefined : Number(said);
}

function toError({ file, line, message }: Problem): GrpoError {
  const remedy =
    "Correct it as promptfoo's test case format says; variables and assertions must be in this file.";
  return new GrpoError({ code: "TESTS_INVALID", message, place: `${file}:${line}`, remedy });
}
