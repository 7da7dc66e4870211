import { diffWordsWithSpace } from "diff";
import type { LibraryDocument } from "./document.ts";
import type { Experience } from "./experience.ts";
import type { Operation } from "./operations.ts";
import { safeLine } from "./text.ts";

/** A run of words of a changed text. */
export interface WordChange {
  kind: "same" | "added" | "removed";
  text: string;
}

/** An experience that both libraries have, with other words. */
export interface ChangedExperience {
  id: string;
  before: string;
  after: string;
  words: WordChange[];
}

export interface LibraryDiff {
  added: Experience[];
  removed: Experience[];
  changed: ChangedExperience[];
  /** The experiences that both have stand in another order. */
  reordered: boolean;
}

/** What changes from `a` to `b`, experience by experience. */
export function diffLibraries(a: LibraryDocument, b: LibraryDocument): LibraryDiff {
  const before = new Map(a.experiences.map(({ id, text }) => [id, text]));
  const after = new Map(b.experiences.map(({ id, text }) => [id, text]));
  const changed = b.experiences.flatMap(({ id, text }) => {
    const old = before.get(id);
    if (old === undefined || old === text) return [];
    return [{ id, before: old, after: text, words: wordChanges(old, text) }];
  });
  const sharedInA = [...before.keys()].filter((id) => after.has(id));
  const sharedInB = [...after.keys()].filter((id) => before.has(id));
  return {
    added: b.experiences.filter(({ id }) => !before.has(id)),
    removed: a.experiences.filter(({ id }) => !after.has(id)),
    changed,
    reordered: sharedInA.join() !== sharedInB.join(),
  };
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

/** The operations that would have made `b` of `a`: how a person's edit enters the history. */
export function operationsBetween(a: LibraryDocument, b: LibraryDocument): Operation[] {
  const { added, removed, changed } = diffLibraries(a, b);
  return [
    ...removed.map(({ id }): Operation => ({ op: "DELETE", id })),
    ...changed.map(({ id, after }): Operation => ({ op: "MODIFY", id, text: after })),
    ...added.map(({ text }): Operation => ({ op: "ADD", text })),
  ];
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
