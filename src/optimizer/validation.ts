import { type GateResult, gate, hopeless } from "../evaluation/gate.ts";
import { race } from "../evaluation/race.ts";
import { evaluationSampling } from "../evaluation/sampling.ts";
import type { LibraryDocument } from "../library/index.ts";
import type { Candidate } from "./candidates.ts";
import type { TrainingRun } from "./training-run.ts";

/** The current library's rollouts are in the journal after the first candidate; a hopeless one stops early. */
export async function validate(
  run: TrainingRun,
  library: LibraryDocument,
  candidate: Candidate,
): Promise<GateResult> {
  const { settings, examples } = run.suite;
  const arm = (of: LibraryDocument) => ({
    suite: run.suite,
    sampling: evaluationSampling(of, "validation", settings.validationRepeats),
  });
  const arms = [arm(library), arm(candidate.document)] as const;
  const { pairs, rest } = await race(run.runtime, "validation", examples.validation, arms, hopeless);
  const verdict = gate(pairs, settings.seed, rest);
  run.runtime.emit({
    type: "phase-done",
    phase: "validation",
    note: `${verdict.accepted ? "accepted" : "rejected"}: ${verdict.reason}`,
  });
  return verdict;
}
