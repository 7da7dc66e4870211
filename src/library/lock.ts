import { linkSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";
import { GrpoError } from "./error.ts";
import { errorCode, readText } from "./files.ts";

const WAIT_MS = 25;
const PATIENCE_MS = 2000;

/**
 * Runs an action while no other process may: the lock is a file that only one can create. A lock left by a
 * process of this machine that is gone is taken over; writers hold it for milliseconds.
 * @throws GrpoError LIBRARY_LOCKED after two seconds
 */
export function withLock<T>(path: string, action: () => T): T {
  const owner = `${hostname()} ${process.pid} ${threadId}`;
  const deadline = Date.now() + PATIENCE_MS;
  while (!take(path, owner)) {
    const holder = readText(path);
    // A writer never waits for itself, so a lock in its own name is from an earlier process of the same number.
    if (holder !== null && (holder === owner || isGone(holder))) {
      takeAway(path, holder);
      continue;
    }
    if (Date.now() > deadline) throw locked(path, holder ?? "another process");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
  }
  try {
    return action();
  } finally {
    unlinkSync(path);
  }
}

/**
 * A lock comes into being with its owner's name in it: one without a name, left by a kill or a full disk, could
 * not be told from one that is being made.
 */
function take(path: string, owner: string): boolean {
  const named = `${path}.${process.pid}.${threadId}`;
  try {
    writeFileSync(named, owner);
    linkSync(named, path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return false;
    if (code === undefined || !NO_LINKS.has(code)) throw error;
    return takeInTwoSteps(path, owner);
  } finally {
    rmSync(named, { force: true });
  }
}

/** How a file system says that it knows no hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

function takeInTwoSteps(path: string, owner: string): boolean {
  try {
    writeFileSync(path, owner, { flag: "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

function isGone(holder: string): boolean {
  const [host, pid] = holder.split(" ");
  const id = Number(pid);
  if (host !== hostname() || !Number.isInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
    return false;
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
}

/** A rename has one winner; who loses it finds the file gone and waits for its turn. */
function takeAway(path: string, holder: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  const moved = readText(aside);
  unlinkSync(aside);
  // Another process took the stale lock over in between, and it was that one's lock that moved.
  if (moved !== holder) throw locked(path, moved ?? "another process");
}

function locked(path: string, holder: string): GrpoError {
  return new GrpoError({
    code: "LIBRARY_LOCKED",
    message: `The library is being written by another process (${holder.replace(/[^\w. -]/g, "?")}).`,
    place: path,
    remedy: "Try again when it has finished; if no run is active, delete this lock file.",
    exitCode: 5,
  });
}
