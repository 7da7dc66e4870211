import { GrpoError } from "./error.ts";
import { type Experience, idNumber, normaliseText, requireName } from "./experience.ts";
import { type FrontMatter, parseFrontMatter, spliceNextId, spliceVersion } from "./front-matter.ts";
import { type Item, lineNumber, scanItems } from "./items.ts";
import { findForbidden } from "./text.ts";

/** A library as it was read: plain data. `source` is the file's text, byte for byte; the rest follows from it. */
export interface LibraryDocument {
  readonly agent: string;
  readonly route: string;
  /** What the front matter says; 0 before the first commit. */
  readonly version: number;
  /** The number of the next new id: above every id in the text, its `next_id`, and (from a store) its history. */
  readonly nextId: number;
  readonly experiences: readonly Experience[];
  readonly source: string;
}

/**
 * Reads a library. `place` is the file's path, for errors.
 * @throws GrpoError LIBRARY_BAD_CHARACTER, LIBRARY_FRONT_MATTER, LIBRARY_ITEM_MALFORMED, LIBRARY_UNCLOSED,
 * LIBRARY_DUPLICATE_ID, LIBRARY_DUPLICATE_TEXT, each with file and line
 */
export function parseLibrary(source: string, place: string): LibraryDocument {
  const { head, items } = layoutOf(source, place);
  const highest = Math.max(0, ...items.map((item) => idNumber(item.id)));
  return {
    agent: head.agent,
    route: head.route,
    version: head.version,
    nextId: Math.max(highest + 1, head.nextId ?? 1),
    experiences: items.map(({ id, text }) => ({ id, text })),
    source,
  };
}

/** The file's text; the inverse of `parseLibrary`, byte for byte. */
export function printLibrary(document: LibraryDocument): string {
  return document.source;
}

/** @throws GrpoError LIBRARY_NAME_INVALID */
export function emptyLibrary(names: { agent: string; route: string }): LibraryDocument {
  const agent = requireName("agent", names.agent);
  const route = requireName("route", names.route);
  // Quoted where YAML would read a number, a date or a truth value.
  const head = `agent: ${yamlName(agent)}\nroute: ${yamlName(route)}\nversion: 0\n`;
  return parseLibrary(`---\n${head}---\n# Experiences of ${agent} (${route})\n`, `${agent}/${route}.md`);
}

/** The same library under another version number, by splice. */
export function withVersion(document: LibraryDocument, version: number): LibraryDocument {
  const { head } = layoutOf(document.source, placeOf(document));
  return { ...document, version, source: spliceVersion(document.source, head, version) };
}

/** The same library whose next new id is at least `nextId`; its text changes at the next edit only. */
export function withNextId(document: LibraryDocument, nextId: number): LibraryDocument {
  return nextId <= document.nextId ? document : { ...document, nextId };
}

/** The same text, with `next_id` written into it where the number does not follow from what it holds. */
export function settleNextId(document: LibraryDocument): LibraryDocument {
  const written = parseLibrary(document.source, placeOf(document));
  if (written.nextId >= document.nextId) return written;
  const { head } = layoutOf(document.source, placeOf(document));
  return parseLibrary(spliceNextId(document.source, head, document.nextId), placeOf(document));
}

interface Layout {
  readonly head: FrontMatter;
  readonly items: readonly Item[];
}

/** An edit reads its document, and the next edit of a batch reads what came of it. */
let latest: { source: string; place: string; layout: Layout } | undefined;

/** Where everything stands in the source. */
export function layoutOf(source: string, place: string): Layout {
  if (latest?.source !== source || latest.place !== place)
    latest = { source, place, layout: readLayout(source, place) };
  return latest.layout;
}

function readLayout(source: string, place: string): Layout {
  const forbidden = findForbidden(source);
  if (forbidden !== null) {
    throw new GrpoError({
      code: "LIBRARY_BAD_CHARACTER",
      message: `The library holds the character ${forbidden.name}, which is no text.`,
      place: `${place}:${lineNumber(source, forbidden.index)}`,
      remedy: "Remove the character; save the file as UTF-8 text.",
    });
  }
  const head = parseFrontMatter(source, place);
  const items = scanItems(source, head.bodyStart, place);
  refuseDuplicates(items, place);
  return { head, items };
}

/** How a document is named in errors when its file is not known. */
export function placeOf(document: LibraryDocument): string {
  return `${document.agent}/${document.route}.md`;
}

function refuseDuplicates(items: readonly Item[], place: string): void {
  const ids = new Map<string, Item>();
  const texts = new Map<string, Item>();
  for (const item of items) {
    const sameId = ids.get(item.id);
    if (sameId !== undefined) {
      throw new GrpoError({
        code: "LIBRARY_DUPLICATE_ID",
        message: `The id ${item.id} is already taken on line ${sameId.line}.`,
        place: `${place}:${item.line}`,
        remedy: "Give one of the two a number that was never used.",
      });
    }
    const normal = normaliseText(item.text);
    const sameText = texts.get(normal);
    if (sameText !== undefined) {
      throw new GrpoError({
        code: "LIBRARY_DUPLICATE_TEXT",
        message: `${item.id} says the same as ${sameText.id} on line ${sameText.line}.`,
        place: `${place}:${item.line}`,
        remedy: "Remove one of the two, or word them differently.",
      });
    }
    ids.set(item.id, item);
    texts.set(normal, item);
  }
}

function yamlName(name: string): string {
  return /^[a-z]/.test(name) && !/^(?:true|false|null|yes|no|on|off)$/.test(name)
    ? name
    : JSON.stringify(name);
}
