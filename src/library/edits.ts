import { type LibraryDocument, layoutOf, parseLibrary, placeOf, settleNextId } from "./document.ts";
import { GrpoError } from "./error.ts";
import type { Item } from "./items.ts";

/*
 * Every edit is a splice of the source: only the bytes of the experience concerned change, so that comments,
 * line ends and free text of the person who keeps the file survive.
 */

/** Appends an experience below the last one (or at the end of the file). `text` is one safe line. */
export function addExperience(
  document: LibraryDocument,
  text: string,
): { document: LibraryDocument; id: string } {
  const { source } = document;
  const { items } = layoutOf(source, placeOf(document));
  const id = `E${document.nextId}`;
  const eol = lineEnd(source);
  const last = items.at(-1);
  const at = last === undefined ? source.length : last.end;
  const before = source.slice(0, at);
  const fresh = before.endsWith("\n") || before === "" ? "" : eol;
  const gap = last === undefined && !/\n\r?\n$/.test(before) ? eol : "";
  const added = `${before}${fresh}${gap}- [${id}] ${text}${eol}${source.slice(at)}`;
  return { document: edited(document, added, document.nextId + 1), id };
}

/** Replaces the text of one experience; comments inside it stay. */
export function rewriteExperience(document: LibraryDocument, id: string, text: string): LibraryDocument {
  const { source } = document;
  const item = itemOf(document, id);
  const [first, ...others] = item.textSpans;
  if (first === undefined) return document;
  let rewritten = source;
  for (const span of others.reverse()) {
    rewritten = rewritten.slice(0, span.start).trimEnd() + rewritten.slice(span.end);
  }
  rewritten = rewritten.slice(0, first.start) + text + rewritten.slice(first.end);
  return edited(document, rewritten, document.nextId);
}

/** Removes one experience with the comments inside it; what stands between experiences stays. */
export function removeExperience(document: LibraryDocument, id: string): LibraryDocument {
  const item = itemOf(document, id);
  const rest = document.source.slice(0, item.start) + document.source.slice(item.end);
  return edited(document, rest, document.nextId);
}

/**
 * The experiences in another order, each with its own bytes; what stands between them stays where it is.
 * `ids` names every experience once.
 * @throws GrpoError LIBRARY_ORDER_INVALID
 */
export function orderExperiences(document: LibraryDocument, ids: readonly string[]): LibraryDocument {
  const { source } = document;
  const { items } = layoutOf(source, placeOf(document));
  const byId = new Map(items.map((item) => [item.id, item]));
  const ordered = ids.flatMap((id) => byId.get(id) ?? []);
  if (new Set(ids).size !== ids.length || ordered.length !== ids.length || ids.length !== items.length) {
    throw new GrpoError({
      code: "LIBRARY_ORDER_INVALID",
      message: `The order ${ids.join(", ")} does not name every experience of the library once.`,
      place: placeOf(document),
      remedy: `Name each of these once: ${items.map((item) => item.id).join(", ")}.`,
    });
  }
  const eol = lineEnd(source);
  let at = 0;
  let reordered = "";
  items.forEach((slot, index) => {
    const item = ordered[index] ?? slot;
    const isOpen = !source.slice(slot.start, slot.end).endsWith("\n");
    const bytes = source.slice(item.start, item.end);
    // The last line of a file may lack its line end; it is the slot that lacks it, not the item.
    const closed = bytes.endsWith("\n") ? bytes : bytes + eol;
    reordered += source.slice(at, slot.start) + (isOpen ? closed.replace(/\r?\n$/, "") : closed);
    at = slot.end;
  });
  return edited(document, reordered + source.slice(at), document.nextId);
}

function itemOf(document: LibraryDocument, id: string): Item {
  const item = layoutOf(document.source, placeOf(document)).items.find((each) => each.id === id);
  if (item !== undefined) return item;
  throw new GrpoError({
    code: "LIBRARY_ID_UNKNOWN",
    message: `The library has no experience ${id}.`,
    place: placeOf(document),
    remedy: `Name one of these: ${document.experiences.map((experience) => experience.id).join(", ") || "(none)"}.`,
  });
}

function edited(document: LibraryDocument, source: string, nextId: number): LibraryDocument {
  return settleNextId({ ...parseLibrary(source, placeOf(document)), nextId });
}

function lineEnd(source: string): string {
  return /^[^\n]*\r\n/.test(source) ? "\r\n" : "\n";
}
