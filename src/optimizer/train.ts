import { type ArmsComparison, compareArms, type PairedExample } from "../evaluation/arms.ts";
import type { GateResult } from "../evaluation/gate.ts";
import { rollPairs } from "../evaluation/roll.ts";
import { baselineSampling, evaluationSampling } from "../evaluation/sampling.ts";
import { GrpoError, type LibraryDocument, type LoadedLibrary } from "../library/index.ts";
import type { SuiteExample } from "../suite/suite.ts";
import type { Refusal } from "./admission.ts";
import type { Advantage, FailedReflection, Reflection } from "./advantage.ts";
import { type After, Anticipation, anticipateBaselines, sealedTestOf } from "./anticipation.ts";
import { buildCandidate } from "./candidates.ts";
import { CriterionContrast } from "./contrast.ts";
import { countKinds, type Group, type GroupKind, solvedIds } from "./groups.ts";
import { GroupPrinciples } from "./principles.ts";
import { rankCandidates } from "./ranking.ts";
import {
  commitCandidate,
  criterionOfExperiences,
  recordLook,
  rejectedWordings,
  rememberQuarantined,
  rememberRejected,
} from "./record.ts";
import { planEpoch, type Step } from "./steps.ts";
import { testedCandidates } from "./tested-candidates.ts";
import { type TrainingRun, trainingGroups, trainingSampling } from "./training-run.ts";
import { validate } from "./validation.ts";

/** What one step did to the library. */
export interface StepOutcome {
  epoch: number;
  step: number;
  kinds: Record<GroupKind, number>;
  /** Ids of examples that the next epoch does without. */
  rest: string[];
  outcome: "accepted" | "rejected" | "nothing to learn" | "no candidate";
  /** What the gate said of each candidate that reached it, in order. */
  gates: GateResult[];
  refused: Refusal[];
  failures: FailedReflection[];
}

export interface TrainingResult {
  library: LibraryDocument;
  steps: StepOutcome[];
  /** The sealed test; undefined when the config holds out no example. */
  test?: {
    pairs: PairedExample[];
    arms: ArmsComparison;
    /** Which look at the sealed test with this agent and route this is: 1 is the first. */
    look: number;
  };
}

/**
 * Training-Free GRPO (arXiv 2510.08191, section 2). For every batch: a group of rollouts a question, what
 * each group taught in words, operations on the library as whole candidates, and the best of them through a
 * gate on validation. After the last epoch the sealed test is read, once.
 * @throws GrpoError NOTHING_INFORMATIVE, ALL_UNGRADED, and whatever stopped the run
 */
export async function train(run: TrainingRun): Promise<TrainingResult> {
  const { settings, examples } = run.suite;
  const steps: StepOutcome[] = [];
  for (let epoch = 1; epoch <= settings.epochs; epoch++) {
    for (const step of planEpoch(wanting(examples.train, steps, epoch), epoch, settings)) {
      run.runtime.emit({ type: "step", epochs: settings.epochs, ...step });
      const outcome = await trainStep(run, step, steps);
      await rememberQuarantined(run, outcome.refused);
      steps.push(outcome);
    }
  }
  requireSomethingToLearn(steps);
  const learned = await run.store.load();
  const result = { library: learned.document, steps, ...(await sealedTest(run, learned)) };
  await run.runtime.settledSoon();
  return result;
}

/** Examples that the last epoch solved rest for one: there was nothing to learn from them. */
function wanting(
  examples: readonly SuiteExample[],
  steps: readonly StepOutcome[],
  epoch: number,
): readonly SuiteExample[] {
  const solved = new Set(steps.filter((one) => one.epoch === epoch - 1).flatMap((one) => one.rest));
  return examples.filter(({ id }) => !solved.has(id));
}

/** What a run goes on with under the library that a step leaves: the next step's first rollouts, or the sealed test. */
function wantedAfter(
  run: TrainingRun,
  { epoch, step }: Step,
  done: readonly StepOutcome[],
  repeats: number,
): After {
  const { settings, examples } = run.suite;
  const stepsOf = (one: number): Step[] =>
    one > settings.epochs ? [] : planEpoch(wanting(examples.train, done, one), one, settings);
  const next = stepsOf(epoch)[step] ?? stepsOf(epoch + 1)[0];
  return (library) =>
    next === undefined
      ? sealedTestOf(run, library)
      : [
          {
            // Rollouts that were made elsewhere are there already.
            examples: run.finished === undefined ? next.batch : [],
            sampling: { ...trainingSampling(run, library, drawOf(next)), repeats },
          },
        ];
}

const drawOf = ({ epoch, step }: Step): string => `epoch ${epoch} step ${step}`;

async function trainStep(
  run: TrainingRun,
  step: Step,
  earlier: readonly StepOutcome[],
): Promise<StepOutcome> {
  const { settings } = run.suite;
  const { document: library, hash: parentHash } = await run.store.load();
  let spentBefore = run.runtime.limiter.usage.total();
  const reflection = await reflectionOf(run, step);

  const { groups, advantages } = await rolloutsAndAdvantages(run, step, library, reflection);
  const report = {
    epoch: step.epoch,
    step: step.step,
    kinds: countKinds(groups),
    rest: settings.schedule === "plain" ? [] : solvedIds(groups),
    gates: [] as GateResult[],
    refused: [],
    failures: reflection.failures,
  };
  if (advantages.length === 0) return { ...report, outcome: "nothing to learn" };

  run.admission.hear(advantages);
  const wanted = reflection.compares === "operations" ? 1 : settings.candidates;
  const proposals = await reflection.propose(library, advantages, wanted);
  const candidates = proposals.map((one) => buildCandidate(library, one, settings, run.admission.refusal));
  const refused = candidates.flatMap((one) => one.refused);
  const rejected = await rejectedWordings(run, parentHash);
  const after = wantedAfter(
    run,
    step,
    [...earlier, { ...report, outcome: "accepted" }],
    reflection.firstRollouts,
  );
  const anticipation = new Anticipation(run, library, after);
  const draw = drawOf(step);
  const search = { library, groups, reflection, candidates, rejected, refused, draw, anticipation };
  const rank = reflection.compares === "operations" ? testedCandidates : rankCandidates;
  const ranked = await rank(run, search);

  for (const candidate of ranked.slice(0, settings.gateAttempts)) {
    anticipation.acceptance(candidate.document);
    const verdict = await validate(run, library, candidate);
    report.gates.push(verdict);
    const judged = { candidate, parentHash, spentBefore, groups, verdict };
    if (verdict.accepted) {
      await commitCandidate(run, judged);
      return { ...report, refused, outcome: "accepted" };
    }
    anticipation.giveUp();
    await rememberRejected(run, judged);
    spentBefore = run.runtime.limiter.usage.total();
  }
  return { ...report, refused, outcome: report.gates.length === 0 ? "no candidate" : "rejected" };
}

/** A group's comparison starts the moment the group is complete; only the step's own waits for all. */
async function rolloutsAndAdvantages(
  run: TrainingRun,
  step: Step,
  library: LibraryDocument,
  reflection: Reflection,
): Promise<{ groups: Group[]; advantages: Advantage[] }> {
  const sampling = { ...trainingSampling(run, library, drawOf(step)), first: reflection.firstRollouts };
  let anticipated = false;
  const taught = await trainingGroups(run, step.batch, sampling, async (group) => {
    const advantages = await reflection.ofGroup(group, library);
    // Where something was learned there will be a candidate.
    if (advantages.length > 0 && !anticipated) anticipateBaselines(run, library);
    anticipated ||= advantages.length > 0;
    return { group, advantages };
  });
  const groups = taught.map((one) => one.group);
  requireGraded(groups, step);
  run.runtime.emit({ type: "phase-done", phase: "rollouts", note: kindsText(countKinds(groups)) });
  const advantages = [
    ...taught.flatMap((one) => one.advantages),
    ...(await reflection.ofStep(groups, library)),
  ];
  run.runtime.throwIfStopped();
  run.runtime.emit({
    type: "phase-done",
    phase: "advantages",
    note: `${advantages.length} learned from ${groups.length} groups`,
  });
  return { groups, advantages };
}

async function reflectionOf(run: TrainingRun, step: Step): Promise<Reflection> {
  const { settings } = run.suite;
  const form = settings.advantage ?? (run.learner.small ? "contrast" : "principles");
  const shared = { learner: run.learner, settings, seedParts: [step.epoch, step.step] };
  return form === "contrast"
    ? new CriterionContrast({
        ...shared,
        prompt: run.prompts.contrast,
        criterionOf: await criterionOfExperiences(run.store),
      })
    : new GroupPrinciples({ ...shared, prompts: run.prompts });
}

/** The sealed test is read here and nowhere else. */
async function sealedTest(run: TrainingRun, learned: LoadedLibrary): Promise<Pick<TrainingResult, "test">> {
  const { settings, examples } = run.suite;
  if (examples.test.length === 0 || run.sealedTest === false) return {};
  const { suite } = run;
  const look = (await run.store.looks()).length + 1;
  const pairs = await rollPairs(run.runtime, "test", examples.test, [
    { suite, sampling: baselineSampling("test", settings.testRepeats) },
    { suite, sampling: evaluationSampling(learned.document, "test", settings.testRepeats) },
  ]);
  const arms = compareArms(pairs, settings.seed);
  run.runtime.emit({
    type: "phase-done",
    phase: "test",
    note: `${arms.baseline.toFixed(2)} -> ${arms.enhanced.toFixed(2)}`,
  });
  await recordLook(run, learned, arms, pairs.length);
  return { test: { pairs, arms, look } };
}

const kindsText = (kinds: Record<GroupKind, number>): string =>
  `${kinds.informative} informative, ${kinds["all-bad"]} all bad, ${kinds.solved} solved, ${kinds.incomplete} incomplete`;

function requireGraded(groups: readonly Group[], step: Step): void {
  if (groups.some((group) => group.kind !== "incomplete")) return;
  const why = groups.flatMap((group) => group.rollouts).find((one) => one.ungraded !== undefined)?.ungraded;
  throw new GrpoError({
    code: "ALL_UNGRADED",
    message: `No group of epoch ${step.epoch}, step ${step.step} could be graded: ${why ?? "too few rollouts"}.`,
    place: "providers, tests",
    remedy: "Run `npx promptfoo eval` on this config and mend what fails there first.",
  });
}

function requireSomethingToLearn(steps: readonly StepOutcome[]): void {
  if (steps.some((one) => one.kinds.informative + one.kinds["all-bad"] > 0)) return;
  throw new GrpoError({
    code: "NOTHING_INFORMATIVE",
    message: "Every group was solved in every rollout, so there is nothing to learn from.",
    place: "tests",
    remedy: "Use harder tests or stricter assertions, or raise --temperature.",
  });
}
