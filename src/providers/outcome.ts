import type { ProviderResponse } from "promptfoo";
import type { CallFailure } from "../runs/failure.ts";
import type { CallOutcome } from "../runs/limiter.ts";
import type { PriceBook, PricedModel } from "../runs/prices.ts";
import { retryAfterOf } from "../runs/retry-after.ts";
import { redacted, redactText } from "../runs/secrets.ts";
import type { Json, Task } from "../runs/task.ts";
import { type CallUsage, estimatedTokens, toldTokens } from "../runs/usage.ts";

/** What a provider's response means: a reply with what it cost, or why there is none. */
export function outcomeOf(
  response: ProviderResponse,
  task: Task,
  model: PricedModel,
  prices: PriceBook,
): CallOutcome<Json> {
  const usage = usageOf(response, task, model, prices);
  if (response.error !== undefined && response.error !== null) {
    // Providers and gateways quote the key that they refuse; a journal is UTF-8.
    const failure = failureOf(response, redactText(String(response.error)).toWellFormed());
    return { ok: false, ...failure, ...(usage.promptTokens > 0 ? { usage } : {}) };
  }
  const { prompt, output: _, ...rest } = response;
  const output = outputOf(response);
  if (output === undefined && !isOtherAnswer(response)) return { ok: false, ...emptiness(response), usage };
  // What the run uses is what a resumed one will read: neither sees a header or a key. The reply stays as it is.
  const kept = { ...(redacted(plain(rest)) as object), output, ...(prompt === undefined ? {} : { prompt }) };
  // Reports read the cost from the response.
  const priced = usage.costUsd === null ? {} : { cost: usage.costUsd };
  return { ok: true, value: plain({ ...kept, ...priced }), usage };
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value));

/** What `similar`, `classifier` and `moderation` read of graders that are no chat models. */
function isOtherAnswer(response: ProviderResponse): boolean {
  const other: Record<string, unknown> = { ...response };
  const answers = ["embedding", "similarity", "classification", "flags"].map((key) => other[key]);
  return answers.some((one) => one !== undefined && one !== null);
}

/** A refusal is a reply, also one without words. */
function outputOf(response: ProviderResponse): unknown {
  const { output } = response;
  if (output !== undefined && output !== null && output !== "") return output;
  const filtered = response.isRefusal === true || response.finishReason === "content_filter";
  return filtered ? "Content filtered by provider" : undefined;
}

function emptiness({ finishReason }: ProviderResponse): CallFailure {
  return finishReason === "length"
    ? { error: "the model used all its tokens before it said anything", kind: "lasting" }
    : { error: "the model returned an empty reply", kind: "empty" };
}

/** promptfoo's HTTP providers put status and headers under `metadata.http`, and say which 429 is a quota. */
function failureOf({ metadata }: ProviderResponse, error: string): CallFailure {
  const http = objectOf(metadata?.["http"]);
  const headers = http["headers"] ?? metadata?.["headers"];
  const retryAfterMs = retryAfterOf(headers, error, Date.now());
  const { status } = http;
  const kind = metadata?.["rateLimitKind"];
  return {
    error,
    ...(typeof status === "number" && status > 0 ? { status } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(kind === "quota" ? { kind: "refused" as const } : {}),
  };
}

/** Usage as the provider reports it, priced; a cost that nothing tells is unknown, not zero. */
function usageOf(response: ProviderResponse, task: Task, model: PricedModel, prices: PriceBook): CallUsage {
  const told = response.tokenUsage;
  const tokens = toldTokens(response);
  const own = response.cached === true ? 0 : response.cost;
  const silent = (told?.prompt ?? told?.completion ?? told?.cached ?? told?.total) === undefined;
  return {
    ...tokens,
    costUsd: prices.costOf(model, tokens, own),
    ...(silent ? { budgetTokens: estimatedTokens(task, response.output) } : {}),
  };
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? { ...value } : {};
