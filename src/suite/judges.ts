import type { ApiProvider, Assertion, AssertionSet, AtomicTestCase, ProviderResponse } from "promptfoo";
import { modelFacts, withoutOwnRetries } from "../providers/model-facts.ts";
import { cancelledBy, paidCall } from "../providers/paid-call.ts";
import type { Runtime } from "../runs/runtime.ts";
import { configHash } from "../runs/secrets.ts";
import { hashOf, type Json, type Task } from "../runs/task.ts";
import type { Config } from "./config.ts";
import { loadModel } from "./models.ts";
import { type ProviderRef, ProviderRefSchema, type Settings } from "./settings.ts";

/**
 * Loads every grader that a test names, once, so that a run can count and journal its calls. A test that
 * names none gets the judge of the settings, if there is one; otherwise promptfoo's default stays.
 */
export async function judgedTests(
  tests: readonly AtomicTestCase[],
  config: Config,
  settings: Settings,
): Promise<AtomicTestCase[]> {
  const loaded = new Map<string, Promise<ApiProvider>>();
  const load = (ref: ProviderRef): Promise<ApiProvider> => {
    const key = hashOf(ref);
    const model = loaded.get(key) ?? loadModel(ref, config, "assert provider");
    loaded.set(key, model);
    return model;
  };
  // promptfoo has loaded some of them already; an id alone would not find a grader that stands in a file.
  const visit: Visit = async (ref, model) => (model === undefined ? load(ref) : withoutOwnRetries(model));
  return Promise.all(tests.map((test) => mapJudges(withDefaultJudge(test, settings.judge), visit)));
}

/** The same test with every grader's calls going through a run's journal and limiter; `failed` hears of each that failed. */
export async function meteredTest(
  test: AtomicTestCase,
  runtime: Runtime,
  failed: () => void = () => {},
): Promise<AtomicTestCase> {
  return mapJudges(test, async (_ref, model) =>
    model === undefined ? undefined : metered(model, runtime, failed),
  );
}

/** Every grader that tests name, each once, in the order in which they are met. */
export async function judgesOf(tests: readonly AtomicTestCase[]): Promise<ApiProvider[]> {
  const found = new Set<ApiProvider>();
  const collect: Visit = async (_ref, model) => {
    if (model !== undefined) found.add(model);
    return undefined;
  };
  for (const test of tests) await mapJudges(test, collect);
  return [...found];
}

/** What graders of other kinds are asked by: `similar`, `classifier`, `moderation`. */
const OTHER_CALLS = [
  "callEmbeddingApi",
  "callSimilarityApi",
  "callClassificationApi",
  "callModerationApi",
] as const;
type OtherCall = (...asked: Json[]) => Promise<ProviderResponse>;

/** @throws GrpoError PRICE_UNKNOWN under a cap in dollars, before the agent is asked what is to be graded */
function metered(model: ApiProvider, runtime: Runtime, failed: () => void): ApiProvider {
  const facts = modelFacts(model);
  runtime.prices.requireKnown(facts);
  const judge = { stage: "judge" as const, model: model.id(), config: configHash(model.config) };
  const paid = async (task: Task, call: Parameters<typeof paidCall>[3]): Promise<ProviderResponse> => {
    const response = await paidCall(runtime, facts, task, call);
    if (response.error !== undefined) failed();
    return response;
  };
  return {
    ...model,
    ...otherCalls(model, (call, asked, ask) => paid({ ...judge, call, asked }, ask)),
    id: () => model.id(),
    callApi: (prompt, context, options) =>
      paid({ ...judge, prompt }, (signal) => model.callApi(prompt, context, cancelledBy(signal, options))),
  };
}

/** promptfoo tells kinds of graders apart by the methods that they have. */
function otherCalls(
  model: ApiProvider,
  through: (call: string, asked: Json[], ask: () => Promise<ProviderResponse>) => Promise<ProviderResponse>,
): Record<string, OtherCall> {
  const methods = model as unknown as Record<string, unknown>;
  const found = OTHER_CALLS.flatMap((name): [string, OtherCall][] => {
    const method = methods[name];
    if (typeof method !== "function") return [];
    return [[name, (...asked) => through(name, asked, () => method.apply(model, asked))]];
  });
  return Object.fromEntries(found);
}

type Visit = (ref: ProviderRef, model: ApiProvider | undefined) => Promise<ApiProvider | undefined>;

async function mapJudges(test: AtomicTestCase, visit: Visit): Promise<AtomicTestCase> {
  const options = test.options === undefined ? undefined : await mapHolder(test.options, visit);
  const assert =
    test.assert === undefined
      ? undefined
      : await Promise.all(test.assert.map((one) => mapAssertion(one, visit)));
  return {
    ...test,
    ...(options === undefined ? {} : { options }),
    ...(assert === undefined ? {} : { assert }),
  };
}

async function mapAssertion<T extends Assertion | AssertionSet>(assertion: T, visit: Visit): Promise<T> {
  if (assertion.type === "assert-set") {
    const set = assertion as AssertionSet;
    return { ...assertion, assert: await Promise.all(set.assert.map((one) => mapAssertion(one, visit))) };
  }
  const single = assertion as Assertion;
  // promptfoo clones an assertion's config, which a loaded model does not survive; the rubric looks at
  // `provider` before `config.judge`.
  const judge: unknown = single.provider === undefined ? single.config?.["judge"] : undefined;
  const model = await visited(judge, visit);
  return (await mapHolder(model === undefined ? single : { ...single, provider: model }, visit)) as T;
}

async function mapHolder<T extends { provider?: unknown }>(holder: T, visit: Visit): Promise<T> {
  const model = await visited(holder.provider, visit);
  return model === undefined ? holder : { ...holder, provider: model };
}

/** Maps by kind of model ({text, embedding, …}) and functions are left to promptfoo. */
async function visited(value: unknown, visit: Visit): Promise<ApiProvider | undefined> {
  if (isModel(value)) return visit(value.id(), value);
  const ref = ProviderRefSchema.safeParse(value);
  return ref.success ? visit(ref.data, undefined) : undefined;
}

export function isModel(value: unknown): value is ApiProvider {
  return (
    typeof value === "object" && value !== null && "callApi" in value && typeof value.callApi === "function"
  );
}

function withDefaultJudge(test: AtomicTestCase, judge: ProviderRef | undefined): AtomicTestCase {
  if (judge === undefined || test.options?.provider !== undefined) return test;
  return { ...test, options: { ...test.options, provider: judge as { id: string } } };
}
