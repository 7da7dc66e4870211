import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { GrpoError } from "./error.ts";
import { readShelf, type Shelf, type ShelfOptions, stampOf } from "./shelf.ts";

export interface WatchOptions {
  /** Without an event, files are looked at so often at most, during a call. Default 1000. */
  everyMs?: number;
  /** A change is read when the files have been still for so long. Default 100. */
  settleMs?: number;
  /** Called after a change was read. */
  onReload?: (shelf: Shelf) => void;
  /** Called when a change cannot be read; what was there before stays in use. */
  onError?: (error: GrpoError) => void;
}

/** Libraries that follow their files. */
export interface WatchedShelf {
  current(): Shelf;
  close(): void;
}

/** Follows the files by the system's events where there are any, and by looking now and then where not. */
export function watchShelf(options: ShelfOptions, start: Shelf, watching: WatchOptions): WatchedShelf {
  const { everyMs = 1_000, settleMs = 100 } = watching;
  let shelf = start;
  let stamp = stampOf(options);
  let changed: { stamp: string; since: number } | undefined;
  let looked = Date.now();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    looked = Date.now();
    const now = stampOf(options);
    if (now === stamp) {
      changed = undefined;
      return;
    }
    if (changed?.stamp !== now) changed = { stamp: now, since: looked };
    if (looked - changed.since < settleMs) {
      later();
      return;
    }
    stamp = now;
    changed = undefined;
    try {
      shelf = readAgain(options, shelf);
    } catch (error) {
      if (!(error instanceof GrpoError)) throw error;
      watching.onError?.(error);
      return;
    }
    watching.onReload?.(shelf);
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, settleMs).unref();
  };

  const watcher = watcherOf(join(options.root, options.agent), () => {
    look();
  });
  return {
    current: () => {
      if (Date.now() - looked >= everyMs) look();
      return shelf;
    },
    close: () => {
      clearTimeout(timer);
      watcher?.close();
    },
  };
}

/** A library that has become nothing was cut off while it was written, or deleted by mistake. */
function readAgain(options: ShelfOptions, before: Shelf): Shelf {
  const shelf = readShelf(options);
  for (const route of before.keys()) {
    const now = shelf.get(route);
    if (now !== undefined && now.document.source !== "") continue;
    throw new GrpoError({
      code: "LIBRARY_NOT_READABLE",
      message: `The library of route ${route} is ${now === undefined ? "gone" : "empty"}.`,
      place: join(options.root, options.agent, `${route}.md`),
      remedy: "Put it back, or open the libraries anew if that is meant.",
    });
  }
  return shelf;
}

/** Not every file system tells of changes. */
function watcherOf(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, changed);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
