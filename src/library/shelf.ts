import { readdirSync, statSync } from "node:fs";
import type { LibraryDocument } from "./document.ts";
import { GrpoError } from "./error.ts";
import { NAME_PATTERN } from "./experience.ts";
import { errorCode, hashText, readText as textOf } from "./files.ts";
import { COMMON } from "./routing.ts";
import { type LibraryPlace, parseOwn, requireVersion } from "./state.ts";
import { filesOf, type LibraryFiles, readEntries } from "./store-files.ts";

/** A library as it was read, and what names its text. */
export interface ReadLibrary {
  document: LibraryDocument;
  version: number;
  /** sha256 of the text. */
  hash: string;
}

/** Which libraries of an agent to read. */
export interface ShelfOptions {
  root: string;
  agent: string;
  /** One route and the common library below it; absent: every route that has a library. */
  route?: string;
  /** An earlier version, of the route's library (of the common one where every route is read), or by route. */
  version?: number | Readonly<Record<string, number>>;
}

/** Libraries by route. */
export type Shelf = ReadonlyMap<string, ReadLibrary>;

/** The route whose versions are pinned and compared. */
export const leadingRoute = ({ route }: Pick<ShelfOptions, "route">): string => route ?? COMMON;

/**
 * Reads an agent's libraries; nothing is ever written.
 * @throws GrpoError LIBRARY_NOT_FOUND when the leading library is missing, LIBRARY_VERSION_UNKNOWN,
 * LIBRARY_NAME_INVALID, LIBRARY_NOT_READABLE, and what `parseLibrary` throws
 */
export function readShelf(options: ShelfOptions): Shelf {
  const { version } = options;
  const leading = leadingRoute(options);
  const shelf = new Map<string, ReadLibrary>();
  for (const files of libraries(options)) {
    const pinned =
      typeof version === "number" ? (files.route === leading ? version : undefined) : version?.[files.route];
    const found = readLibrary(files, pinned);
    if (found !== null) shelf.set(files.route, found);
    else if (files.route === leading) throw notFound(files);
  }
  return shelf;
}

function readLibrary(files: LibraryFiles, version: number | undefined): ReadLibrary | null {
  if (version === undefined) return readText(files, textOf(files.path));
  const entry = requireVersion(files, readEntries(files), version);
  return readDocument(parseOwn(files, entry.text, `${files.historyPath} version ${version}`), version);
}

/** A library's text as it stands; null when there is none. @throws GrpoError what `parseLibrary` throws */
export function readText(place: LibraryPlace, text: string | null): ReadLibrary | null {
  if (text === null) return null;
  const document = parseOwn(place, text, place.path);
  return readDocument(document, document.version);
}

export const readDocument = (document: LibraryDocument, version: number): ReadLibrary => ({
  document,
  version,
  hash: hashText(document.source),
});

function libraries({ root, agent, route }: ShelfOptions): LibraryFiles[] {
  const at = (name: string): LibraryFiles => filesOf({ root, agent, route: name });
  if (route !== undefined) return [...new Set([COMMON, route])].map(at);
  return [...new Set([COMMON, ...routesOnDisk(at(COMMON).folder)])].map(at);
}

/** Routes that have a library file, in order of name. */
function routesOnDisk(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".md"))
      .map((name) => name.slice(0, -3))
      .filter((name) => NAME_PATTERN.test(name))
      .sort();
  } catch {
    // The missing folder is told as the missing library.
    return [];
  }
}

/** What changes when a file does: its inode, size and time, of every library that `readShelf` would read. */
export function stampOf(options: ShelfOptions): string {
  return libraries(options)
    .map(({ path, route }) => {
      try {
        const { ino, size, mtimeMs } = statSync(path);
        return `${route}:${ino}:${size}:${mtimeMs}`;
      } catch (error) {
        return `${route}:${errorCode(error) ?? "?"}`;
      }
    })
    .join(" ");
}

export const notFound = ({ agent, route, path }: LibraryPlace): GrpoError =>
  new GrpoError({
    code: "LIBRARY_NOT_FOUND",
    message: `There is no library for agent ${agent}, route ${route}.`,
    place: path,
    remedy: "Check root, agent and route, or train the agent first.",
  });
