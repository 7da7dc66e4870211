import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bench, type Family, type Row, sideBySide, someOf } from "./bench.ts";
import { Trial } from "./trial.ts";

const PAGE_KB = 4;
/** More than a whole run writes. */
const ROOMY = "size=64m";
const NOT_WRITABLE = /(JOURNAL|LIBRARY|RESULTS)_NOT_WRITABLE/;

const mount = (...args: string[]): void => void execFileSync("mount", args, { stdio: "ignore" });
const remount = (path: string, options: string): void => mount("-o", `remount,${options}`, path);

/** Whether this machine lets us mount a file system of our own. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "grpo-faults-mount-"));
  try {
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function skip(row: Row): void {
  row.skipped = true;
  row.notes.push("not possible here: only root may mount a file system");
}

/** A trial with a file system of its own for one of its folders. */
async function mounted(
  bench: Bench,
  row: Row,
  { folder, options, what }: { folder: string; options: string; what: string },
  work: (trial: Trial, path: string) => Promise<void>,
): Promise<void> {
  const trial = new Trial(bench, row, what);
  const path = join(trial.project.folder, folder);
  mkdirSync(path);
  mount("-t", "tmpfs", "-o", options, "tmpfs", path);
  try {
    await work(trial, path);
  } finally {
    execFileSync("umount", ["-l", path]);
    trial.remove();
  }
}

/** Kilobytes that a whole run needs in each folder. */
const NEEDED = { ".grpo": 360, experiences: 32 };

/** The disk is full after so many pages; once there is room, the run goes on. */
export const fullDisk: Family = async (bench, row, { every }) => {
  if (!canMount()) return skip(row);
  const jobs = (Object.keys(NEEDED) as (keyof typeof NEEDED)[]).flatMap((folder) => {
    const sizes = Array.from({ length: NEEDED[folder] / PAGE_KB }, (_, page) => (page + 1) * PAGE_KB);
    // The journal grows by a page at a time, the library by many things in few pages.
    return someOf(sizes, folder === ".grpo" ? 2 * every : Math.ceil(every / 4)).map((kb) => ({ folder, kb }));
  });
  await sideBySide(bench, jobs, async ({ folder, kb }) => {
    const what = `${folder} of ${kb} KB`;
    await mounted(bench, row, { folder, options: `size=${kb}k`, what }, async (trial, path) => {
      const ended = await trial.disturbed([], {}, { code: 3, error: NOT_WRITABLE });
      remount(path, ROOMY);
      if (ended.code !== 0) await trial.finish([]);
    });
  });
};

/** Nobody: as root every folder is writable. */
const NOBODY = 65_534;

/** Folders that cannot be written to, from the start or from some moment on. */
export const readOnly: Family = async (bench, row, { runs }) => {
  if (!canMount()) return skip(row);
  const refused = { code: 3, error: NOT_WRITABLE };
  for (const folder of [".grpo", "experiences"]) {
    const what = `${folder} read-only from the start`;
    await mounted(bench, row, { folder, options: ROOMY, what }, async (trial, path) => {
      remount(path, "ro");
      const { calls } = await trial.disturbed([], {}, refused);
      if (folder === ".grpo" && calls > 0) trial.count("unexpected", `${calls} calls were paid for`);
      remount(path, "rw");
      await trial.finish([]);
    });
  }
  const moments = Array.from({ length: runs }, (_, run) =>
    Math.floor(((run + 0.5) * bench.reference.calls) / runs),
  );
  await sideBySide(bench, moments, async (calls) => {
    const what = `experiences read-only after ${calls} calls`;
    await mounted(bench, row, { folder: "experiences", options: ROOMY, what }, async (trial, path) => {
      const meanwhile = trial.after(calls, 0, () => remount(path, "ro"));
      await trial.disturbed([], { meanwhile }, refused);
      remount(path, "rw");
      await trial.finish([]);
    });
  });
  const trial = new Trial(bench, row, "a folder of somebody else");
  chmodSync(trial.project.folder, 0o755);
  // promptfoo is the first to write.
  const { calls } = await trial.disturbed([], { uid: NOBODY }, { code: 3 });
  if (calls > 0) trial.count("unexpected", `${calls} calls were paid for`);
  await trial.finish([]);
  trial.remove();
};
