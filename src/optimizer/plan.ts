import type { Settings } from "../suite/settings.ts";
import type { Suite } from "../suite/suite.ts";
import { mostAhead } from "./anticipation.ts";
import { MAX_OPERATIONS } from "./contrast.ts";
import { REPEATS } from "./inclusion-rounds.ts";
import { mergeCalls } from "./merging.ts";
import { ROUNDS } from "./operation-test.ts";
import { MOST_PRINCIPLES } from "./principles.ts";
import { planSteps } from "./steps.ts";

/** What a run will do at most, before any money is spent; `ahead` is what may be asked in vain. */
export interface TrainingPlan {
  examples: { train: number; validation: number; test: number };
  steps: number;
  rollouts: { training: number; screening: number; validation: number; test: number; ahead: number };
  learnerCalls: number;
  calls: number;
  /** Of the agent and of the learner. */
  tokens: { agent: Tokens; learner: Tokens };
}

/** Rough: about 4 characters a token, replies of the provider's max_tokens or 300. */
export interface Tokens {
  promptTokens: number;
  completionTokens: number;
}

/**
 * Upper bounds from the settings: as if every group taught something and every candidate were refined.
 * @param replay earlier examples that the gate asks too
 */
export function planTraining(suite: Suite, form: "principles" | "contrast", replay = 0): TrainingPlan {
  const { settings, examples } = suite;
  const steps = planSteps(examples.train, settings);
  const { groupSize, screenSize } = settings;
  const { screens, attempts, perStep, perGroup } = boundsOf(settings, form);
  const training = steps.reduce((sum, step) => sum + step.batch.length * groupSize, 0);
  const screening = steps.reduce((sum, step) => sum + Math.min(screenSize, step.batch.length) * screens, 0);
  const judged = examples.validation.length + replay;
  const validation = judged * settings.validationRepeats * (steps.length * attempts + 1);
  const test = examples.test.length * settings.testRepeats * 2;
  const merging = (groups: number): number =>
    form === "contrast" || settings.schedule === "plain" ? 0 : mergeCalls(groups * MOST_PRINCIPLES);
  const learnerCalls = steps.reduce(
    (sum, { batch }) => sum + perStep + perGroup * batch.length + merging(batch.length),
    0,
  );
  const ahead = steps.length * mostAhead(suite);
  const rollouts = training + screening + validation + test + ahead;
  const one = rolloutTokens(suite);
  const asked = one.promptTokens + one.completionTokens + 600;
  return {
    examples: {
      train: examples.train.length,
      validation: examples.validation.length,
      test: examples.test.length,
    },
    steps: steps.length,
    rollouts: { training, screening, validation, test, ahead },
    learnerCalls,
    calls: rollouts + learnerCalls,
    tokens: {
      agent: timesTokens(rollouts, one),
      learner: timesTokens(learnerCalls, { promptTokens: asked, completionTokens: 150 }),
    },
  };
}

/** At most: rollouts of an example that compare candidates, candidates at the gate, learner calls a step and a group. */
function boundsOf(
  { schedule, groupSize, candidates, refinements, gateAttempts, maxOperations = MAX_OPERATIONS }: Settings,
  form: "principles" | "contrast",
) {
  if (form === "contrast") {
    // The combined candidate and the refinements come on top.
    const screens = candidates + 1 + refinements * candidates;
    const perStep = candidates * (maxOperations + refinements);
    return { screens, attempts: Math.min(gateAttempts, screens), perStep, perGroup: 0 };
  }
  const perGroup = groupSize + 1;
  if (schedule === "plain")
    return {
      screens: candidates,
      attempts: Math.min(gateAttempts, candidates),
      perStep: candidates,
      perGroup,
    };
  return { screens: ROUNDS * REPEATS, attempts: Math.min(gateAttempts, 2), perStep: 1, perGroup };
}

export const timesTokens = (calls: number, { promptTokens, completionTokens }: Tokens): Tokens => ({
  promptTokens: calls * promptTokens,
  completionTokens: calls * completionTokens,
});

/** One rollout: the prompt's own text, a question, a library of middling size, a reply. */
export function rolloutTokens({ agent, prompt, examples, settings }: Suite): Tokens {
  const questions = Object.values(examples)
    .flat()
    .map((one) => JSON.stringify(one.test.vars ?? {}).length);
  const question = questions.reduce((sum, one) => sum + one, 0) / Math.max(1, questions.length);
  const library = (settings.maxExperiences / 2) * settings.maxWords * 6;
  const limit: unknown = agent.config?.max_tokens;
  return {
    promptTokens: Math.ceil((prompt.raw.length + question + library) / 4),
    completionTokens: typeof limit === "number" ? limit : 300,
  };
}
