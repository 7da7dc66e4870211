import { measuredEffect } from "../evaluation/attribution.ts";
import { type GateResult, gate, hopelessForAny } from "../evaluation/gate.ts";
import { race } from "../evaluation/race.ts";
import { evaluationSampling } from "../evaluation/sampling.ts";
import {
  type EntryNotes,
  GrpoError,
  type LibraryDocument,
  type LoadedLibrary,
  type Operation,
} from "../library/index.ts";
import { type Decision, type MeasuredExperience, measureExperiences, without } from "./experience-effects.ts";
import { examplesOfExperiences, rejectedWordings, wordingOf } from "./record.ts";
import type { RecordableRun } from "./recorded-run.ts";

export interface PruneResult {
  /** What was pruned. */
  before: LoadedLibrary;
  /** Every experience that there was, in the library's order. */
  experiences: MeasuredExperience[];
  /** What the gate said of each pruned library that reached it, in order. */
  gates: (GateResult & { removed: readonly string[] })[];
  /** The new version; undefined when nothing was removed. */
  version?: number;
  /** Ids. */
  removed: readonly string[];
}

/**
 * Measures what each experience does and removes those that hurt or do nothing, if the gate finds the pruned
 * library no worse on validation than the margin allows; else those alone that hurt. A smaller library that does
 * as well is better, so ties are accepted here.
 * @throws GrpoError NOTHING_TO_PRUNE, ALL_UNGRADED, LIBRARY_CONFLICT, and whatever stopped the run
 */
export async function prune(run: RecordableRun): Promise<PruneResult> {
  const before = await run.store.load();
  requireExperiences(run, before.document);
  const experiences = await measureExperiences(run, before.document, await examplesOfExperiences(run.store));
  requireGraded(run, experiences);
  run.runtime.emit({ type: "phase-done", phase: "experiences", note: decisionsText(experiences) });
  const result: PruneResult = { before, experiences, gates: [], removed: [] };
  const { pruneMargin: margin } = run.suite.settings;
  const refused = await rejectedWordings(run, before.hash, margin);
  for (const removed of attemptsOf(experiences)) {
    const document = without(before.document, (id) => removed.includes(id));
    if (refused.has(wordingOf(document))) continue;
    const spentBefore = run.runtime.limiter.usage.total();
    const verdict = await validate(run, before.document, document);
    result.gates.push({ ...verdict, removed });
    const entry = notes(run, experiences, { removed, verdict, spentBefore });
    if (!verdict.accepted) {
      await run.store.recordRejected({ document, parentHash: before.hash, entry });
      continue;
    }
    const { version } = await run.store.commit({ document, expectedParentHash: before.hash, entry });
    return { ...result, version, removed };
  }
  return result;
}

/** What is tried to remove, the most first; nothing is no attempt. */
function attemptsOf(experiences: readonly MeasuredExperience[]): string[][] {
  const those = (...decisions: Decision[]): string[] =>
    experiences.filter(({ decision }) => decisions.includes(decision)).map(({ id }) => id);
  const [all, hurting] = [those("hurts", "does nothing"), those("hurts")];
  const attempts = hurting.length === all.length ? [all] : [all, hurting];
  return attempts.filter((ids) => ids.length > 0);
}

async function validate(
  { suite, runtime }: RecordableRun,
  library: LibraryDocument,
  pruned: LibraryDocument,
): Promise<GateResult> {
  const { validationRepeats, pruneMargin: margin, seed } = suite.settings;
  const arm = (of: LibraryDocument) => ({
    suite,
    sampling: evaluationSampling(of, "validation", validationRepeats),
  });
  const { pairs, rest } = await race(
    runtime,
    "validation",
    suite.examples.validation,
    [arm(library), arm(pruned)],
    hopelessForAny,
  );
  runtime.throwIfStopped();
  const verdict = gate(pairs, seed, rest, { margin });
  const note = `${verdict.accepted ? "accepted" : "rejected"}: ${verdict.reason}`;
  runtime.emit({ type: "phase-done", phase: "validation", note });
  return verdict;
}

interface Judged {
  removed: readonly string[];
  verdict: GateResult;
  spentBefore: ReturnType<RecordableRun["runtime"]["limiter"]["usage"]["total"]>;
}

/** What was measured of every experience is kept: of those that stay as KEEP. */
function notes(
  { suite, runtime }: RecordableRun,
  experiences: readonly MeasuredExperience[],
  { removed, verdict, spentBefore }: Judged,
): EntryNotes {
  const usage = runtime.limiter.usage.total();
  const { replay: _, ...judged } = verdict;
  const operations = experiences.map(({ id, decision, effect }): Operation => {
    const op = removed.includes(id) ? "DELETE" : "KEEP";
    return { op, id, reason: decision, effect: measuredEffect(effect) };
  });
  return {
    author: "prune",
    reason: verdict.reason,
    operations: [
      ...operations.filter(({ op }) => op === "DELETE"),
      ...operations.filter(({ op }) => op === "KEEP"),
    ],
    gate: { ...judged, margin: suite.settings.pruneMargin },
    models: { agent: suite.agent.id() },
    costUsd: usage.unpriced > spentBefore.unpriced ? null : usage.costUsd - spentBefore.costUsd,
  };
}

export const DECISIONS: readonly Decision[] = ["hurts", "does nothing", "helps", "undecided"];

export const decisionsText = (experiences: readonly MeasuredExperience[]): string =>
  DECISIONS.map(
    (decision) => `${experiences.filter((one) => one.decision === decision).length} ${decision}`,
  ).join(", ");

function requireExperiences({ store }: RecordableRun, { experiences }: LibraryDocument): void {
  if (experiences.length > 0) return;
  throw new GrpoError({
    code: "NOTHING_TO_PRUNE",
    message: "The library has no experience.",
    place: store.path,
    remedy: "Name the library with --agent and --route; `promptfoo-grpo library list` shows what there is.",
  });
}

function requireGraded({ suite }: RecordableRun, experiences: readonly MeasuredExperience[]): void {
  if (experiences.some(({ effect }) => effect.with + effect.without > 0)) return;
  throw new GrpoError({
    code: "ALL_UNGRADED",
    message: `None of the rollouts of ${suite.examples.train.length} training examples could be graded.`,
    place: "providers, tests",
    remedy: "Run `npx promptfoo eval` on this config and mend what fails there first.",
  });
}
