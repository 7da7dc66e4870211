import { type ResultsFile, readResults } from "../../src/evaluation/results-file.ts";
import { workspace } from "./workspace.ts";

/** A row of promptfoo's results, as little of it as a reader needs; `more` is merged over it. */
export interface RowParts {
  id?: string | null;
  q?: string;
  column?: number;
  repeat?: number | null;
  score?: number | null;
  metadata?: Record<string, unknown>;
  testCase?: Record<string, unknown>;
  response?: Record<string, unknown> | null;
  more?: Record<string, unknown>;
}

const COLUMNS = ["baseline", "enhanced"];

export function row(parts: RowParts = {}): Record<string, unknown> {
  const { id = "a", q = id ?? "?", column = 0, repeat = 0, score = 1 } = parts;
  return {
    promptIdx: column,
    testIdx: 0,
    promptId: "p",
    prompt: { raw: `Say ${q}`, label: "Say {{q}}" },
    provider: { id: "model", label: COLUMNS[column] },
    testCase: {
      vars: { q },
      assert: [{ type: "contains", value: q }],
      metadata: { ...(id === null ? {} : { id }), ...parts.metadata },
      ...parts.testCase,
    },
    score,
    success: score === 1,
    failureReason: score === 1 ? 0 : 1,
    gradingResult: { pass: score === 1, score, reason: "graded", componentResults: [] },
    ...(parts.response === null
      ? {}
      : {
          response: {
            output: `reply ${q}`,
            cost: 0.5,
            tokenUsage: { prompt: 3, completion: 2 },
            metadata: repeat === null ? {} : { repeatIndex: repeat },
            ...parts.response,
          },
        }),
    ...parts.more,
  };
}

/** Rows of every test x column x repeat. */
export const rows = (
  tests: readonly string[],
  columns: readonly number[],
  repeats: number,
  more: RowParts = {},
): Record<string, unknown>[] =>
  tests.flatMap((id) =>
    columns.flatMap((column) =>
      Array.from({ length: repeats }, (_, repeat) => row({ id, column, repeat, ...more })),
    ),
  );

export interface FileParts {
  rows: readonly Record<string, unknown>[];
  columns?: number;
  /** What `--repeat` recorded; null leaves it out. */
  repeats?: number | null;
  /** Rows that promptfoo says it counted, a column. */
  counted?: number;
  prompt?: Record<string, unknown>;
  config?: Record<string, unknown>;
  labels?: readonly string[];
}

/** What `promptfoo eval -o results.json` writes. */
export function resultsOf(parts: FileParts): Record<string, unknown> {
  const { columns = 2, repeats = null, counted, labels = COLUMNS } = parts;
  const prompts = Array.from({ length: columns }, (_, index) => ({
    id: "p",
    raw: "Say {{q}}",
    label: "Say {{q}}",
    provider: labels[index],
    ...(counted === undefined
      ? {}
      : { metrics: { testPassCount: counted, testFailCount: 0, testErrorCount: 0 } }),
    ...parts.prompt,
  }));
  return {
    evalId: "eval",
    results: { version: 3, timestamp: "now", prompts, results: parts.rows, stats: {} },
    config: { providers: [{ id: "model", config: { temperature: 1 } }], ...parts.config },
    ...(repeats === null ? {} : { runtimeOptions: { repeat: repeats } }),
  };
}

/** Such a file, read. */
export async function read(parts: FileParts, name = "a.json"): Promise<ResultsFile> {
  return readResults(workspace().write(name, resultsOf(parts)));
}
