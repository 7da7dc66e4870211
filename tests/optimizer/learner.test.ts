import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LearnerRequest, openLearner } from "../../src/optimizer/learner.ts";
import { Runtime, type RuntimeOptions } from "../../src/runs/runtime.ts";
import { parseSettings } from "../../src/suite/settings.ts";
import type { Suite } from "../../src/suite/suite.ts";
import type { ChatAnswer, ChatCall } from "../support/chat-api.ts";
import { chatServer } from "../support/chat-server.ts";
import { grpoErrorOf } from "../support/refusals.ts";

const request: LearnerRequest = {
  stage: "advantage",
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Say." },
  ],
  schemaName: "instruction",
  schema: { type: "object", properties: { instruction: { type: "string" } } },
  temperature: 0.7,
  seed: 11,
  maxTokens: 80,
};

beforeEach(() => vi.stubEnv("TEST_LEARNER_KEY", "key-1"));
afterEach(() => vi.unstubAllEnvs());

const suiteWith = (learner: Record<string, unknown>): Suite =>
  ({ settings: parseSettings({ learner }, {}, "test"), config: {} }) as unknown as Suite;

async function endpoint(
  answer: (call: ChatCall, nth: number) => ChatAnswer,
  more: Record<string, unknown> = {},
  options: Partial<RuntimeOptions> = {},
) {
  const { baseUrl, calls } = await chatServer(answer);
  const runtime = new Runtime({ concurrency: 2, backoffMs: 0, ...options });
  const learner = await openLearner(
    suiteWith({ model: "m-1", baseUrl, apiKeyEnv: "TEST_LEARNER_KEY", ...more }),
    runtime,
  );
  return { learner, calls, runtime };
}

describe("a learner behind an OpenAI-compatible endpoint", () => {
  it("is sent messages, seed, limits and the schema, with the key", async () => {
    const { learner, calls } = await endpoint(() => ({ content: '{"instruction":"x"}' }));
    expect(learner).toMatchObject({ id: "m-1", small: false });
    expect(await learner.ask(request)).toEqual({ text: '{"instruction":"x"}', complete: true });
    expect(calls).toEqual([
      {
        path: "/v1/chat/completions",
        authorization: "Bearer key-1",
        body: {
          model: "m-1",
          messages: request.messages,
          temperature: 0.7,
          seed: 11,
          max_tokens: 80,
          response_format: {
            type: "json_schema",
            json_schema: { name: "instruction", strict: true, schema: request.schema },
          },
        },
      },
    ]);
  });

  it("is not sent a schema where the settings say so", async () => {
    const { learner, calls } = await endpoint(() => ({}), { structured: false });
    await learner.ask(request);
    expect(calls[0]?.body).not.toHaveProperty("response_format");
  });

  it("is paid for once: usage and dollars counted, the same question answered from the journal", async () => {
    const { learner, calls, runtime } = await endpoint(() => ({}), {
      pricePerMillion: { input: 2, output: 10 },
    });
    await learner.ask(request);
    await learner.ask(request);
    expect(calls).toHaveLength(1);
    expect(runtime.limiter.usage.byStage()).toEqual({
      advantage: {
        calls: 1,
        promptTokens: 1000,
        completionTokens: 100,
        cachedTokens: 0,
        costUsd: 0.003,
        unpriced: 0,
      },
    });
    await learner.ask({ ...request, seed: 12 });
    expect(calls).toHaveLength(2);
  });

  it.each([
    ["length", false],
    ["content_filter", false],
    ["stop", true],
  ])("a reply that ended with %s: complete is %s", async (finishReason, complete) => {
    const { learner } = await endpoint(() => ({ content: "half", finishReason }));
    expect(await learner.ask(request)).toEqual({ text: "half", complete });
  });

  it.each([429, 500, 503])("status %i is tried again", async (status) => {
    const { learner, calls } = await endpoint((_call, nth) => (nth < 3 ? { status } : { content: "ok" }));
    expect(await learner.ask(request)).toEqual({ text: "ok", complete: true });
    expect(calls).toHaveLength(3);
  });

  it("a broken connection is tried again", async () => {
    const { learner, calls } = await endpoint((_call, nth) =>
      nth === 1 ? { hangUp: true } : { content: "ok" },
    );
    expect(await learner.ask(request)).toEqual({ text: "ok", complete: true });
    expect(calls).toHaveLength(2);
  });

  it.each<[string, ChatAnswer, RegExp, number]>([
    ["status 400", { status: 400 }, /400/, 1],
    ["all tokens used up in thought", { content: "", finishReason: "length" }, /all its tokens/, 1],
    ["an empty reply", { content: "" }, /empty/, 4],
    ["a null reply", { content: null }, /empty/, 4],
    ["no choice", { body: { choices: [] } }, /empty/, 4],
    ["something else altogether", { body: { hello: 1 } }, /empty/, 4],
  ])("%s fails with its reason, unjournalled", async (_what, answer, reason, tries) => {
    const { learner, calls } = await endpoint(() => answer);
    expect(await learner.ask(request)).toEqual({ error: expect.stringMatching(reason) });
    expect(calls).toHaveLength(tries);
    await learner.ask(request);
    expect(calls).toHaveLength(2 * tries);
  });

  it("a refusal is a reply, tried once", async () => {
    const body = {
      choices: [
        { index: 0, finish_reason: "stop", message: { role: "assistant", content: null, refusal: "No." } },
      ],
    };
    const { learner, calls } = await endpoint(() => ({ body }));
    expect(await learner.ask(request)).toEqual({ text: "No.", complete: true });
    expect(calls).toHaveLength(1);
  });

  it("waits as long as Retry-After says", async () => {
    const started = performance.now();
    const { learner, calls } = await endpoint((_call, nth) =>
      nth === 1 ? { status: 429, headers: { "retry-after-ms": "120" } } : { content: "ok" },
    );
    expect(await learner.ask(request)).toEqual({ text: "ok", complete: true });
    expect(calls).toHaveLength(2);
    expect(performance.now() - started).toBeGreaterThan(110);
  });

  it("a hang costs itself: it is cut off and tried again", async () => {
    const { learner, calls } = await endpoint(
      (_call, nth) => (nth === 1 ? { hang: true } : { content: "ok" }),
      {},
      { callTimeoutMs: 3000 },
    );
    expect(await learner.ask(request)).toEqual({ text: "ok", complete: true });
    expect(calls).toHaveLength(2);
  });

  it.each<[string, ChatAnswer]>([
    ["a body that ends early", { raw: '{"id":"c1","choices":[{"message":{"content":"ha' }],
    ["a stream that ends early", { raw: '{"id":', cut: true }],
  ])("%s is tried again", async (_what, answer) => {
    const { learner, calls } = await endpoint((_call, nth) => (nth === 1 ? answer : { content: "ok" }));
    expect(await learner.ask(request)).toEqual({ text: "ok", complete: true });
    expect(calls).toHaveLength(2);
  });

  it.each([401, 402, 403])("status %i ends the run with exit code 6", async (status) => {
    const { learner, calls, runtime } = await endpoint(() => ({ status }));
    expect(await grpoErrorOf(() => learner.ask(request))).toMatchObject({
      code: "PROVIDER_REFUSED",
      exitCode: 6,
    });
    expect(await grpoErrorOf(() => runtime.throwIfStopped())).toMatchObject({ code: "PROVIDER_REFUSED" });
    expect(calls).toHaveLength(1);
  });

  it("under a cap an endpoint without prices is refused before any call, naming model and setting", async () => {
    const error = await grpoErrorOf(() => endpoint(() => ({}), {}, { maxCostUsd: 1 }));
    expect(error).toMatchObject({ code: "PRICE_UNKNOWN", exitCode: 3, place: 'metadata.grpo.prices["m-1"]' });
    expect(error.message).toContain("m-1");
    expect(error.remedy).toContain("prices:");
  });

  it("a price of the settings serves as well as one of the endpoint", async () => {
    const { learner, runtime } = await endpoint(
      () => ({}),
      {},
      { maxCostUsd: 1, prices: { "m-1": { input: 2, output: 10 } } },
    );
    await learner.ask(request);
    expect(runtime.limiter.usage.total().costUsd).toBeCloseTo(0.003, 12);
    expect(runtime.prices.priceSources()).toEqual({
      "m-1": { from: "settings", perMillion: { input: 2, output: 10 } },
    });
  });

  it.each([
    ["TEST_LEARNER_KEY", ""],
    ["NO_SUCH_KEY", "x"],
  ])("without a key in %s it is refused before any call", async (apiKeyEnv, value) => {
    vi.stubEnv("TEST_LEARNER_KEY", value);
    const error = await grpoErrorOf(() =>
      openLearner(suiteWith({ model: "m", apiKeyEnv }), new Runtime({ concurrency: 1 })),
    );
    expect(error).toMatchObject({
      code: "API_KEY_MISSING",
      exitCode: 3,
      place: "metadata.grpo.learner.apiKeyEnv",
    });
    expect(error.message).toContain(apiKeyEnv);
  });
});

describe("a learner that is a promptfoo provider", () => {
  const agent = (response: Record<string, unknown>) => {
    const calls: { prompt: string; context: unknown }[] = [];
    const callApi = async (prompt: string, context: unknown) => {
      calls.push({ prompt, context });
      return response;
    };
    const suite = {
      settings: parseSettings({}, {}, "test"),
      config: {},
      agent: { id: () => "package:x:LocalModel", callApi },
    } as unknown as Suite;
    return { suite, calls };
  };

  it("is the agent's own model by default, asked as a chat with its schema in the prompt's config", async () => {
    const { suite, calls } = agent({ output: "{}", finishReason: "stop", cost: 0 });
    const learner = await openLearner(suite, new Runtime({ concurrency: 1 }));
    expect(learner).toMatchObject({ id: "package:x:LocalModel", small: true });
    expect(await learner.ask(request)).toEqual({ text: "{}", complete: true });
    expect(JSON.parse(calls[0]?.prompt ?? "")).toEqual(request.messages);
    expect(calls[0]?.context).toMatchObject({
      bustCache: true,
      prompt: {
        config: { seed: 11, temperature: 0.7, max_tokens: 80, response_format: { type: "json_schema" } },
      },
    });
  });

  it.each<[string, Record<string, unknown>, unknown]>([
    [
      "an object as output",
      { output: { instruction: "x" }, finishReason: "stop" },
      { text: '{"instruction":"x"}', complete: true },
    ],
    ["a cut reply", { output: "{", finishReason: "length" }, { text: "{", complete: false }],
    ["no word about how it ended", { output: "{}" }, { text: "{}", complete: false }],
    ["an error", { error: "API error: 400" }, { error: "API error: 400" }],
  ])("%s", async (_what, response, expected) => {
    const { suite } = agent(response);
    expect(await (await openLearner(suite, new Runtime({ concurrency: 1 }))).ask(request)).toEqual(expected);
  });
});
