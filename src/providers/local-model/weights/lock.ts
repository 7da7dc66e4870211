import { mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const heartbeatMs = 5_000;
/** A holder that has not touched its lock for this long is gone. */
const staleMs = 30_000;

/** Runs `work` while no other process runs it for the same lock file; `onWait` is told once when it must wait. */
export async function withFileLock<T>(lock: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(lock), { recursive: true });
  let told = false;
  while (!(await take(lock))) {
    if (await isStale(lock)) await discard(lock);
    else {
      if (!told) onWait();
      told = true;
      await sleep(500);
    }
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    // If the lock file is gone, the work's own checks (hash, rename) still keep the result right.
    utimes(lock, now, now).catch(() => undefined);
  }, heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    const handle = await open(lock, "wx");
    await handle.writeFile(`${os.hostname()} ${process.pid}`);
    await handle.close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function isStale(lock: string): Promise<boolean> {
  const found = await stat(lock).catch(() => null);
  if (found === null) return false;
  if (Date.now() - found.mtimeMs > staleMs) return true;
  const [host, pid] = (await readFile(lock, "utf8").catch(() => "")).split(" ");
  return host === os.hostname() && pid !== undefined && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Renaming first: of several processes that find the lock stale, one takes it away. */
async function discard(lock: string): Promise<void> {
  const away = `${lock}.${process.pid}.stale`;
  await rename(lock, away).catch(() => undefined);
  await rm(away, { force: true });
}
