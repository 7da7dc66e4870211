import { findComments, maskComments, type Span, spansOutside } from "./comments.ts";
import { GrpoError } from "./error.ts";
import { foldWhitespace } from "./text.ts";

/** One list item `- [E<n>] text` as it stands in the source. */
export interface Item extends Span {
  id: string;
  /** Comments left out, white space folded. */
  text: string;
  line: number;
  /** The parts of the item that are its text, in order; comments lie between them. */
  textSpans: Span[];
}

interface OpenItem {
  id: string;
  line: number;
  start: number;
  contentStart: number;
  contentEnd: number;
  end: number;
}

interface Line extends Span {
  number: number;
  /** Start of the next line. */
  next: number;
  /** Comments blanked. */
  masked: string;
  raw: string;
  startsInComment: boolean;
}

const ITEM = /^- \[(E[1-9]\d{0,5})\](?=[ \t]|$)/;
const LOOKS_LIKE_ITEM = /^\s*(?:[-*+]|\d+[.)])?\s*\\?\[\s*E\s*-?\d*\s*\\?\]/i;
const BULLET = /^ {0,3}[-*+](?:[ \t]|$)/;
const THEMATIC_BREAK = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** What may follow an item on the very next line without being read as part of its text by a Markdown reader. */
const STARTS_A_BLOCK = /^(?:[#<>|]|`{3}|~{3})/;

/**
 * The experiences of a library's body. Everything that is not one is free text and belongs to the person who
 * wrote it; what looks like an experience and is not one is refused, so that nobody's line is silently ignored.
 * @throws GrpoError LIBRARY_ITEM_MALFORMED, LIBRARY_UNCLOSED with file and line
 */
export function scanItems(source: string, bodyStart: number, place: string): Item[] {
  const { comments, unclosed } = findComments(source, bodyStart);
  if (unclosed !== null) throw neverClosed("comment", "-->", `${place}:${lineNumber(source, unclosed)}`);
  const open: OpenItem[] = [];
  let current: OpenItem | null = null;
  let fence: { mark: string; line: number } | null = null;
  let attached = false;
  for (const line of linesOf(source, bodyStart, comments)) {
    if (fence !== null) {
      if (closesFence(line.masked, fence.mark)) fence = null;
      continue;
    }
    if (!line.startsInComment) attached = /^[ \t]/.test(line.raw);
    const started = line.startsInComment ? null : startItem(line);
    if (started !== null) {
      current = started;
      open.push(started);
      attached = true;
      continue;
    }
    const touches = current !== null && current.end === line.start;
    if (line.masked.trim() === "") {
      // A comment indented directly below an item is the item's own and moves with it.
      const isComment = line.raw.trim() !== "" || line.startsInComment;
      if (isComment && attached && touches && current !== null) current.end = line.next;
      continue;
    }
    refuseLookAlike(line, current !== null && attached, place);
    if (current !== null && attached) {
      current.contentEnd = line.end;
      current.end = line.next;
      continue;
    }
    if (touches && !STARTS_A_BLOCK.test(line.raw) && !THEMATIC_BREAK.test(line.raw)) {
      throw malformed("this line continues an experience but is not indented", `${place}:${line.number}`);
    }
    current = null;
    const opened = FENCE.exec(line.masked)?.[1];
    if (opened !== undefined) fence = { mark: opened, line: line.number };
  }
  if (fence !== null) throw neverClosed("code block", fence.mark, `${place}:${fence.line}`);
  return open.map((item) => closeItem(source, item, comments, place));
}

/** 1-based. */
export function lineNumber(source: string, index: number): number {
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < index; at = source.indexOf("\n", at + 1)) line += 1;
  return line;
}

function* linesOf(source: string, bodyStart: number, comments: readonly Span[]): Generator<Line> {
  const masked = maskComments(source, comments);
  let number = lineNumber(source, bodyStart);
  let start = bodyStart;
  while (start < source.length) {
    const lineFeed = source.indexOf("\n", start);
    const next = lineFeed === -1 ? source.length : lineFeed + 1;
    const end = start + source.slice(start, next).replace(/\r?\n$/, "").length;
    const startsInComment = comments.some((comment) => comment.start < start && start < comment.end);
    const raw = source.slice(start, end);
    yield { number, start, end, next, raw, masked: masked.slice(start, end), startsInComment };
    start = next;
    number += 1;
  }
}

function startItem(line: Line): OpenItem | null {
  const match = ITEM.exec(line.masked);
  if (match === null) return null;
  const { start, end, next, number } = line;
  return {
    id: match[1] ?? "",
    line: number,
    start,
    contentStart: start + match[0].length,
    contentEnd: end,
    end: next,
  };
}

function refuseLookAlike(line: Line, insideItem: boolean, place: string): void {
  const at = `${place}:${line.number}`;
  if (LOOKS_LIKE_ITEM.test(line.masked))
    throw malformed("this line looks like an experience but is not one", at);
  const isBullet = BULLET.test(line.masked) && !THEMATIC_BREAK.test(line.masked);
  if (isBullet && !insideItem) throw malformed("this list item has no id", at);
}

function closesFence(masked: string, mark: string): boolean {
  const closing = FENCE.exec(masked)?.[1] ?? "";
  return closing.startsWith(mark) && masked.trim() === closing;
}

function closeItem(source: string, item: OpenItem, comments: readonly Span[], place: string): Item {
  let { end } = item;
  for (const comment of comments) {
    if (comment.start < item.start || comment.start >= end || comment.end <= end) continue;
    const lineFeed = source.indexOf("\n", comment.end);
    end = lineFeed === -1 ? source.length : lineFeed + 1;
  }
  const content = { start: item.contentStart, end: item.contentEnd };
  const textSpans = spansOutside(source, content, comments);
  const text = foldWhitespace(textSpans.map((span) => source.slice(span.start, span.end)).join(" "));
  if (text === "") throw malformed(`experience ${item.id} has no text`, `${place}:${item.line}`);
  return { id: item.id, text, line: item.line, start: item.start, end, textSpans };
}

function malformed(message: string, place: string): GrpoError {
  return new GrpoError({
    code: "LIBRARY_ITEM_MALFORMED",
    message: `In the library, ${message}.`,
    place,
    remedy:
      "Write every experience as '- [E7] text' at the start of a line, with a number that was never used, and further lines indented; put notes into plain paragraphs or <!-- comments -->.",
  });
}

function neverClosed(what: string, mark: string, place: string): GrpoError {
  return new GrpoError({
    code: "LIBRARY_UNCLOSED",
    message: `A ${what} opens here and is never closed, so what follows it cannot be told from it.`,
    place,
    remedy: `Close it with '${mark}'.`,
  });
}
