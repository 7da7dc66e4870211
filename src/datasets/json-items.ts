import type { Problem } from "./yaml-source.ts";

/** A value of a file and the line it begins on. */
export interface JsonItem {
  line: number;
  value: unknown;
}

const MAX_DEPTH = 200;

/** The values of a JSONL text; blank lines are none. */
export function readJsonLines(file: string, text: string): { items: JsonItem[]; problems: Problem[] } {
  const items: JsonItem[] = [];
  const problems: Problem[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    if (line.trim() === "") continue;
    try {
      items.push({ line: index + 1, value: JSON.parse(line) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push({ file, line: index + 1, message: `Malformed JSON: ${reason}` });
    }
  }
  return { items, problems };
}

/** What JSON can say and nobody means: it would be lost, or break what reads it, further on. */
export function strangeness(value: unknown, depth = 0): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} levels deep`;
  if (Object.hasOwn(value, "__proto__")) return 'it has a key "__proto__"';
  for (const inner of Object.values(value)) {
    const found = strangeness(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function describeIssues(issues: ReadonlyArray<{ path: PropertyKey[]; message: string }>): string {
  return issues
    .map(({ path, message }) => [path.map(String).join("."), message].filter(Boolean).join(": "))
    .join("; ");
}

/**
 * Lines (from 1) on which the items of a list in a JSON text begin: of the whole text, or of what is under `key` of
 * the object that the text is. The text has been parsed before; one pass, whatever its size.
 */
export function itemLines(text: string, key?: string): number[] {
  const lines: number[] = [];
  const wanted = key === undefined ? 1 : 2;
  const opened: string[] = [];
  let [line, atItem, named, last] = [1, false, key === undefined, ""];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\n") line++;
    if (/\s/.test(character)) continue;
    if (atItem && character !== "]") lines.push(line);
    atItem = false;
    if (character === '"') {
      const end = stringEnd(text, at);
      if (opened.length === 1) last = text.slice(at + 1, end);
      at = end;
    } else if (character === "[" || character === "{") {
      opened.push(character);
      if (opened.length === 2 && key !== undefined) named = last === key;
      atItem = named && character === "[" && opened.length === wanted;
    } else if (character === "]" || character === "}") opened.pop();
    else if (character === ",") atItem = named && opened.length === wanted && opened.at(-1) === "[";
  }
  return lines;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
