import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { Span } from "./comments.ts";
import { GrpoError } from "./error.ts";
import { NAME_PATTERN } from "./experience.ts";
import { isTooDeep } from "./yaml-limits.ts";

/** The head of a library file, with the ranges that an edit may replace. Other keys are kept and ignored. */
export interface FrontMatter {
  agent: string;
  route: string;
  version: number;
  /** The lowest number that no id has used; written only when it does not follow from the items. */
  nextId: number | null;
  versionSpan: Span;
  nextIdSpan: Span | null;
  /** Where the text after the front matter starts. */
  bodyStart: number;
}

const FieldsSchema = z.looseObject({
  agent: z.string().regex(NAME_PATTERN),
  route: z.string().regex(NAME_PATTERN),
  version: z.int().min(0),
  next_id: z.int().min(1).max(999_999).optional(),
});

/** @throws GrpoError LIBRARY_FRONT_MATTER with file and line */
export function parseFrontMatter(source: string, place: string): FrontMatter {
  const start = source.startsWith("\ufeff") ? 1 : 0;
  const open = /^---[ \t]*\r?\n/.exec(source.slice(start));
  if (open === null) throw problem("the file does not start with front matter.", `${place}:1`);
  const yamlStart = start + open[0].length;
  const close = /^---[ \t]*(?:\r?\n|$)/m.exec(source.slice(yamlStart));
  if (close === null) throw problem("the front matter is never closed by a line '---'.", `${place}:1`);
  const yamlText = source.slice(yamlStart, yamlStart + close.index);
  const bodyStart = yamlStart + close.index + close[0].length;

  const lines = new LineCounter();
  if (isTooDeep(yamlText)) throw problem("the front matter is nested too deep.", `${place}:1`);
  const document = parseDocument(yamlText, { lineCounter: lines });
  const lineOf = (offset: number) => `${place}:${lines.linePos(offset).line + 1}`;
  const broken = document.errors[0];
  if (broken !== undefined) throw problem(`${firstLine(broken.message)}.`, lineOf(broken.pos[0]));
  const map = document.contents;
  if (!isMap(map) || map.flow === true)
    throw problem("the front matter is not one key a line.", `${place}:2`);

  // Only these four are read: what else a person keeps there (aliases of any size, too) is never expanded.
  const fields = FieldsSchema.safeParse(
    Object.fromEntries(Object.keys(FieldsSchema.shape).map((key) => [key, map.get(key)])),
  );
  const spanOf = (key: string): Span | null => {
    const node = map.get(key, true);
    if (!isScalar(node) || node.range === null || node.range === undefined) return null;
    return { start: yamlStart + node.range[0], end: yamlStart + node.range[1] };
  };
  if (!fields.success) {
    const key = String(fields.error.issues[0]?.path[0] ?? "agent");
    const span = spanOf(key);
    const at = span === null ? `${place}:1` : lineOf(span.start - yamlStart);
    throw problem(`the front matter's ${key} is missing or malformed.`, at);
  }
  const versionSpan = spanOf("version");
  if (versionSpan === null) throw problem("the front matter's version is not a plain number.", `${place}:1`);
  const { agent, route, version, next_id } = fields.data;
  const nextIdSpan = next_id === undefined ? null : spanOf("next_id");
  return { agent, route, version, nextId: next_id ?? null, versionSpan, nextIdSpan, bodyStart };
}

/** The source with another version number; nothing else changes. */
export function spliceVersion(source: string, head: FrontMatter, version: number): string {
  return source.slice(0, head.versionSpan.start) + String(version) + source.slice(head.versionSpan.end);
}

/** The source with `next_id` set: replaced where it is, otherwise a line of its own below `version`. */
export function spliceNextId(source: string, head: FrontMatter, nextId: number): string {
  if (head.nextIdSpan !== null) {
    return source.slice(0, head.nextIdSpan.start) + String(nextId) + source.slice(head.nextIdSpan.end);
  }
  const versionLine = source.lastIndexOf("\n", head.versionSpan.start) + 1;
  const indent = /^[ \t]*/.exec(source.slice(versionLine))?.[0] ?? "";
  const lineFeed = source.indexOf("\n", head.versionSpan.end);
  const eol = source[lineFeed - 1] === "\r" ? "\r\n" : "\n";
  return `${source.slice(0, lineFeed + 1)}${indent}next_id: ${nextId}${eol}${source.slice(lineFeed + 1)}`;
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/[.:\s]+$/, "");
}

function problem(message: string, place: string): GrpoError {
  return new GrpoError({
    code: "LIBRARY_FRONT_MATTER",
    message: `The library cannot be read: ${message}`,
    place,
    remedy: "Start the file with '---', the keys agent, route and version (a whole number), and '---'.",
  });
}
