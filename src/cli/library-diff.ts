import { diffLibraries, formatDiff } from "../library/diff.ts";
import type { LibraryStore } from "../library/store.ts";

/** `library diff A B`. */
export async function diffVersions(store: LibraryStore, a: number, b: number): Promise<string> {
  return formatDiff(diffLibraries(await store.readVersion(a), await store.readVersion(b)));
}
