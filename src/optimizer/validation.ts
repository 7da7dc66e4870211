import { headline, type PairedExample } from "../evaluation/arms.ts";
import { type Forgetting, type GateResult, gate, hopeless, hopelessForAny } from "../evaluation/gate.ts";
import { type Decide, race } from "../evaluation/race.ts";
import { evaluationSampling } from "../evaluation/sampling.ts";
import type { LibraryDocument } from "../library/index.ts";
import type { Phase } from "../runs/events.ts";
import type { SuiteExample } from "../suite/suite.ts";
import type { Candidate } from "./candidates.ts";
import type { TrainingRun } from "./training-run.ts";

/**
 * The current library's rollouts are in the journal after the first candidate; a hopeless one stops early. A run that
 * learns from some examples only asks a sample of the earlier ones too: what the candidate forgets there refuses it.
 */
export async function validate(
  run: TrainingRun,
  library: LibraryDocument,
  candidate: Candidate,
): Promise<GateResult> {
  const { examples, settings } = run.suite;
  const { pairs, rest } = await raced(
    run,
    "validation",
    examples.validation,
    [library, candidate.document],
    hopeless,
  );
  const verdict = gate(pairs, settings.seed, rest);
  const whole = verdict.accepted ? await withReplay(run, [library, candidate.document], verdict) : verdict;
  run.runtime.emit({
    type: "phase-done",
    phase: "validation",
    note: `${whole.accepted ? "accepted" : "rejected"}: ${whole.reason}`,
  });
  return whole;
}

type Libraries = readonly [LibraryDocument, LibraryDocument];

/** Whether what is better on validation is no worse on what was learned before. */
async function withReplay(run: TrainingRun, libraries: Libraries, verdict: GateResult): Promise<GateResult> {
  const { replay = [] } = run;
  if (replay.length === 0) return verdict;
  const { seed, replayMargin: margin } = run.suite.settings;
  const { pairs, rest } = await raced(run, "replay", replay, libraries, hopelessForAny);
  const kept: Forgetting = {
    ...gate(pairs, seed, rest, { margin, on: "replay" }),
    forgotten: forgottenOf(pairs),
  };
  const names = kept.forgotten.slice(0, 3).map(({ id }) => id);
  const forgets = `it forgets earlier examples${names.length === 0 ? "" : ` (${names.join(", ")}${kept.forgotten.length > 3 ? ", ..." : ""})`}: ${kept.reason}`;
  return {
    ...verdict,
    accepted: kept.accepted,
    reason: kept.accepted ? `${verdict.reason}; ${kept.reason}` : forgets,
    replay: kept,
  };
}

/** Those that the candidate does worse on, the worst first. */
function forgottenOf(pairs: readonly PairedExample[]): Forgetting["forgotten"] {
  return pairs
    .flatMap((pair) => {
      const [baseline, candidate] = [headline(pair.baseline), headline(pair.enhanced)];
      const worse = baseline !== null && candidate !== null && candidate < baseline - 1e-9;
      return worse ? [{ id: pair.id, baseline, candidate }] : [];
    })
    .sort((a, b) => a.candidate - a.baseline - (b.candidate - b.baseline));
}

function raced(
  run: TrainingRun,
  phase: Phase & ("validation" | "replay"),
  examples: readonly SuiteExample[],
  [library, candidate]: Libraries,
  decide: Decide,
) {
  const arm = (of: LibraryDocument) => ({
    suite: run.suite,
    sampling: evaluationSampling(of, phase, run.suite.settings.validationRepeats),
  });
  return race(run.runtime, phase, examples, [arm(library), arm(candidate)], decide);
}
