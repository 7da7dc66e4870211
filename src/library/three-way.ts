import { diffLibraries, formatDiff, type LibraryDiff } from "./diff.ts";
import { type LibraryDocument, parseLibrary } from "./document.ts";
import { GrpoError } from "./error.ts";

/** The texts of a library that two changed at once; null is no file. `ours` is missing before a candidate is made. */
export interface ThreeTexts {
  base: string | null;
  theirs: string | null;
  ours?: string;
}

/**
 * What somebody changed in a library and what a run would have changed, each against the text that the run
 * began with, and the experiences that both touch. Several lines, safe for a terminal.
 */
export function threeWayPicture(place: string, { base, theirs, ours }: ThreeTexts): string {
  const from = base === null ? null : parseLibrary(base, place);
  const changed = "on the disk, since the run last saw it:";
  const onDisk = theirs === null ? "the file is gone" : readable(theirs, place);
  if (typeof onDisk === "string") return [changed, indent(onDisk)].join("\n");
  const their = diffFrom(from, onDisk);
  if (ours === undefined) return [changed, indent(formatDiff(their))].join("\n");
  const our = diffFrom(from, parseLibrary(ours, place));
  const both = touched(their).filter((id) => touched(our).includes(id));
  return [
    changed,
    indent(formatDiff(their)),
    "what the run would have changed:",
    indent(formatDiff(our)),
    both.length === 0 ? "no experience is changed by both" : `changed by both: ${both.join(", ")}`,
  ].join("\n");
}

const diffFrom = (from: LibraryDocument | null, to: LibraryDocument): LibraryDiff =>
  diffLibraries(from ?? { ...to, experiences: [] }, to);

const touched = ({ added, removed, changed }: LibraryDiff): string[] =>
  [...added, ...removed, ...changed].map(({ id }) => id);

function readable(text: string, place: string): LibraryDocument | string {
  try {
    return parseLibrary(text, place);
  } catch (error) {
    if (error instanceof GrpoError) return error.describe();
    throw error;
  }
}

const indent = (text: string): string => text.replace(/^/gm, "  ");
