import { afterEach, expect, it, vi } from "vitest";
import { Runtime, type RuntimeOptions } from "../../src/runs/runtime.ts";
import { rolloutGroup } from "../../src/suite/rollouts.ts";
import { loadSuite } from "../../src/suite/suite.ts";
import type { ChatAnswer, ChatCall } from "../support/chat-api.ts";
import { chatServer } from "../support/chat-server.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { workspace } from "../support/workspace.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A group of the real `openai:chat` provider in the real promptfoo, against a server that makes trouble. */
async function group(
  answer: (call: ChatCall, nth: number) => ChatAnswer,
  options: Partial<RuntimeOptions> = {},
  { model = "gpt-4o-mini", judge = false } = {},
) {
  vi.stubEnv("OPENAI_API_KEY", "key-1");
  const { baseUrl, calls } = await chatServer(answer);
  const provider = { id: `openai:chat:${model}`, config: { apiBaseUrl: baseUrl, maxRetries: 4 } };
  const assertion = judge
    ? { type: "llm-rubric", value: "kind", provider }
    : { type: "javascript", value: "output.length > 0" };
  const tests = ["train", "validation"].map((split) => ({
    vars: { q: split },
    metadata: { id: split, split },
    assert: [assertion],
  }));
  const space = workspace({
    "promptfooconfig.yaml": JSON.stringify({ prompts: ["{{q}}"], providers: [provider], tests }),
  });
  const suite = await loadSuite(`${space.folder}/promptfooconfig.yaml`, {});
  const runtime = new Runtime({ concurrency: 4, backoffMs: 1, ...options });
  const [example] = suite.examples.train;
  if (example === undefined) throw new Error("there is a training example");
  const started = performance.now();
  const rolled = rolloutGroup(suite, runtime, example, { injection: undefined, repeats: 4, draw: "t" });
  return { rolled, calls, runtime, elapsed: () => performance.now() - started };
}

/** What promptfoo makes of a 429 without Retry-After. */
const PROMPTFOO_PAUSE_MS = 60_000;
const hello = { content: "hello" };

it.each<[string, ChatAnswer]>([
  ["429 without Retry-After", { status: 429 }],
  ["429 with it", { status: 429, headers: { "retry-after-ms": "30" } }],
  ["500", { status: 500 }],
  ["503", { status: 503 }],
  ["a reset", { hangUp: true }],
  ["a hang", { hang: true }],
  ["an empty reply", { content: "" }],
  ["a body that ends early", { raw: '{"choices":[{"message":{"content":"ha' }],
  ["a stream that ends early", { raw: '{"choices":[', cut: true }],
])("%s costs a retry and no rollout, without promptfoo's own pauses", async (_what, trouble) => {
  const { rolled, calls, elapsed } = await group((_call, nth) => (nth <= 3 ? trouble : hello), {
    // Only what hangs may meet it, however slow the machine is.
    callTimeoutMs: typeof trouble === "object" && "hang" in trouble ? 3000 : 60_000,
  });
  expect((await rolled).map((one) => [one.reply, one.reward])).toEqual(Array(4).fill(["hello", 1]));
  expect(calls).toHaveLength(7);
  expect(elapsed()).toBeLessThan(PROMPTFOO_PAUSE_MS);
});

it("the same holds for a grader", async () => {
  let graded = 0;
  const { rolled } = await group(
    ({ body }) => {
      if (!JSON.stringify(body).includes("kind")) return hello;
      return ++graded <= 3 ? { status: 429 } : { content: '{"pass":true,"score":1,"reason":"kind"}' };
    },
    {},
    { judge: true },
  );
  expect((await rolled).map((one) => one.reward)).toEqual(Array(4).fill(1));
  expect(graded).toBe(4);
});

it.each<[string, ChatAnswer]>([
  ["401", { status: 401 }],
  ["402", { status: 402 }],
  ["403", { status: 403 }],
  [
    "insufficient_quota",
    {
      status: 429,
      body: { error: { message: "You exceeded your quota", type: "x", code: "insufficient_quota" } },
    },
  ],
])("%s ends the run at once", async (_what, answer) => {
  const { rolled, calls, elapsed } = await group(() => answer, { concurrency: 1 });
  expect(await grpoErrorOf(() => rolled)).toMatchObject({ code: "PROVIDER_REFUSED", exitCode: 6 });
  expect(calls).toHaveLength(1);
  expect(elapsed()).toBeLessThan(PROMPTFOO_PAUSE_MS);
});

it("under a cap a model without a price is refused before its first call", async () => {
  const { rolled, calls } = await group(() => hello, { maxCostUsd: 1 }, { model: "nobody-knows" });
  expect(await grpoErrorOf(() => rolled)).toMatchObject({ code: "PRICE_UNKNOWN", exitCode: 3 });
  expect(calls).toHaveLength(0);
});

it("a price of the settings is enough", async () => {
  const prices = { "nobody-knows": { input: 1, output: 10 } };
  const { rolled, runtime } = await group(() => hello, { maxCostUsd: 1, prices }, { model: "nobody-knows" });
  const rollouts = await rolled;
  expect(rollouts.map((one) => one.usage?.costUsd)).toEqual(Array(4).fill(0.002));
  expect(runtime.limiter.usage.total().costUsd).toBeCloseTo(0.008, 9);
});
