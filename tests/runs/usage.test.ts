import { describe, expect, it } from "vitest";
import { paidFor } from "../../src/runs/paid.ts";
import { toldTokens } from "../../src/runs/usage.ts";

type Response = Parameters<typeof toldTokens>[0];

const READ: [string, Response, [number, number, number]][] = [
  [
    "promptfoo's OpenAI, Anthropic and like providers",
    { tokenUsage: { prompt: 900, completion: 20, completionDetails: { cacheReadInputTokens: 768 } } },
    [900, 20, 768],
  ],
  [
    "its Azure and Google providers, and our endpoint",
    { cached: false, tokenUsage: { prompt: 900, completion: 20, cached: 768 } },
    [900, 20, 768],
  ],
  [
    "promptfoo's own cache, which is not the provider's",
    { cached: true, tokenUsage: { cached: 920 } },
    [0, 0, 0],
  ],
  [
    "promptfoo's own cache beside what the call once took",
    { cached: true, tokenUsage: { prompt: 900, completion: 20, cached: 920 } },
    [900, 20, 0],
  ],
  [
    "more cached tokens than the prompt has",
    { tokenUsage: { prompt: 10, completion: 2, cached: 12 } },
    [10, 2, 10],
  ],
  [
    "nulls",
    { cached: null, tokenUsage: { prompt: null, completion: null, cached: null, completionDetails: null } },
    [0, 0, 0],
  ],
  ["nothing", undefined, [0, 0, 0]],
];

it.each(READ)("tokens of %s", (_what, response, [promptTokens, completionTokens, cachedTokens]) => {
  expect(toldTokens(response)).toEqual({ promptTokens, completionTokens, cachedTokens });
});

describe("a journalled result", () => {
  it("tells on resume what the provider had cached", () => {
    const tokenUsage = { prompt: 900, completion: 20, completionDetails: { cacheReadInputTokens: 768 } };
    expect(paidFor("advantage", {}, { output: "x", cost: 0.1, tokenUsage }).usage).toEqual({
      promptTokens: 900,
      completionTokens: 20,
      cachedTokens: 768,
      costUsd: 0.1,
    });
  });

  it("keeps its tokens whatever else is null", () => {
    const tokenUsage = { prompt: 9, completion: 2, cached: null, completionDetails: null };
    expect(paidFor("advantage", {}, { output: "x", tokenUsage }).usage).toMatchObject({ promptTokens: 9 });
  });
});
