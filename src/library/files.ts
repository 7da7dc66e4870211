import { createHash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { GrpoError } from "./error.ts";

/** sha256 of the text's UTF-8 bytes, in hexadecimal. */
export function hashText(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/**
 * The file's text, a byte order mark included, or null when there is no such file.
 * @throws GrpoError LIBRARY_NOT_UTF8, LIBRARY_NOT_READABLE
 */
export function readText(path: string): string | null {
  const bytes = readBytes(path);
  return bytes === null ? null : textOf(bytes, path);
}

/**
 * A file's whole lines as text, and the bytes after its last line end, which an interrupted write may have cut
 * anywhere. Both are empty when there is no such file.
 */
export function readLines(path: string): { whole: string; rest: Buffer } {
  const bytes = readBytes(path) ?? Buffer.alloc(0);
  const end = bytes.lastIndexOf("\n") + 1;
  return { whole: textOf(bytes.subarray(0, end), path), rest: bytes.subarray(end) };
}

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return null;
    throw new GrpoError({
      code: "LIBRARY_NOT_READABLE",
      message: `The file cannot be read (${errorCode(cause) ?? "unknown error"}).`,
      place: path,
      remedy: "Check that it is a file and that you may read it.",
      cause,
    });
  }
}

/** @throws GrpoError LIBRARY_NOT_UTF8 */
export function textOf(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new GrpoError({
      code: "LIBRARY_NOT_UTF8",
      message: "The file is not valid UTF-8.",
      place: path,
      remedy: "Save it as UTF-8.",
      cause,
    });
  }
}

/** Writes the whole file and does not return before it is on the disk. */
export function writeDurably(path: string, text: string): void {
  withFile(path, "w", (file) => writeFileSync(file, text));
}

/** Appends one line, after closing an unfinished last line, and does not return before it is on the disk. */
export function appendDurably(path: string, line: string): void {
  withFile(path, "a+", (file) => {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    if (size > 0) readSync(file, last, 0, 1, size - 1);
    writeFileSync(file, size > 0 && last.toString() !== "\n" ? `\n${line}\n` : `${line}\n`);
  });
}

/** Cuts a file after so many bytes, on the disk before it returns. */
export function truncateDurably(path: string, bytes: number): void {
  withFile(path, "r+", (file) => ftruncateSync(file, bytes));
}

/** Puts `from` into the place of `to` in one step, on the disk before it returns. */
export function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Puts a whole file into its place in one step: a reader sees the old one or the new one. */
export function replaceDurably(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeDurably(temporary, text);
    renameDurably(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Runs an action that writes below `folder`, which is made when it is missing.
 * @throws GrpoError LIBRARY_NOT_WRITABLE
 */
export function writingTo<T>(folder: string, action: () => T): T {
  try {
    mkdirSync(folder, { recursive: true });
    return action();
  } catch (cause) {
    if (cause instanceof GrpoError) throw cause;
    const code = errorCode(cause);
    if (code === undefined || !NOT_WRITABLE.has(code)) throw cause;
    throw new GrpoError({
      code: "LIBRARY_NOT_WRITABLE",
      message: `The library's folder cannot be written to (${code}).`,
      place: folder,
      remedy: "Make the folder writable, or name another root folder for experiences.",
      cause,
    });
  }
}

/** The code of a failed system call (`ENOENT`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** ENOENT is what Node.js says when a folder cannot be made on a read-only file system. */
const NOT_WRITABLE = new Set([
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOENT",
  "ENOTDIR",
  "ENOSPC",
  "EDQUOT",
  "EISDIR",
  "EEXIST",
]);

function withFile(path: string, flags: string, write: (file: number) => void): void {
  const file = openSync(path, flags);
  try {
    write(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(folder: string): void {
  // Windows cannot open a folder; there the rename alone has to do.
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
