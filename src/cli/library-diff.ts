import { diffLibraries, formatDiff } from "../library/diff.ts";
import type { LibraryStore } from "../library/store.ts";

/** `library diff A B`. */
export function diffVersions(store: LibraryStore, a: number, b: number): string {
  return formatDiff(diffLibraries(store.readVersion(a), store.readVersion(b)));
}
