import type { LibraryDocument } from "./document.ts";
import { GrpoError } from "./error.ts";
import type { Experience } from "./experience.ts";
import { hashText, readText } from "./files.ts";
import { appendToSystemPrompt } from "./inject.ts";
import { renderExperiences } from "./render.ts";
import { filesOf, parseOwn, readEntries, requireVersion } from "./store-files.ts";

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
    return opened(parseOwn(files, text, `${files.history} version ${version}`), version);
  }
  const text = readText(files.library);
  if (text === null) {
    throw new GrpoError({
      code: "LIBRARY_NOT_FOUND",
      message: `There is no library for agent ${files.agent}, route ${files.route}.`,
      place: files.library,
      remedy: "Check root, agent and route, or train the agent first.",
    });
  }
  const document = parseOwn(files, text, files.library);
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
