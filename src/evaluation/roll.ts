import { GrpoError } from "../library/error.ts";
import type { Phase } from "../runs/events.ts";
import type { Runtime } from "../runs/runtime.ts";
import { nameOf } from "../suite/models.ts";
import type { Rollout } from "../suite/rollout.ts";
import { rolloutGroup, type Sampling } from "../suite/rollouts.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import type { PairedExample } from "./arms.ts";

/** One arm of a comparison: which agent and prompt answer, and how they are sampled. */
export interface RolledArm {
  suite: Suite;
  sampling: Sampling;
}

/** Rolls out examples side by side under the shared limiter; `each` gets every example's rollouts as they complete. */
export async function rollExamples<T>(
  runtime: Runtime,
  arm: RolledArm,
  phase: Phase,
  examples: readonly SuiteExample[],
  each: (example: SuiteExample, rollouts: Rollout[]) => T | Promise<T>,
): Promise<T[]> {
  runtime.emit({ type: "phase-planned", phase, total: examples.length * arm.sampling.repeats });
  return Promise.all(
    examples.map(async (example) => each(example, await rollOne(runtime, arm, phase, example))),
  );
}

/** The rollouts of one example, counted in the phase's progress. */
export async function rollOne(
  runtime: Runtime,
  { suite, sampling }: RolledArm,
  phase: Phase,
  example: SuiteExample,
): Promise<Rollout[]> {
  const rollouts = await rolloutGroup(suite, runtime, example, sampling);
  const ungraded = rollouts.filter((one) => one.reward === null).length;
  runtime.emit({ type: "phase-progress", phase, done: rollouts.length, ungraded });
  return rollouts;
}

/** Two arms on the same examples, paired; the second arm may ask them of another agent or prompt. */
export async function rollPairs(
  runtime: Runtime,
  phase: Phase,
  examples: readonly SuiteExample[],
  [baseline, enhanced]: readonly [RolledArm, RolledArm],
): Promise<PairedExample[]> {
  const roll = (arm: RolledArm): Promise<Rollout[][]> =>
    rollExamples(runtime, arm, phase, ownExamples(arm, examples), (_, rollouts) => rollouts);
  const [before, after] = await Promise.all([roll(baseline), roll(enhanced)]);
  return examples.map((example, index) => pairOf(example, before[index] ?? [], after[index] ?? []));
}

/** An example with its rollouts under both arms. */
export function pairOf(
  example: SuiteExample,
  baseline: readonly Rollout[],
  enhanced: readonly Rollout[],
): PairedExample {
  const { conversation } = example.test.metadata ?? {};
  return {
    id: example.id,
    persona: example.persona ?? "(none)",
    userTypes: example.userTypes,
    ...(["string", "number"].includes(typeof conversation) ? { conversation: String(conversation) } : {}),
    baseline,
    enhanced,
  };
}

/**
 * The same examples as this arm's suite holds them: a test's variables are rendered for its own prompt.
 * @throws GrpoError ARMS_TESTS_DIFFER when a test is not for this arm's provider or prompt
 */
export function ownExamples({ suite }: RolledArm, examples: readonly SuiteExample[]): SuiteExample[] {
  const own = new Map(Object.values(suite.examples).flatMap((split) => split.map((one) => [one.id, one])));
  return examples.map((example) => {
    const found = own.get(example.id);
    if (found !== undefined) return found;
    throw new GrpoError({
      code: "ARMS_TESTS_DIFFER",
      message: `The test ${example.id} is not for ${nameOf(suite.agent)} with the prompt "${suite.prompt.label.slice(0, 70)}".`,
      place: "--arms",
      remedy: "Compare arms that answer the same tests: check `providers` and `prompts` of the tests.",
    });
  });
}
