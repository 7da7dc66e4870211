import type { ProviderResponse } from "promptfoo";
import { describe, expect, it } from "vitest";
import { modelFacts, withoutOwnRetries } from "../../src/providers/model-facts.ts";
import { outcomeOf } from "../../src/providers/outcome.ts";
import { PriceBook } from "../../src/runs/prices.ts";

const model = { id: "m", local: false, reportsCost: true };
const read = (response: ProviderResponse) =>
  outcomeOf(response, { stage: "rollout", prompt: "x".repeat(60) }, model, new PriceBook());

describe("a response that is a reply", () => {
  it("with usage and cost", () => {
    const response = { output: "hi", cost: 0.5, tokenUsage: { prompt: 3, completion: 2, total: 5 } };
    expect(read(response)).toEqual({
      ok: true,
      value: response,
      usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 0, costUsd: 0.5 },
    });
  });

  it("from promptfoo's cache costs nothing", () => {
    expect(read({ output: "hi", cost: 0.5, cached: true })).toMatchObject({ usage: { costUsd: 0 } });
  });

  it.each<[string, ProviderResponse, string]>([
    ["a refusal", { output: "I cannot help with that.", isRefusal: true }, "I cannot help with that."],
    ["a refusal without words", { output: "", isRefusal: true }, "Content filtered by provider"],
    ["a filtered one", { output: "", finishReason: "content_filter" }, "Content filtered by provider"],
  ])("%s", (_what, response, output) => {
    expect(read(response)).toMatchObject({ ok: true, value: { output } });
  });

  it("is priced for reports where its provider tells no cost", () => {
    const book = new PriceBook({ prices: { m: { input: 1, output: 2 } } });
    const response = { output: "hi", tokenUsage: { prompt: 1000, completion: 500 } };
    expect(outcomeOf(response, { stage: "judge" }, model, book)).toMatchObject({
      value: { cost: 0.002 },
      usage: { costUsd: 0.002 },
    });
  });

  it("counts estimated tokens towards a cap where its provider tells none", () => {
    const outcome = read({ output: "y".repeat(80) });
    expect(outcome.usage?.budgetTokens).toBeGreaterThan(35);
    expect(outcome.usage).toMatchObject({ promptTokens: 0, completionTokens: 0 });
  });
});

describe("a response that is none", () => {
  const http = (status: number, headers = {}) => ({ http: { status, statusText: "", headers } });
  it.each<[string, ProviderResponse, object]>([
    ["empty", { output: "" }, { kind: "empty" }],
    ["null", { output: null as unknown as string }, { kind: "empty" }],
    ["nothing at all", {}, { kind: "empty" }],
    ["cut before it began", { output: "", finishReason: "length" }, { kind: "lasting" }],
    ["an error's status", { error: "API error: x", metadata: http(503) }, { status: 503 }],
    [
      "a 429 with headers",
      { error: "API error: 429", metadata: http(429, { "Retry-After": "3" }) },
      { status: 429, retryAfterMs: 3000 },
    ],
    [
      "promptfoo's words for one",
      { error: "Rate limit exceeded: HTTP 429 Too Many Requests [retry after 7s]" },
      { retryAfterMs: 7000 },
    ],
    [
      "promptfoo's quota",
      { error: "x", metadata: { rateLimitKind: "quota", ...http(429) } },
      { kind: "refused" },
    ],
    [
      "no connection",
      { error: "API call error: fetch failed", metadata: http(0) },
      { error: /fetch failed/ },
    ],
  ])("%s", (_what, response, expected) => {
    const outcome = read(response);
    expect(outcome.ok).toBe(false);
    const { error, ...rest } = expected as { error?: RegExp };
    expect(outcome).toMatchObject(rest);
    if (error !== undefined) expect(outcome).toMatchObject({ error: expect.stringMatching(error) });
  });

  it("keeps what a failed call cost", () => {
    const tokenUsage = { prompt: 10, completion: 0 };
    expect(read({ error: "x", cost: 0.1, tokenUsage })).toMatchObject({ ok: false, usage: { costUsd: 0.1 } });
  });
});

describe("what is known of a model", () => {
  const provider = (id: string, config?: Record<string, unknown>, more: object = {}) => ({
    id: () => id,
    callApi: async () => ({}),
    ...(config === undefined ? {} : { config }),
    ...more,
  });

  it.each([
    ["package:promptfoo-grpo:LocalModel", true],
    ["experience:none:package:promptfoo-grpo:LocalModel", true],
    ["ollama:chat:llama3", true],
    ["llamafile", true],
    ["openai:chat:localai-like", false],
    ["openai:gpt-5", false],
    ["file://local.mjs", false],
  ])("%s runs on this machine: %s", (id, local) => {
    expect(modelFacts(provider(id)).local).toBe(local);
    expect(modelFacts(provider(id)).timeoutMs).toBe(local ? 1_800_000 : undefined);
  });

  it("one pace for one account and address, without telling the key", () => {
    const keys = [
      provider("m"),
      provider("m", { temperature: 1 }),
      provider("m", { apiKey: "sk-1" }),
      provider("m", { apiKey: "sk-1", temperature: 1 }),
      provider("m", { apiKey: "sk-2" }),
      provider("m", { apiBaseUrl: "http://x" }),
    ].map((one) => modelFacts(one).key);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).toBe(keys[3]);
    expect(new Set(keys).size).toBe(4);
    expect(keys.join()).not.toContain("sk-");
  });

  it.each<[string, object, boolean]>([
    ["nothing", provider("m"), false],
    ["a cost per token", provider("m", { cost: 0.001 }), true],
    ["costs in and out", provider("m", { inputCost: 0, outputCost: 1 }), true],
    ["a cost in alone", provider("m", { inputCost: 0 }), false],
    ["a price list", provider("m", {}, { calculateResponseCost: () => 0.1 }), true],
    ["a price list without it", provider("m", {}, { calculateResponseCost: () => undefined }), false],
    [
      "a method of that name that wants something else",
      provider("m", {}, { calculateResponseCost: (tokens: string) => tokens.trim().length }),
      false,
    ],
  ])("its provider tells costs: %s", (_what, one, expected) => {
    expect(modelFacts(one as Parameters<typeof modelFacts>[0]).reportsCost).toBe(expected);
  });

  it("its retries are left to the limiter, and the user's config is left alone", () => {
    const config = { maxRetries: 9, temperature: 1 };
    const given = provider("m", config);
    expect(withoutOwnRetries(given).config).toEqual({ maxRetries: 0, temperature: 1 });
    expect(config.maxRetries).toBe(9);
    const frozen = Object.freeze(provider("m", config));
    expect(withoutOwnRetries(frozen)).toBe(frozen);
  });

  it.each<[string, object, Record<string, unknown>, unknown]>([
    [
      "an OpenAI-like one is not logged",
      { getApiUrl: () => "http://m" },
      {},
      { "x-promptfoo-silent": "true" },
    ],
    [
      "its own headers stay, and win",
      { getApiUrl: () => "http://m" },
      { headers: { a: "b", "x-promptfoo-silent": "false" } },
      { a: "b", "x-promptfoo-silent": "false" },
    ],
    ["headers that are none", { getApiUrl: () => "http://m" }, { headers: "a: b" }, "a: b"],
    ["another kind of provider gets none", {}, {}, undefined],
  ])("requests: %s", (_what, more, config, headers) => {
    const one = withoutOwnRetries(provider("m", config, more) as Parameters<typeof withoutOwnRetries>[0]);
    expect(one.config).toEqual({ ...config, maxRetries: 0, ...(headers === undefined ? {} : { headers }) });
    expect(config).not.toHaveProperty("maxRetries");
  });
});
