import { ASSERTION_TYPES } from "./assertion-types.ts";

/** An assertion as a CSV cell can state it. */
export interface CellAssertion {
  type: string;
  value?: string | string[];
  threshold?: number;
  metric?: string;
}

const JAVASCRIPT_FILE = /^file:\/\/.*\.[cm]?[jt]s$/i;
const PYTHON_FILE = /^file:\/\/.*\.py(:.*)?$/;
const LISTS = new Set(["contains-all", "contains-any", "icontains-all", "icontains-any"]);
const AS_WRITTEN = new Set(["contains-json", "is-json"]);
/** Types that promptfoo gives a threshold when the cell states none. */
const DEFAULT_THRESHOLDS = new Map([
  ...[
    "answer-relevance",
    "classifier",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "cost",
    "latency",
    "levenshtein",
    "perplexity-score",
    "perplexity",
    "rouge-n",
    "starts-with",
  ].map((type) => [type, 0.75] as const),
  ["similar", 0.8] as const,
]);
const TYPED = new RegExp(
  `^(not-)?(${ASSERTION_TYPES.join("|")})(?:\\((\\d+(?:\\.\\d+)?)\\))?(?::([\\s\\S]*))?$`,
);

/**
 * Reads an `__expected` cell as promptfoo does; text without a known type is compared by `equals`.
 * @throws Error when a quoted list is not closed
 */
export function cellAssertion(cell: string): CellAssertion {
  const script = /^(javascript|fn|eval):/.exec(cell);
  if (script) return { type: "javascript", value: cell.slice(script[0].length).trim() };
  if (JAVASCRIPT_FILE.test(cell)) return { type: "javascript", value: cell };
  const rubric = /^(grade|llm-rubric):/.exec(cell);
  if (rubric) return { type: "llm-rubric", value: cell.slice(rubric[0].length) };
  if (cell.startsWith("python:")) return { type: "python", value: cell.slice("python:".length).trim() };
  if (PYTHON_FILE.test(cell)) return { type: "python", value: cell.slice("file://".length).trim() };
  const typed = TYPED.exec(cell);
  return typed ? typedAssertion(typed) : { type: "equals", value: cell };
}

function typedAssertion([, not = "", base = "", stated, value]: RegExpExecArray): CellAssertion {
  const type = `${not}${base}`;
  if (LISTS.has(base)) return value ? { type, value: commaSeparated(value) } : { type };
  if (AS_WRITTEN.has(base)) return value === undefined ? { type } : { type, value };
  const defaultThreshold = DEFAULT_THRESHOLDS.get(base);
  const assertion = value === undefined ? { type } : { type, value: value.trim() };
  if (defaultThreshold === undefined) return assertion;
  return { ...assertion, threshold: stated === undefined ? defaultThreshold : Number(stated) };
}

function commaSeparated(text: string): string[] {
  const fields: string[] = [];
  const field = /[\s,]*(?:"((?:[^"\\]|\\["\\]|\\(?!["\\])|"")*)"\s*(?=,|$)|([^\s,"][^,]*))/y;
  const end = text.replace(/[\s,]+$/, "").length;
  while (field.lastIndex < end) {
    const found = field.exec(text);
    if (found === null) throw new Error("a quoted value is not closed, or text follows it without a comma");
    fields.push(
      found[1] === undefined
        ? (found[2] ?? "").trim()
        : found[1].replace(/\\(["\\])|""/g, (_, c) => c ?? '"'),
    );
  }
  return fields;
}
