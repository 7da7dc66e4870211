import { diffWordsWithSpace } from "diff";
import { type ChangedText, changesBetween, type LibraryChanges } from "./changes.ts";
import type { LibraryDocument } from "./document.ts";
import { safeLine } from "./text.ts";

/** A run of words of a changed text. */
export interface WordChange {
  kind: "same" | "added" | "removed";
  text: string;
}

/** An experience that both libraries have, with other words. */
export interface ChangedExperience extends ChangedText {
  words: WordChange[];
}

export interface LibraryDiff extends LibraryChanges {
  changed: ChangedExperience[];
}

/** What changes from `a` to `b`, experience by experience. */
export function diffLibraries(a: LibraryDocument, b: LibraryDocument): LibraryDiff {
  const changes = changesBetween(a, b);
  const changed = changes.changed.map((one) => ({ ...one, words: wordChanges(one.before, one.after) }));
  return { ...changes, changed };
}

/** One line a change, for a terminal: `+` added, `-` removed, `~` changed with `[-old-]` and `{+new+}` words. */
export function formatDiff(diff: LibraryDiff): string {
  const lines = [
    ...diff.removed.map(({ id, text }) => `- [${id}] ${safeLine(text)}`),
    ...diff.changed.map(({ id, words }) => `~ [${id}] ${safeLine(words.map(markWords).join(""))}`),
    ...diff.added.map(({ id, text }) => `+ [${id}] ${safeLine(text)}`),
    ...(diff.reordered ? ["  the experiences stand in another order"] : []),
  ];
  return lines.length === 0 ? "No experience differs." : lines.join("\n");
}

function wordChanges(before: string, after: string): WordChange[] {
  return diffWordsWithSpace(before, after).map(({ added, removed, value }) => ({
    kind: added ? "added" : removed ? "removed" : "same",
    text: value,
  }));
}

function markWords({ kind, text }: WordChange): string {
  if (kind === "same") return text;
  return kind === "added" ? `{+${text}+}` : `[-${text}-]`;
}
