import type { LibraryDocument } from "./document.ts";
import { GrpoError } from "./error.ts";
import type { Experience } from "./experience.ts";
import { hashText, readText } from "./files.ts";
import { appendToSystemPrompt } from "./inject.ts";
import { renderExperiences } from "./render.ts";
import { type LibraryPlace, parseOwn, requireVersion } from "./state.ts";
import type { LibraryStore } from "./store.ts";
import { filesOf, readEntries } from "./store-files.ts";

export interface OpenLibraryOptions {
  /** Folder that holds one folder an agent; `experiences` by default. */
  root?: string;
  agent: string;
  /** `common` by default. */
  route?: string;
  /** An earlier version, from the history; by default what the library file says now. */
  version?: number;
}

/** A library for use in production: read once, then plain data. */
export interface OpenedLibrary {
  readonly version: number;
  /** sha256 of the library's text. */
  readonly hash: string;
  readonly experiences: readonly Experience[];
  /** The system prompt with the experiences below it; unchanged when there are none. */
  inject(systemPrompt: string): string;
}

/**
 * Reads a library, synchronously, for an agent's own loader. Nothing is ever written.
 * @throws GrpoError LIBRARY_NOT_FOUND, LIBRARY_VERSION_UNKNOWN, LIBRARY_NAME_INVALID, and what `parseLibrary` throws
 */
export function openLibrary(options: OpenLibraryOptions): OpenedLibrary {
  const files = filesOf({
    root: options.root ?? "experiences",
    agent: options.agent,
    route: options.route ?? "common",
  });
  if (options.version !== undefined) {
    const { text, version } = requireVersion(files, readEntries(files), options.version);
    return opened(parseOwn(files, text, `${files.historyPath} version ${version}`), version);
  }
  return openedNow(files, readText(files.path));
}

/**
 * The same from a store, a database's for example: what the library says now, or one of its versions.
 * @throws GrpoError as `openLibrary`, and what keeps the store from being read
 */
export async function openLibraryFrom(store: LibraryStore, version?: number): Promise<OpenedLibrary> {
  if (version !== undefined) return opened(await store.readVersion(version), version);
  return openedNow(store, await store.current());
}

function openedNow(place: LibraryPlace, text: string | null): OpenedLibrary {
  if (text === null) {
    throw new GrpoError({
      code: "LIBRARY_NOT_FOUND",
      message: `There is no library for agent ${place.agent}, route ${place.route}.`,
      place: place.path,
      remedy: "Check root, agent and route, or train the agent first.",
    });
  }
  const document = parseOwn(place, text, place.path);
  return opened(document, document.version);
}

function opened(document: LibraryDocument, version: number): OpenedLibrary {
  const block = renderExperiences(document);
  return {
    version,
    hash: hashText(document.source),
    experiences: document.experiences,
    inject: (systemPrompt) => appendToSystemPrompt(systemPrompt, block),
  };
}
