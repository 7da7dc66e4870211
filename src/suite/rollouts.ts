import type { ApiProvider, AtomicTestCase, EvaluateTestSuite } from "promptfoo";
import { evaluate } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import { type ConversationAgent, isConversationAgent } from "../providers/conversation-provider.ts";
import { callWithExperiences, type Injection, passThrough } from "../providers/experience-agent.ts";
import { modelFacts } from "../providers/model-facts.ts";
import { cancelledBy, paidCall } from "../providers/paid-call.ts";
import { seedFrom } from "../runs/random.ts";
import type { Runtime } from "../runs/runtime.ts";
import { hashOf, type Json } from "../runs/task.ts";
import { askAgent, askPersona } from "./ask.ts";
import { meteredTest } from "./judges.ts";
import { EVALUATE_OPTIONS } from "./probe.ts";
import { missingRollout, type Rollout, toRollout } from "./rollout.ts";
import { isScored, scoringKey } from "./scored-group.ts";
import type { Suite, SuiteExample } from "./suite.ts";

/** How a group is sampled. */
export interface Sampling {
  /** What the library adds to the prompt; undefined is the baseline. A list has one for each repeat. */
  injection: Injection | undefined | readonly Injection[];
  repeats: number;
  /** Tells samples apart that ask the same: rollouts of another epoch are new ones, baselines are shared. */
  draw: string;
  /** Of training rollouts; undefined leaves the agent's own. */
  temperature?: number | undefined;
}

/**
 * The group of one example: `repeats` rollouts, scored by the user's own assertions, in repeat order.
 * Every planned rollout is in the result, ungraded ones with their reason.
 * @throws GrpoError what stopped the run (budget, refusal, interrupt)
 */
export async function rolloutGroup(
  suite: Suite,
  runtime: Runtime,
  example: SuiteExample,
  sampling: Sampling,
): Promise<Rollout[]> {
  const key = runtime.scores === undefined ? undefined : scoringKey(suite, example, sampling);
  // Scored in an earlier process of this run, from answers that are in its journal.
  const kept = key === undefined ? undefined : runtime.scores?.get(key);
  if (kept !== undefined) {
    runtime.throwIfStopped();
    return kept as unknown as Rollout[];
  }
  const { rollouts, failed } = await runtime.group(() => evaluated(suite, runtime, example, sampling));
  runtime.throwIfStopped();
  if (key !== undefined && !failed && isScored(rollouts))
    runtime.scores?.put(key, rollouts as unknown as Json);
  return rollouts;
}

/** `failed` says whether any grader's call did: the next time it may not. */
async function evaluated(
  suite: Suite,
  runtime: Runtime,
  example: SuiteExample,
  sampling: Sampling,
): Promise<{ rollouts: Rollout[]; failed: boolean }> {
  let failed = false;
  const agent = sampledAgent(suite, runtime, sampling, suite.agent.label);
  const whole = await groupSuite(suite, runtime, [example], [agent], () => {
    failed = true;
  });
  const { repeats } = sampling;
  const { results } = await evaluate(whole, {
    ...EVALUATE_OPTIONS,
    repeat: repeats,
    maxConcurrency: repeats,
  });
  const found = results.map((row) => toRollout(row, example.id));
  const rollouts = Array.from(
    { length: repeats },
    (_, repeat) => found.find((one) => one.repeat === repeat) ?? missingRollout(example.id, repeat),
  );
  return { rollouts, failed };
}

/** One column of a comparison: a label and how its rollouts are sampled. */
export interface Arm {
  label: string;
  sampling: Sampling;
}

/**
 * Both arms side by side as an ordinary promptfoo result, written where `promptfoo view` finds it and, where
 * there is one, to `outputPath`. Nothing is asked: rollouts come from the journal, and what failed stays
 * failed.
 * @returns false when they could not be written, which is a note: the verdict does not rest on them
 */
export async function publishArms(
  suite: Suite,
  runtime: Runtime,
  examples: readonly SuiteExample[],
  arms: readonly Arm[],
  outputPath?: string,
): Promise<boolean> {
  try {
    await writeArms(suite, runtime, examples, arms, outputPath);
    return true;
  } catch (cause) {
    if (cause instanceof GrpoError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    runtime.emit({ type: "note", text: `the results could not be written for promptfoo view: ${why}` });
    return false;
  }
}

async function writeArms(
  suite: Suite,
  runtime: Runtime,
  examples: readonly SuiteExample[],
  arms: readonly Arm[],
  outputPath?: string,
): Promise<void> {
  const agents = arms.map((arm) => sampledAgent(suite, runtime, arm.sampling, arm.label));
  const whole = await groupSuite(suite, runtime, examples, agents);
  const repeat = Math.max(...arms.map((arm) => arm.sampling.repeats));
  runtime.onlyRecorded = true;
  await evaluate(
    {
      ...whole,
      description: "baseline vs enhanced",
      writeLatestResults: true,
      ...(outputPath === undefined ? {} : { outputPath }),
    },
    { ...EVALUATE_OPTIONS, repeat, maxConcurrency: 8 },
  );
}

async function groupSuite(
  suite: Suite,
  runtime: Runtime,
  examples: readonly SuiteExample[],
  agents: ApiProvider[],
  failed?: () => void,
): Promise<EvaluateTestSuite> {
  const { env, nunjucksFilters, extensions, derivedMetrics } = suite.config;
  const tests = await Promise.all(
    examples.map((example) => meteredTest(ungated(example.test), runtime, failed)),
  );
  // What is left of the config is promptfoo's own; it was validated when the tests were resolved.
  return {
    ...(env === undefined ? {} : { env }),
    ...(nunjucksFilters === undefined ? {} : { nunjucksFilters }),
    ...(extensions === undefined ? {} : { extensions }),
    ...(derivedMetrics === undefined ? {} : { derivedMetrics }),
    metadata: suite.config.metadata,
    prompts: [suite.prompt],
    providers: agents,
    tests,
    writeLatestResults: false,
  } as unknown as EvaluateTestSuite;
}

/** A test's own filters named the provider and prompt that were chosen already; how often it is asked is the run's to say. */
function ungated({
  providers: _providers,
  prompts: _prompts,
  ...test
}: AtomicTestCase & { providers?: unknown; prompts?: unknown }): AtomicTestCase {
  if (test.options?.repeat === undefined) return test;
  const { repeat: _repeat, ...options } = test.options;
  return { ...test, options };
}

/** A conversation's many calls are each paid for by themselves, and the library is in every prompt of the agent. */
function sampledConversation(
  { settings }: Suite,
  agent: ConversationAgent,
  runtime: Runtime,
  sampling: Sampling,
  label: string | undefined,
): ApiProvider {
  return {
    ...passThrough(agent),
    id: () => agent.id(),
    ...(label === undefined ? {} : { label }),
    callApi: async (prompt, context) => {
      const repeat = context?.repeatIndex ?? 0;
      const injection = injectionAt(sampling, repeat);
      const seed = seedFrom(settings.seed, sampling.draw, hashOf(context?.test?.vars ?? null), repeat);
      const { temperature } = sampling;
      const config = temperature === undefined ? {} : { temperature };
      const response = await stopping(runtime, async () => {
        const roles = await agent.roles();
        const calls = {
          agent: askAgent(roles.agent, runtime, injection, config),
          persona: askPersona(roles.persona, runtime, roles.persona === roles.agent),
        };
        return agent.converseWith(calls, prompt, context, seed);
      });
      const { version = null, hash = null } = injection ?? {};
      const used = { repeatIndex: repeat, libraryVersion: version, libraryHash: hash };
      return { ...response, metadata: { ...response.metadata, ...used } };
    },
  };
}

/** promptfoo makes a row of whatever a provider throws: what is wrong with models or personas ends the run. */
async function stopping<T>(runtime: Runtime, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GrpoError) runtime.stop(error);
    throw error;
  }
}

const injectionAt = ({ injection }: Sampling, repeat: number): Injection | undefined =>
  injection !== undefined && "length" in injection ? injection[repeat] : injection;

function sampledAgent(
  suite: Suite,
  runtime: Runtime,
  sampling: Sampling,
  label: string | undefined,
): ApiProvider {
  const { agent, model, settings } = suite;
  if (isConversationAgent(agent)) return sampledConversation(suite, agent, runtime, sampling, label);
  const facts = modelFacts(agent);
  runtime.prices.requireKnown(facts);
  return {
    ...passThrough(agent),
    id: () => agent.id(),
    ...(label === undefined ? {} : { label }),
    callApi: (prompt, context, options) =>
      callWithExperiences(
        (sent, inner, innerOptions) => {
          const repeat = inner?.repeatIndex ?? 0;
          // The same for every arm, so that arms are compared under common random numbers. The test's own variables:
          // those of the call carry promptfoo's ids of this evaluation, which differ every time.
          const seed = seedFrom(settings.seed, sampling.draw, hashOf(inner?.test?.vars ?? null), repeat);
          const { temperature } = sampling;
          const task = {
            stage: "rollout" as const,
            ...model,
            prompt: sent,
            temperature: temperature ?? null,
            seed,
          };
          const overrides = { seed, ...(temperature === undefined ? {} : { temperature }) };
          const call =
            inner === undefined
              ? undefined
              : { ...inner, prompt: { ...inner.prompt, config: { ...inner.prompt.config, ...overrides } } };
          return paidCall(runtime, facts, task, (signal) =>
            agent.callApi(sent, call, cancelledBy(signal, innerOptions)),
          );
        },
        injectionAt(sampling, context?.repeatIndex ?? 0),
        prompt,
        context,
        options,
      ),
  };
}
