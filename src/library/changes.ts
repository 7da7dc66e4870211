import type { LibraryDocument } from "./document.ts";
import type { Experience } from "./experience.ts";
import type { Operation } from "./operations.ts";

/** An experience that both libraries have, with another text. */
export interface ChangedText {
  id: string;
  before: string;
  after: string;
}

/** What differs between two libraries, whole experiences; src/library/diff.ts has the words of those that changed. */
export interface LibraryChanges {
  added: Experience[];
  removed: Experience[];
  changed: ChangedText[];
  /** The experiences that both have stand in another order. */
  reordered: boolean;
}

export function changesBetween(a: LibraryDocument, b: LibraryDocument): LibraryChanges {
  const before = new Map(a.experiences.map(({ id, text }) => [id, text]));
  const after = new Map(b.experiences.map(({ id, text }) => [id, text]));
  const changed = b.experiences.flatMap(({ id, text }) => {
    const old = before.get(id);
    return old === undefined || old === text ? [] : [{ id, before: old, after: text }];
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

/** The operations that would have made `b` of `a`: how a person's edit enters the history. */
export function operationsBetween(a: LibraryDocument, b: LibraryDocument): Operation[] {
  const { added, removed, changed } = changesBetween(a, b);
  return [
    ...removed.map(({ id }): Operation => ({ op: "DELETE", id })),
    ...changed.map(({ id, after }): Operation => ({ op: "MODIFY", id, text: after })),
    ...added.map(({ text }): Operation => ({ op: "ADD", text })),
  ];
}
