import { type Document, isAlias, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { isTooDeep } from "../library/yaml-limits.ts";

/** Something wrong in a file. `line` counts from 1. */
export interface Problem {
  file: string;
  line: number;
  message: string;
}

/** A parsed YAML file that can say on which line a value stands. */
export interface YamlSource {
  value: unknown;
  /** The line of the value at `path`, or of its nearest ancestor when it is missing. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** Reads YAML text; whatever is wrong is in `problems`, and then `source` is absent. */
export function parseYaml(file: string, text: string): { source?: YamlSource; problems: Problem[] } {
  const lines = new LineCounter();
  if (isTooDeep(text)) return { problems: [{ file, line: 1, message: "Malformed YAML: nested too deep" }] };
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const problems = [...doc.errors, ...doc.warnings].map((error) => ({
    file,
    line: lines.linePos(error.pos[0]).line,
    message: `Malformed YAML: ${firstLine(error.message)}`,
  }));
  if (problems.length === 0) problems.push(...aliasProblems(file, doc, lines));
  if (problems.length > 0) return { problems };
  return { source: { value: doc.toJS(), lineOf: (path) => lineOf(doc, lines, path) }, problems };
}

/** One problem per zod issue, each on the line of the value it is about. */
export function schemaProblems(file: string, source: YamlSource, error: z.ZodError): Problem[] {
  return error.issues.map((issue) => {
    const unknownKey = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    const line = source.lineOf([...issue.path, ...unknownKey]);
    const where = issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")}: `;
    return { file, line, message: `${where}${issue.message}` };
  });
}

/** Aliases are refused, not counted: nested ones grow without bound, and a dataset must read as it is. */
function aliasProblems(file: string, doc: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(doc, {
    Alias(_key, node) {
      const line = lines.linePos(node.range?.[0] ?? 0).line;
      problems.push({
        file,
        line,
        message: `YAML alias *${node.source} is not allowed: write the value out.`,
      });
      return visit.BREAK;
    },
  });
  return problems;
}

function lineOf(doc: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = doc.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) break;
    offset = next.offset ?? offset;
    node = next.node;
  }
  return lines.linePos(offset).line;
}

function child(node: unknown, step: PropertyKey): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
    // The key's line, not the value's: a folded block's value starts a line later.
    return pair && { node: pair.value, offset: startOf(pair.key) };
  }
  if (typeof node === "object" && node !== null && "items" in node && Array.isArray(node.items)) {
    const item: unknown = node.items[Number(step)];
    return item === undefined ? undefined : { node: item, offset: startOf(item) };
  }
  return undefined;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || isAlias(node)) return undefined;
  return (node as Partial<Node>).range?.[0];
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
