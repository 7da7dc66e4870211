import { GrpoError } from "../library/error.ts";
import { errorCode } from "../library/files.ts";

/** SQLite's primary result codes that are about the disk or a lock: busy, locked, read-only, I/O, full, cannot open. */
const DISK = new Set([3, 5, 6, 8, 10, 13, 14, 23]);
/** The same met while reading, where a failed read is a file that was cut. */
const NOT_READABLE = new Set([3, 5, 6, 8, 14, 23]);

/** Runs an action on a journal's file; what SQLite or the system throws becomes an error that says what to do. */
export function sqliteErrors<T>(path: string, doing: "read" | "write", action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof GrpoError) throw cause;
    const result = resultCode(cause);
    const why = cause instanceof Error ? cause.message : String(cause);
    if (result !== undefined && !(doing === "write" ? DISK : NOT_READABLE).has(result)) {
      throw corrupt(path, `cannot be read (${why})`, cause);
    }
    if (result === undefined && errorCode(cause) === undefined) throw cause;
    throw notWritable(path, why, cause);
  }
}

export function corrupt(path: string, what: string, cause?: unknown): GrpoError {
  return new GrpoError({
    code: "JOURNAL_CORRUPT",
    message: `The run's journal ${what}.`,
    place: path,
    remedy:
      "Restore the file from a copy, or start anew without --resume; libraries already accepted are on disk.",
    cause,
  });
}

export function notWritable(path: string, why: string, cause?: unknown): GrpoError {
  return new GrpoError({
    code: "JOURNAL_NOT_WRITABLE",
    message: `What is paid for cannot be written down (${why}), so nothing more is paid for.`,
    place: path,
    remedy: "Make room on the disk, or the folder writable, and go on with `train --resume`.",
    cause,
  });
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number")
    return undefined;
  return error.errcode & 0xff;
}
