import type { ApiProvider } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import type { JudgeRef } from "./config.ts";
import { JudgeRefSchema } from "./config.ts";
import type { AssertionContext } from "./context.ts";
import type { JudgeModel, JudgeUsage } from "./judge.ts";

export type LoadJudge = (judge: JudgeRef | ApiProvider) => Promise<JudgeModel>;

const loaded = new Map<string, Promise<ApiProvider>>();

/** Loads a promptfoo provider once per process; promptfoo itself is imported only when a judge is needed. */
async function loadProvider(ref: JudgeRef): Promise<ApiProvider> {
  const { loadApiProvider } = await import("promptfoo");
  if (typeof ref === "string") return loadApiProvider(ref);
  const { id, ...options } = ref;
  // The options were checked as far as promptfoo documents them; the rest is the provider's own.
  return loadApiProvider(id, { options: { id, ...(options as object) } });
}

function isProvider(judge: JudgeRef | ApiProvider): judge is ApiProvider {
  return typeof judge === "object" && "callApi" in judge && typeof judge.callApi === "function";
}

/** The default way to a judge: any promptfoo provider, by id, with options, or already loaded. */
export async function loadJudge(judge: JudgeRef | ApiProvider): Promise<JudgeModel> {
  if (isProvider(judge)) return judgeFrom(judge);
  const key = JSON.stringify(judge);
  let provider = loaded.get(key);
  if (provider === undefined) {
    provider = loadProvider(judge);
    // A provider that failed to load may load next time.
    provider.catch(() => loaded.delete(key));
    loaded.set(key, provider);
  }
  return judgeFrom(await provider);
}

/** A promptfoo provider as a judge that counts what it uses. */
function judgeFrom(provider: ApiProvider): JudgeModel {
  const used: JudgeUsage = { total: 0, prompt: 0, completion: 0, cached: 0, numRequests: 0 };
  return {
    async complete(prompt) {
      const { error, output, tokenUsage } = await provider.callApi(prompt);
      used.total += tokenUsage?.total ?? 0;
      used.prompt += tokenUsage?.prompt ?? 0;
      used.completion += tokenUsage?.completion ?? 0;
      used.cached += tokenUsage?.cached ?? 0;
      used.numRequests += tokenUsage?.numRequests ?? 1;
      if (error !== undefined && error !== null && error !== "") throw new Error(String(error));
      if (output === undefined || output === null || output === "") throw new Error("the answer was empty");
      return typeof output === "string" ? output : JSON.stringify(output);
    },
    usage: () => ({ ...used }),
  };
}

interface AssertionLike {
  config?: unknown;
  provider?: unknown;
  assert?: unknown;
}

function assertionsIn(value: unknown): AssertionLike[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((one): one is AssertionLike => typeof one === "object" && one !== null)
    .flatMap((one) => [one, ...assertionsIn(one.assert)]);
}

/**
 * Which model judges: the assertion's own `provider`, `config.judge`, or the test's `options.provider`, in this
 * order. promptfoo clones `config` and hands over no assertion, so a loaded provider can only come in the first or
 * last way; the assertion is the one whose config is ours.
 */
export function judgeRefOf(
  context: AssertionContext,
  configured: JudgeRef | undefined,
): JudgeRef | ApiProvider | undefined {
  const ours = JSON.stringify(context.config ?? {});
  const own = assertionsIn(context.test.assert).find(
    (one) => one.provider !== undefined && JSON.stringify(one.config ?? {}) === ours,
  );
  const options = context.test.options;
  const ofTest =
    typeof options === "object" && options !== null && "provider" in options ? options.provider : undefined;
  return [own?.provider, configured, ofTest].map(asJudge).find((judge) => judge !== undefined);
}

function asJudge(value: unknown): JudgeRef | ApiProvider | undefined {
  if (typeof value === "object" && value !== null && "callApi" in value) return value as ApiProvider;
  const parsed = JudgeRefSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** @throws GrpoError JUDGE_MISSING: a criterion asks for a judge and none is named. */
export function judgeMissing(criterion: string): GrpoError {
  return new GrpoError({
    code: "JUDGE_MISSING",
    message: `The criterion "${criterion}" is scored by a judge, and no judge is named.`,
    place: "config.judge",
    remedy:
      'Name a provider in the assertion\'s config, for example judge: "openai:gpt-5-mini", or score by rule.',
  });
}
