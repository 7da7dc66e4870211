import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { GrpoError } from "../library/error.ts";
import { errorCode } from "../library/files.ts";
import { isUnfinished, type Manifest, readManifest } from "./manifest.ts";

/** Where runs are, relative to the config's folder. */
export const RUNS = join(".grpo", "runs");

/** A run on the disk; `manifest` is an error where it cannot be read. */
export interface StoredRun {
  id: string;
  folder: string;
  manifest: Manifest | GrpoError;
}

export const journalPath = (folder: string): string => join(folder, "journal.sqlite");

/** Sortable by time, and unique: `20261123-021456123-3fa91c`. */
export function newRunId(now: Date = new Date()): string {
  const digits = now.toISOString().replace(/\D/g, "");
  return `${digits.slice(0, 8)}-${digits.slice(8, 17)}-${randomBytes(3).toString("hex")}`;
}

const RUN_ID = /^\d{8}-\d{9}-[0-9a-f]{6}$/;

/** Every run below a folder, oldest first. A folder without a manifest never began to pay for anything. */
export function listRuns(root: string): StoredRun[] {
  return foldersIn(root).flatMap((id): StoredRun[] => {
    const folder = join(root, id);
    try {
      const manifest = readManifest(folder);
      return manifest === null ? [] : [{ id, folder, manifest }];
    } catch (error) {
      if (!(error instanceof GrpoError)) throw error;
      return [{ id, folder, manifest: error }];
    }
  });
}

/** Runs of one library that did not come to their end, oldest first. */
export function unfinishedRuns(root: string, library: { agent: string; route: string }): Manifest[] {
  return listRuns(root).flatMap(({ manifest }) => {
    if (manifest instanceof GrpoError || !isUnfinished(manifest)) return [];
    const { agent, route } = manifest.library;
    return agent === library.agent && route === library.route ? [manifest] : [];
  });
}

/** The run of an id, or of a part of it that no other has. @throws GrpoError RUN_UNKNOWN, RUN_UNREADABLE */
export function findRun(root: string, wanted: string): { folder: string; manifest: Manifest } {
  const runs = listRuns(root);
  const exact = runs.filter((run) => run.id === wanted);
  const found = exact.length > 0 ? exact : runs.filter((run) => run.id.includes(wanted));
  const [run, another] = found;
  if (run === undefined || another !== undefined) {
    throw new GrpoError({
      code: "RUN_UNKNOWN",
      message: `${run === undefined ? "No run" : `${found.length} runs`} here match${run === undefined ? "es" : ""} "${wanted}".`,
      place: root,
      remedy: "`promptfoo-grpo runs list`, in the config's folder, names them.",
    });
  }
  if (run.manifest instanceof GrpoError) throw run.manifest;
  return { folder: run.folder, manifest: run.manifest };
}

/** Whether the process that made the run seems to be at it still. */
export function isActive({ status, host, pid }: Manifest): boolean {
  if (status !== "running" || host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/**
 * Removes finished runs but the newest `keep`. Unfinished ones hold what was paid for and go only when asked;
 * one that is under way never does. What was killed before it could begin is removed as well.
 */
export function pruneRuns(
  root: string,
  { keep, unfinished }: { keep: number; unfinished: boolean },
): string[] {
  const finished = listRuns(root).filter(
    ({ manifest }) =>
      !(manifest instanceof GrpoError) && !isActive(manifest) && (unfinished || !isUnfinished(manifest)),
  );
  const removed = [...finished.slice(0, Math.max(0, finished.length - keep)), ...neverBegun(root)];
  for (const { folder } of removed) rmSync(folder, { recursive: true });
  return removed.map(({ id }) => id);
}

/** A run writes its manifest at once; a folder that has none after an hour will not get one. */
function neverBegun(root: string): { id: string; folder: string }[] {
  return foldersIn(root).flatMap((id) => {
    const folder = join(root, id);
    const old = Date.now() - statSync(folder).mtimeMs > 3_600_000;
    return old && RUN_ID.test(id) && !existsSync(join(folder, "manifest.json")) ? [{ id, folder }] : [];
  });
}

export function foldersIn(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
      .sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
