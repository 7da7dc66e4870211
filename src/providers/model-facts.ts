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
  const ownPrice = statedPrice(config) ?? listedPrice(model, config);
  return {
    id,
    key: account.length === 0 ? id : `${id} ${hashOf(account).slice(0, 12)}`,
    local,
    url: addressOf(model),
    reportsCost: ownPrice !== undefined,
    ...(ownPrice === undefined ? {} : { ownPrice }),
    ...(local ? { timeoutMs: LOCAL_TIMEOUT_MS } : {}),
  };
}

/** promptfoo's OpenAI-like providers know the address of their API. */
function addressOf(model: ApiProvider): string | undefined {
  const { getApiUrl: ask } = model as { getApiUrl?: unknown };
  if (typeof ask !== "function") return undefined;
  try {
    const url: unknown = ask.call(model);
    return typeof url === "string" ? url : undefined;
  } catch {
    return undefined;
  }
}

/** A price of what a call's tokens cost, as its provider would put it into the response. */
type OwnPrice = NonNullable<PricedModel["ownPrice"]>;

/** promptfoo's providers compute each call's cost from these. */
function statedPrice({ cost, inputCost, outputCost }: Record<string, unknown>): OwnPrice | undefined {
  const input = inputCost ?? cost;
  const output = outputCost ?? cost;
  if (typeof input !== "number" || typeof output !== "number") return undefined;
  return (promptTokens, completionTokens) => input * promptTokens + output * completionTokens;
}

/**
 * promptfoo's OpenAI-like providers hold a price list of their own. It cannot be read, but their method that
 * computes a call's cost can be asked about a call that never was.
 */
function listedPrice(model: ApiProvider, config: object): OwnPrice | undefined {
  const { calculateResponseCost: ask } = model as { calculateResponseCost?: unknown };
  if (typeof ask !== "function") return undefined;
  const price: OwnPrice = (prompt_tokens, completion_tokens) => {
    const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
    try {
      const cost: unknown = ask.call(model, { usage }, config, false);
      return typeof cost === "number" && cost > 0 ? cost : undefined;
    } catch {
      return undefined;
    }
  };
  return price(1000, 1000) === undefined ? undefined : price;
}

/**
 * Leaves retries to the limiter, where they are counted and can be interrupted. By itself promptfoo's fetch waits
 * for a minute after a 429 without Retry-After, four times, inside our call: providers take `maxRetries` from
 * their config, and promptfoo hands it on to whatever they fetch (its scheduler is switched off in quiet.ts).
 * Requests are not logged either.
 * An ExperienceProvider's inner model is loaded at its first call; it is reached through the wrapper's config.
 */
export function withoutOwnRetries<T extends ApiProvider>(model: T): T {
  const config: unknown = model.config ?? {};
  if (typeof config === "object" && config !== null) {
    // Another object: the one that is there may be the user's. Where it cannot be set, the provider has its way.
    Reflect.set(model, "config", { ...config, ...unlogged(model, config), maxRetries: 0 });
  }
  return model;
}

/**
 * promptfoo's fetch makes a debug line of each request and reply, keys searched for and blacked out, also when
 * nobody reads it; its own header, which it sends on, is the one switch. Of OpenAI-like providers alone: they are
 * the ones that are known to put these headers into a request.
 */
function unlogged(model: ApiProvider, { headers = {} }: { headers?: unknown }): object {
  const ours = addressOf(model) !== undefined && process.env["LOG_LEVEL"] !== "debug";
  if (!ours || typeof headers !== "object" || headers === null || Array.isArray(headers)) return {};
  return { headers: { "x-promptfoo-silent": "true", ...headers } };
}
