import { z } from "zod";
import type { ArmsComparison } from "../evaluation/arms.ts";
import type { GateResult } from "../evaluation/gate.ts";
import { verdictOf } from "../evaluation/verdict.ts";
import {
  type EntryNotes,
  type HistoryEntry,
  type LibraryDocument,
  type LibraryStore,
  type LoadedLibrary,
  normaliseText,
  parseLibrary,
} from "../library/index.ts";
import type { UsageTotals } from "../runs/usage.ts";
import type { Refusal } from "./admission.ts";
import type { Candidate } from "./candidates.ts";
import type { Group } from "./groups.ts";
import type { TrainingRun } from "./training-run.ts";

/** A candidate that the gate has judged. */
export interface JudgedCandidate {
  candidate: Candidate;
  /** The hash of the library that it was made from: who changed that meanwhile must not be written over. */
  parentHash: string | null;
  /** The run's usage when the step began. */
  spentBefore: UsageTotals;
  groups: readonly Group[];
  verdict: GateResult;
}

/** Makes the candidate the next version, with what it rests on. @throws GrpoError LIBRARY_CONFLICT */
export async function commitCandidate(run: TrainingRun, judged: JudgedCandidate): Promise<void> {
  await run.store.commit({
    document: judged.candidate.document,
    expectedParentHash: judged.parentHash,
    entry: notes(run, judged),
  });
}

/** Keeps a candidate that the gate refused, with its reason. */
export async function rememberRejected(run: TrainingRun, judged: JudgedCandidate): Promise<void> {
  await run.store.recordRejected({
    document: judged.candidate.document,
    parentHash: judged.parentHash,
    entry: notes(run, judged),
  });
}

function notes(run: TrainingRun, { candidate, groups, verdict, spentBefore }: JudgedCandidate): EntryNotes {
  const usage = run.runtime.limiter.usage.total();
  return {
    author: "train",
    reason: verdict.reason,
    operations: candidate.proposal.operations.map(({ reason, ...operation }) =>
      reason === undefined ? operation : { ...operation, reason: run.admission.printable(reason) },
    ),
    evidence: [...evidenceOf(candidate, groups)],
    gate: asJson(verdict),
    models: modelsOf(run),
    costUsd: usage.unpriced > spentBefore.unpriced ? null : usage.costUsd - spentBefore.costUsd,
  };
}

/** A gate's result as the history keeps it: a look at earlier examples is there where there was one. */
function asJson({ replay, ...verdict }: GateResult): EntryNotes["gate"] {
  return replay === undefined ? verdict : { ...verdict, replay: { ...replay } };
}

const modelsOf = (run: TrainingRun) => ({ agent: run.suite.agent.id(), learner: run.learner.id });

/** Keeps what may not enter the library by itself for a person to look at; the same words are kept once. */
export async function rememberQuarantined(run: TrainingRun, refused: readonly Refusal[]): Promise<void> {
  for (const { quarantine } of refused) {
    if (quarantine !== undefined) await run.store.recordQuarantined({ ...quarantine, models: modelsOf(run) });
  }
}

/** One line an experience and example that taught it: the group's rewards, and the criterion where there is one. */
function* evidenceOf(
  candidate: Candidate,
  groups: readonly Group[],
): Generator<{ exampleId: string; [key: string]: unknown }> {
  for (const [index, operation] of candidate.proposal.operations.entries()) {
    const about = candidate.proposal.about[index];
    const text = "text" in operation ? operation.text : undefined;
    const experience = candidate.document.experiences.find((one) => one.text === text)?.id ?? null;
    for (const exampleId of about?.exampleIds ?? []) {
      const group = groups.find((one) => one.example.id === exampleId);
      const rewards = group?.rollouts.map((one) => one.reward) ?? [];
      yield {
        exampleId,
        experience,
        rewards,
        ...(about?.criterion === undefined ? {} : { criterion: about.criterion }),
      };
    }
  }
}

/** Which criterion each experience was written for, from the accepted history; later versions win. */
export async function criterionOfExperiences(store: LibraryStore): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const { experience, criterion } of taught(await store.history())) {
    if (typeof criterion === "string") known.set(experience, criterion);
  }
  return known;
}

/** The examples that taught each experience, from the accepted history; nothing of those that a person wrote. */
export async function examplesOfExperiences(store: LibraryStore): Promise<Map<string, ReadonlySet<string>>> {
  const known = new Map<string, Set<string>>();
  for (const { experience, exampleId } of taught(await store.history()))
    known.set(experience, (known.get(experience) ?? new Set()).add(exampleId));
  return known;
}

function* taught(
  history: readonly HistoryEntry[],
): Generator<{ experience: string; exampleId: string; criterion?: unknown }> {
  for (const entry of history) {
    if (entry.status !== "accepted") continue;
    for (const { experience, exampleId, criterion } of entry.evidence as {
      experience?: unknown;
      exampleId: string;
      criterion?: unknown;
    }[]) {
      if (typeof experience === "string") yield { experience, exampleId, criterion };
    }
  }
}

/**
 * Writes down that the sealed test was read.
 * @throws GrpoError LIBRARY_NOT_WRITABLE: the run goes on from there with `--resume`, and pays for nothing again
 */
export async function recordLook(
  run: TrainingRun,
  { hash, version }: LoadedLibrary,
  arms: ArmsComparison,
  tests: number,
): Promise<void> {
  await run.store.recordLook({ by: "train", hash, version, tests, verdict: verdictOf(arms).verdict });
}

/** What the agent reads of a library, words alone and in order: two with the same are one candidate. */
export const wordingOf = (library: LibraryDocument): string =>
  JSON.stringify(library.experiences.map((one) => normaliseText(one.text)));

/** What is read of a gate's result in the history; the margin is that of `library prune`. */
const Judged = z
  .looseObject({ ungraded: z.int().default(0), margin: z.number().optional() })
  .catch({ ungraded: 0 });

/**
 * The candidates that the gate refused when they were made from this very library for this agent. One that was
 * refused for an ungraded rollout was not judged, so it may be tried again. With a margin only those count that
 * were refused with as large a one: to be no better is no reason not to prune.
 */
export async function rejectedWordings(
  run: Pick<TrainingRun, "store" | "suite">,
  parentHash: string | null,
  margin?: number,
): Promise<Set<string>> {
  const judged = (await run.store.history()).filter(({ status, parentHash: parent, models, gate }) => {
    const same = parent === parentHash && models["agent"] === run.suite.agent.id();
    const judged = Judged.parse(gate);
    const asked = margin === undefined || (judged.margin !== undefined && judged.margin >= margin);
    return status === "rejected" && same && asked && judged.ungraded === 0;
  });
  return new Set(judged.map((entry) => wordingOf(parseLibrary(entry.text, run.store.historyPath))));
}
