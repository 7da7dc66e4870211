import type { ApiProvider } from "promptfoo";
import type { Callee } from "../runs/limiter.ts";
import type { PricedModel } from "../runs/prices.ts";
import { hashOf } from "../runs/task.ts";

/** What the limiter and the price book need to know of a model. */
export type ModelFacts = PricedModel & Pick<Callee, "key"> & { timeoutMs?: number };

/** A model on this machine queues its calls itself and may be slow; it never hangs on a network. */
const LOCAL_TIMEOUT_MS = 1_800_000;
const LOCAL = /(^|:)(LocalModel|ollama|llamafile|localai)(:|$)/;

/** Keys of a provider's config that mean another account or another server, as in promptfoo's own scheduler. */
const ACCOUNT = ["apiKey", "apiKeyEnvar", "apiHost", "apiBaseUrl", "region", "organization", "url"] as const;

export function modelFacts(model: ApiProvider): ModelFacts {
  const id = model.id();
  const config: Record<string, unknown> = { ...(model.config as object | undefined) };
  const account = ACCOUNT.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key]]]));
  const local = LOCAL.test(id);
  return {
    id,
    key: account.length === 0 ? id : `${id} ${hashOf(account).slice(0, 12)}`,
    local,
    reportsCost: statesCost(config) || knowsPrice(model, config),
    ...(local ? { timeoutMs: LOCAL_TIMEOUT_MS } : {}),
  };
}

/** promptfoo's providers compute each call's cost from these. */
function statesCost({ cost, inputCost, outputCost }: Record<string, unknown>): boolean {
  return typeof cost === "number" || (typeof inputCost === "number" && typeof outputCost === "number");
}

/**
 * promptfoo's OpenAI-like providers hold a price list of their own. It cannot be read, but their method that
 * computes a call's cost can be asked about a call that never was.
 */
function knowsPrice(model: ApiProvider, config: object): boolean {
  const { calculateResponseCost: ask } = model as { calculateResponseCost?: unknown };
  if (typeof ask !== "function") return false;
  const usage = { prompt_tokens: 1000, completion_tokens: 1000, total_tokens: 2000 };
  try {
    const cost: unknown = ask.call(model, { usage }, config, false);
    return typeof cost === "number" && cost > 0;
  } catch {
    return false;
  }
}

/**
 * Leaves retries to the limiter, where they are counted and can be interrupted. By itself promptfoo's fetch waits
 * for a minute after a 429 without Retry-After, four times, inside our call: providers take `maxRetries` from
 * their config, and promptfoo hands it on to whatever they fetch (its scheduler is switched off in quiet.ts).
 * An ExperienceProvider's inner model is loaded at its first call; it is reached through the wrapper's config.
 */
export function withoutOwnRetries<T extends ApiProvider>(model: T): T {
  const config: unknown = model.config ?? {};
  if (typeof config === "object" && config !== null) {
    // Another object: the one that is there may be the user's. Where it cannot be set, the provider has its way.
    Reflect.set(model, "config", { ...config, maxRetries: 0 });
  }
  return model;
}
