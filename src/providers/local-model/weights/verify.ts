import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { z } from "zod";
import { type OnProgress, steps } from "./progress.ts";

/** What weights must be. */
export interface Expected {
  bytes: number;
  sha256: string;
}

const sidecarSchema = z.object({ bytes: z.number(), mtimeMs: z.number(), sha256: z.string() });

/** The sha256 of a file, read as a stream. */
export async function hashFile(file: string, onProgress: OnProgress, what: string): Promise<string> {
  const report = steps(onProgress, what, (await stat(file)).size);
  const hash = createHash("sha256");
  let done = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    done += chunk.length;
    report(done);
  }
  return hash.digest("hex");
}

/**
 * True if the file is what was expected. A `.verified` file beside it remembers size, time of change and hash, so
 * that a gigabyte is not hashed at every start; without `expected` any earlier verification counts.
 */
export async function isVerified(
  file: string,
  expected: Expected | undefined,
  onProgress: OnProgress,
): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  if (found === null || (expected !== undefined && found.size !== expected.bytes)) return false;
  const sidecar = await readSidecar(file);
  const unchanged = sidecar?.bytes === found.size && sidecar.mtimeMs === found.mtimeMs;
  if (unchanged && (expected === undefined || sidecar.sha256 === expected.sha256)) return true;
  if (expected === undefined) return false;
  if ((await hashFile(file, onProgress, "Checking the local model")) !== expected.sha256) return false;
  await rememberVerified(file, expected.sha256);
  return true;
}

export async function rememberVerified(file: string, sha256: string): Promise<void> {
  const { size, mtimeMs } = await stat(file);
  // A read-only cache still works: the next start then hashes again.
  await writeFile(sidecarPath(file), JSON.stringify({ bytes: size, mtimeMs, sha256 })).catch(() => undefined);
}

/** The hash a file was verified with, if the file has not changed since. */
async function readSidecar(file: string): Promise<z.infer<typeof sidecarSchema> | null> {
  const text = await readFile(sidecarPath(file), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return sidecarSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function sidecarPath(file: string): string {
  return `${file}.verified`;
}
