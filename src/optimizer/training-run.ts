import type { PairedExample } from "../evaluation/arms.ts";
import {
  hashText,
  type LibraryDocument,
  type LibraryStore,
  openLibraryStore,
  renderExperiences,
  requireWithinLimits,
} from "../library/index.ts";
import type { Injection } from "../providers/experience-agent.ts";
import type { Phase } from "../runs/events.ts";
import type { Runtime } from "../runs/runtime.ts";
import { type Arm, rolloutGroup, type Sampling } from "../suite/rollouts.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import { type LeakCheck, leakCheck } from "./candidates.ts";
import { type Group, toGroup } from "./groups.ts";
import { type Learner, openLearner } from "./learner.ts";
import { loadPrompts, type Prompts } from "./prompt-file.ts";

/** Everything a training run stands on, opened before the first paid call. */
export interface TrainingRun {
  suite: Suite;
  runtime: Runtime;
  learner: Learner;
  prompts: Prompts;
  store: LibraryStore;
  leaks: LeakCheck;
}

/** @throws GrpoError for a wrong prompt file, learner or library, before anything is paid for */
export async function openTraining(suite: Suite, runtime: Runtime): Promise<TrainingRun> {
  const { settings } = suite;
  const store = openLibraryStore({
    root: settings.experiences,
    agent: settings.agent,
    route: settings.route,
  });
  const { maxExperiences, maxWords } = settings;
  requireWithinLimits(store.load().document, { maxExperiences, maxWords }, store.path);
  store.history();
  const prompts = await loadPrompts(settings.prompts);
  const topics = Object.values(prompts).flatMap((prompt) => prompt.topics);
  return {
    suite,
    runtime,
    learner: await openLearner(suite, runtime),
    prompts,
    store,
    leaks: leakCheck(suite, topics),
  };
}

/** What a library adds to the agent's prompt; an empty one adds nothing, byte for byte. */
export function injectionOf(library: LibraryDocument): Injection {
  return { block: renderExperiences(library), version: library.version, hash: hashText(library.source) };
}

/** Rolls out groups side by side under the shared limiter and reports each as it completes. */
export async function rollGroups<T = Group>(
  run: TrainingRun,
  phase: Phase,
  examples: readonly SuiteExample[],
  sampling: Sampling,
  then: (group: Group) => Promise<T> | T = (group) => group as T,
): Promise<T[]> {
  const { emit } = run.runtime;
  emit({ type: "phase-planned", phase, total: examples.length * sampling.repeats });
  return Promise.all(
    examples.map(async (example) => {
      const group = toGroup(example, await rolloutGroup(run.suite, run.runtime, example, sampling));
      const ungraded = group.rollouts.filter((one) => one.reward === null).length;
      emit({ type: "phase-progress", phase, done: group.rollouts.length, ungraded });
      return then(group);
    }),
  );
}

/** Training rollouts: new ones in every step, at the exploration temperature. */
export function trainingSampling(run: TrainingRun, library: LibraryDocument, draw: string): Sampling {
  const { groupSize, temperature } = run.suite.settings;
  return { injection: injectionOf(library), repeats: groupSize, draw, temperature };
}

/** Evaluation rollouts: the agent's own settings, and one draw for a library however often it is asked for. */
export function evaluationSampling(library: LibraryDocument, split: string, repeats: number): Sampling {
  return { injection: injectionOf(library), repeats, draw: `evaluate ${split}` };
}

/** The agent as it is, without any library. */
export function baselineSampling(split: string, repeats: number): Sampling {
  return { injection: undefined, repeats, draw: `evaluate ${split}` };
}

/** Baseline and enhanced on the same examples, paired. */
export async function rollPairs(
  run: TrainingRun,
  phase: Phase,
  examples: readonly SuiteExample[],
  baseline: Sampling,
  enhanced: Sampling,
): Promise<PairedExample[]> {
  const [before, after] = await Promise.all([
    rollGroups(run, phase, examples, baseline),
    rollGroups(run, phase, examples, enhanced),
  ]);
  return examples.map((example, index) => ({
    id: example.id,
    persona: example.persona ?? "(none)",
    userTypes: example.userTypes,
    baseline: before[index]?.rollouts ?? [],
    enhanced: after[index]?.rollouts ?? [],
  }));
}

/** The two columns that `promptfoo view` shows. */
export function twoArms(baseline: Sampling, enhanced: Sampling, version: number): Arm[] {
  return [
    { label: "baseline", sampling: baseline },
    { label: `enhanced (library v${version})`, sampling: enhanced },
  ];
}
