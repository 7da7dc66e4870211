import { describe, expect, it } from "vitest";
import { Engine } from "../../../src/providers/local-model/engine/engine.ts";
import { LocalModel } from "../../../src/providers/local-model/index.ts";
import { callSeed } from "../../../src/providers/local-model/seed.ts";
import { type FakeOptions, fakeBackend } from "./fake-backend.ts";

function localModel(config: Record<string, unknown> = {}, options: FakeOptions = {}) {
  const { backend, log } = fakeBackend({ slots: 4, ...options });
  const engine = new Engine(backend);
  const provider = new LocalModel(
    { id: "package:promptfoo-grpo:LocalModel", label: "local", config },
    async () => ({
      engine,
      model: "fake.gguf",
    }),
  );
  return { provider, log };
}

function context(repeatIndex: number, config: Record<string, unknown> = {}) {
  return { vars: {}, repeatIndex, prompt: { raw: "", label: "", config } };
}

describe("LocalModel", () => {
  it("answers in promptfoo's shape", async () => {
    const { provider } = localModel({ seed: 5 });
    const response = await provider.callApi("hi", context(2));
    expect(response).toMatchObject({
      output: "ok",
      tokenUsage: { prompt: 5, completion: 2, total: 7, numRequests: 1 },
      cost: 0,
      cached: false,
      finishReason: "stop",
      metadata: { model: "fake.gguf", seed: callSeed(5, 2), evaluatedTokens: 5 },
    });
    expect(provider.id()).toBe("package:promptfoo-grpo:LocalModel");
    expect(provider.label).toBe("local");
  });

  const prompts: [name: string, prompt: string, seen: string][] = [
    ["plain text", "hello", "u:hello|"],
    ["text that starts like an array", "[note] hello", "u:[note] hello|"],
    ["a JSON array that is no chat", "[1, 2]", "u:[1, 2]|"],
    ["a chat", '[{"role":"system","content":"S"},{"role":"user","content":"Q"}]', "s:S|u:Q|"],
    [
      "a chat with earlier turns",
      '[{"role":"user","content":"Q"},{"role":"assistant","content":"A"},{"role":"user","content":"R"}]',
      "u:Q|a:A|u:R|",
    ],
    [
      "text parts",
      '[{"role":"user","content":[{"type":"text","text":"Q"},{"type":"text","text":"R"}]}]',
      "u:QR|",
    ],
  ];
  it.each(prompts)("reads %s", async (_name, prompt, seen) => {
    const { provider } = localModel({}, { answer: (evaluated) => evaluated });
    expect((await provider.callApi(prompt)).output).toBe(seen);
  });

  it("takes a call's own settings from the prompt's config", async () => {
    const { provider, log } = localModel({ max_tokens: 3, seed: 1 }, { answer: () => '{"a":1}   ' });
    expect(await provider.callApi("x")).toMatchObject({ output: '{"a', finishReason: "length" });
    const schema = { type: "object" };
    const overrides = {
      max_tokens: 40,
      seed: 9,
      response_format: { type: "json_schema", json_schema: { schema } },
    };
    expect(await provider.callApi("x", context(0, overrides))).toMatchObject({
      output: '{"a":1}',
      finishReason: "stop",
    });
    expect(log.schemas).toEqual([undefined, schema]);
    expect(log.seeds).toEqual([callSeed(1, 0), callSeed(9, 0)]);
  });

  const badConfigs: [name: string, config: unknown, place: RegExp][] = [
    ["an unknown key", { temprature: 1 }, /config\.temprature/u],
    ["a wrong type", { temperature: "hot" }, /config\.temperature/u],
    ["a value out of range", { top_p: 0 }, /config\.top_p/u],
    ["a nested key", { response_format: { type: "json_schema" } }, /config\.response_format/u],
    ["a list", [1], /config/u],
  ];
  it.each(badConfigs)("refuses %s, in the constructor and per call", async (_name, config, place) => {
    expect(() => new LocalModel({ config })).toThrow(
      expect.objectContaining({ code: "LOCAL_MODEL_CONFIG", place: expect.stringMatching(place) }),
    );
    const { provider } = localModel();
    const overrides = { vars: {}, prompt: { raw: "", label: "", config } };
    expect((await provider.callApi("x", overrides)).error).toMatch(/^LOCAL_MODEL_CONFIG /u);
  });

  it("refuses a prompt that does not fit, naming the size that would", async () => {
    const { provider } = localModel({ contextSize: 64, max_tokens: 20 });
    const { error, output } = await provider.callApi("x".repeat(50));
    expect(output).toBeUndefined();
    expect(error).toMatch(
      /^LOCAL_MODEL_PROMPT_TOO_LONG config\.contextSize: .* 53 tokens.*Set contextSize to 256 or more/u,
    );
  });

  it.each([
    ["a malformed chat", '[{"role":"tool","content":"x"}]', /^LOCAL_MODEL_PROMPT /u],
    ["a failing model", "bad", /^LOCAL_MODEL_FAILED: decode failed/u],
  ])("answers %s with an error of one paragraph", async (_name, prompt, error) => {
    const { provider } = localModel({}, { failOn: "bad" });
    expect(await provider.callApi(prompt)).toEqual({ error: expect.stringMatching(error) });
  });

  it("honours promptfoo's abort signal", async () => {
    const { provider } = localModel();
    const response = await provider.callApi("x", undefined, {
      abortSignal: AbortSignal.abort(new Error("enough")),
    });
    expect(response.error).toMatch(/enough/u);
  });

  it("says what is missing when the model file is", async () => {
    const response = await new LocalModel({ config: { model: "./no-such.gguf" } }).callApi("x");
    expect(response.error).toMatch(/^LOCAL_MODEL_FILE .*no-such\.gguf/u);
  });
});
