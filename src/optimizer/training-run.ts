import { rollExamples } from "../evaluation/roll.ts";
import { injectionOf } from "../evaluation/sampling.ts";
import { type LibraryDocument, type LibraryStore, requireWithinLimits } from "../library/index.ts";
import type { Phase } from "../runs/events.ts";
import type { Runtime } from "../runs/runtime.ts";
import { libraryStoreOf } from "../suite/library-store.ts";
import type { Rollout } from "../suite/rollout.ts";
import { type Arm, rolloutGroup, type Sampling } from "../suite/rollouts.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import { type Admission, openAdmission, requireSupportable } from "./admission.ts";
import { type Group, isUndecided, toGroup } from "./groups.ts";
import { selectExamples } from "./incremental.ts";
import { type Learner, openLearner } from "./learner.ts";
import { loadPrompts, type Prompts } from "./prompt-file.ts";
import { openRunRedaction, type RunRedaction } from "./run-redaction.ts";

/** Everything a training run stands on, opened before the first paid call. */
export interface TrainingRun {
  suite: Suite;
  runtime: Runtime;
  learner: Learner;
  prompts: Prompts;
  store: LibraryStore;
  admission: Admission;
  /** What is taken out of texts for the learner and for reports; absent when that is off. */
  redaction?: RunRedaction;
  /** False where somebody else reads the sealed test after the run. */
  sealedTest?: boolean;
  /** Earlier training examples that the gate asks too, where the run learns from some only. */
  replay?: readonly SuiteExample[];
  /** Rollouts of training examples that were made elsewhere, by example id: the first step learns from them. */
  finished?: ReadonlyMap<string, readonly Rollout[]>;
}

/** @throws GrpoError for a wrong prompt file, learner or library, before anything is paid for */
export async function openTraining(whole: Suite, runtime: Runtime): Promise<TrainingRun> {
  const { suite, replay } = selectExamples(whole);
  const { settings } = suite;
  requireSupportable(suite);
  const store = libraryStoreOf(settings);
  const { maxExperiences, maxWords } = settings;
  requireWithinLimits((await store.load()).document, { maxExperiences, maxWords }, store.path);
  await store.history();
  const prompts = await loadPrompts(settings.prompts);
  const redaction = openRunRedaction(suite);
  const topics = Object.values(prompts).flatMap((prompt) => prompt.topics);
  return {
    suite,
    runtime,
    learner: await openLearner(suite, runtime),
    prompts,
    store,
    ...(replay.length === 0 ? {} : { replay }),
    admission: openAdmission(whole, topics, suite.examples.train),
    ...(redaction === undefined ? {} : { redaction }),
  };
}

/** Groups side by side under the shared limiter; `then` gets each as it completes. */
export async function rollGroups<T = Group>(
  { suite, runtime, redaction }: TrainingRun,
  phase: Phase,
  examples: readonly SuiteExample[],
  sampling: Sampling,
  then: (group: Group) => Promise<T> | T = (group) => group as T,
): Promise<T[]> {
  return rollExamples(runtime, { suite, sampling }, phase, examples, (example, rollouts) =>
    then(toGroup(example, rollouts, redaction)),
  );
}

/** The groups of a step: those that are there already, or new ones. */
export function trainingGroups<T>(
  run: TrainingRun,
  examples: readonly SuiteExample[],
  { first, ...sampling }: Sampling & { first: number },
  then: (group: Group) => Promise<T>,
): Promise<T[]> {
  const { finished, redaction } = run;
  if (finished === undefined) {
    const begun = { ...sampling, repeats: first };
    return rollGroups(run, "rollouts", examples, begun, async (group) =>
      then(first < sampling.repeats && isUndecided(group) ? await filledUp(run, group, sampling) : group),
    );
  }
  return Promise.all(
    examples.map((example) => then(toGroup(example, finished.get(example.id) ?? [], redaction))),
  );
}

/** The whole group; the rollouts that it began with are answered from the journal. */
async function filledUp(run: TrainingRun, { example }: Group, sampling: Sampling): Promise<Group> {
  const { suite, runtime, redaction } = run;
  return toGroup(example, await rolloutGroup(suite, runtime, example, sampling), redaction);
}

/** Training rollouts: new ones in every step, at the exploration temperature. */
export function trainingSampling(run: TrainingRun, library: LibraryDocument, draw: string): Sampling {
  const { groupSize, temperature } = run.suite.settings;
  return { injection: injectionOf(library), repeats: groupSize, draw, temperature };
}

/** The two columns that `promptfoo view` shows. */
export function twoArms(baseline: Sampling, enhanced: Sampling, version: number): Arm[] {
  return [
    { label: "baseline", sampling: baseline },
    { label: `enhanced (library v${version})`, sampling: enhanced },
  ];
}
