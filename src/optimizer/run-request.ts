import { join } from "node:path";
import { GrpoError } from "../library/index.ts";
import { isUnfinished, type Manifest, type RunIdentity } from "../runs/manifest.ts";
import { findRun, listRuns, RUNS, unfinishedRuns } from "../runs/run-folders.ts";
import type { SettingsInput } from "../suite/settings.ts";
import type { Suite } from "../suite/suite.ts";

/** A run that an earlier process began. */
export interface EarlierRun {
  folder: string;
  manifest: Manifest;
}

/** What a training command was asked for. */
export interface RunRequest {
  command: RunIdentity["command"];
  flags: Partial<SettingsInput>;
  /** The run to go on with, or to fork. */
  earlier?: EarlierRun | undefined;
  /** A new run that begins with the answers of `earlier`. */
  fork?: boolean | undefined;
  /** Of `learn`: the hash of the finished rollouts. */
  rollouts?: string | undefined;
}

export interface ResumeFlags {
  /** A run's id, or true for the newest unfinished one of this agent and route. */
  resume?: string | true | undefined;
  fork?: boolean | undefined;
}

/**
 * The suite and the run that it goes on with. A resumed run is asked again what its command line said, so
 * that its flags need not be typed again; what is typed now wins, and is compared like everything else.
 * @throws GrpoError RUN_UNKNOWN, NO_RUN_TO_RESUME, RUN_FINISHED, RUN_UNREADABLE, USAGE
 */
export async function requestOf<Flags extends Partial<SettingsInput>>(
  command: RunRequest["command"],
  flags: Flags,
  { resume, fork }: ResumeFlags,
  load: (flags: Flags) => Promise<Suite>,
): Promise<{ suite: Suite; request: RunRequest & { flags: Flags } }> {
  const suite = await load(flags);
  if (resume === undefined) {
    if (fork === true) throw forkOfNothing();
    return { suite, request: { command, flags } };
  }
  const earlier = resume === true ? newestUnfinished(suite, command) : findRun(RUNS, resume);
  if (fork !== true && !isUnfinished(earlier.manifest)) throw finished(earlier.manifest);
  const merged: Flags = { ...earlier.manifest.flags, ...flags };
  return { suite: await load(merged), request: { command, flags: merged, earlier, fork } };
}

/** A line about a run that could be resumed instead, when the newest of this library is one. */
export function unfinishedNote({ settings }: Suite, { earlier }: RunRequest): string | undefined {
  if (earlier !== undefined) return undefined;
  const newest = listRuns(RUNS).findLast(
    ({ manifest }) =>
      !(manifest instanceof GrpoError) &&
      manifest.library.agent === settings.agent &&
      manifest.library.route === settings.route,
  )?.manifest;
  if (newest === undefined || newest instanceof GrpoError || !isUnfinished(newest)) return undefined;
  return `run ${newest.id} was not finished (${newest.code ?? "cut off"}); this is a new one. To go on with that one: promptfoo-grpo ${newest.identity.command} --resume`;
}

function newestUnfinished({ settings }: Suite, command: RunRequest["command"]): EarlierRun {
  const { agent, route } = settings;
  const manifest = unfinishedRuns(RUNS, { agent, route }).findLast((one) => one.identity.command === command);
  if (manifest !== undefined) return { folder: join(RUNS, manifest.id), manifest };
  throw new GrpoError({
    code: "NO_RUN_TO_RESUME",
    message: `There is no unfinished run of \`${command}\` for ${agent}/${route}.`,
    place: RUNS,
    remedy: "Start one without --resume; `promptfoo-grpo runs list` names what there is.",
  });
}

const finished = ({ id, code }: Manifest): GrpoError =>
  new GrpoError({
    code: "RUN_FINISHED",
    message: `Run ${id} came to its end${code === null ? "" : ` (${code})`}, so there is nothing to resume.`,
    place: join(RUNS, id),
    remedy: `Start a new one; with --resume ${id} --fork it uses the answers that are paid for.`,
  });

const forkOfNothing = (): GrpoError =>
  new GrpoError({
    code: "USAGE",
    message: "--fork needs a run to take answers from.",
    remedy: "Add --resume, for the newest unfinished run, or --resume <id>.",
  });
