import { cache, evaluate, loadApiProvider } from "promptfoo";
import { describe, expect, it } from "vitest";
import { resolvePrompts, resolveTests } from "../../src/suite/probe.ts";
import { chatServer } from "../support/chat-server.ts";
import { rowsOf } from "../support/evaluating.ts";
import { workspace } from "../support/workspace.ts";

/** What promptfoo does that this package is built around. A failure here after an upgrade says which assumption fell. */
const answering = (answer: (prompt: string, context: Context) => unknown, id = "fake") => ({
  id: () => id,
  callApi: async (prompt: string, context: Context) => answer(prompt, context),
});
interface Context {
  repeatIndex?: number;
  bustCache?: boolean;
  vars: Record<string, unknown>;
  test?: { vars?: Record<string, unknown>; assert?: { value: unknown }[] };
}

const js = (value: string) => [{ type: "javascript", value }];

describe("rows", () => {
  it("carry no repeat index and number every repeat as a test of its own: the provider has to tell", async () => {
    const provider = answering((_prompt, context) => ({
      output: "x",
      metadata: { repeatIndex: context.repeatIndex },
    }));
    const rows = await rowsOf(
      { prompts: ["hm"], providers: [provider], tests: [{ vars: {} }] },
      { repeat: 3 },
    );
    expect(rows.every((row) => !("repeatIndex" in row))).toBe(true);
    expect(rows.map((row) => row.testIdx).sort()).toEqual([0, 1, 2]);
    expect(rows.map((row) => row.response?.metadata?.["repeatIndex"]).sort()).toEqual([0, 1, 2]);
  });

  it("come in the order in which calls end", async () => {
    const provider = answering(async (prompt) => {
      await new Promise((resolve) => setTimeout(resolve, prompt === "slow" ? 60 : 1));
      return { output: prompt };
    });
    const rows = await rowsOf({
      prompts: ["{{q}}"],
      providers: [provider],
      tests: [{ vars: { q: "slow" } }, { vars: { q: "fast" } }],
    });
    expect(rows.map((row) => row.response?.output)).toEqual(["fast", "slow"]);
    expect(rows.map((row) => row.testIdx)).toEqual([1, 0]);
  });

  it("of a score that is NaN keep it in memory, and vanish where results are written", async () => {
    // promptfoo's database in memory.
    process.env["IS_TESTING"] = "true";
    const suite = {
      prompts: ["{{q}}"],
      providers: [answering((prompt) => ({ output: prompt }))],
      tests: [
        { vars: { q: "a" }, assert: js("NaN") },
        { vars: { q: "b" }, assert: js("1") },
      ],
    };
    expect((await rowsOf(suite)).map((row) => row.score)).toEqual([Number.NaN, 1]);
    const written = await evaluate({ ...suite, writeLatestResults: true } as never, {
      cache: false,
      showProgressBar: false,
      silent: true,
    });
    expect((await written.toEvaluateSummary()).results.map((row) => row.score)).toEqual([1]);
  });

  it("keep scores that are out of range", async () => {
    const [row] = await rowsOf({
      prompts: ["hm"],
      providers: [answering(() => ({ output: "x" }))],
      tests: [{ vars: {}, assert: js("5") }],
    });
    expect(row?.score).toBe(5);
  });

  it("hold copies of tests, without functions and with secrets blacked out; the provider is given the test itself", async () => {
    let given: Context["test"];
    const provider = answering((_prompt, context) => {
      given = context.test;
      return { output: "x" };
    });
    const test = { vars: { password: "hunter2" }, assert: [{ type: "javascript", value: () => true }] };
    const [row] = await rowsOf({ prompts: ["hm"], providers: [provider], tests: [test] });
    expect(row?.testCase.vars).not.toEqual({ password: "hunter2" });
    expect(JSON.stringify(row?.testCase.assert)).toBe('[{"type":"javascript"}]');
    expect(given?.vars).toEqual({ password: "hunter2" });
    expect(typeof given?.assert?.[0]?.value).toBe("function");
  });

  it("of an answer without output have an error but failureReason 0 and no grading", async () => {
    const [row] = await rowsOf({
      prompts: ["hm"],
      providers: [answering(() => ({}))],
      tests: [{ vars: {}, assert: js("true") }],
    });
    expect(row).toMatchObject({ error: "No output", failureReason: 0, score: 0 });
    expect(row?.gradingResult ?? null).toBeNull();
  });

  it("of a provider's error have failureReason 2, of a failed assertion 1", async () => {
    const rows = await rowsOf({
      prompts: ["{{q}}"],
      providers: [answering((prompt) => (prompt === "a" ? { error: "gone" } : { output: prompt }))],
      tests: [
        { vars: { q: "a" }, assert: js("true") },
        { vars: { q: "b" }, assert: js("false") },
      ],
    });
    expect(new Map(rows.map((row) => [row.testIdx, row.failureReason]))).toEqual(
      new Map([
        [0, 2],
        [1, 1],
      ]),
    );
  });

  it("of a grader that failed have score 0 and graderError", async () => {
    const grader = answering(() => ({ error: "500" }), "grader");
    const [row] = await rowsOf({
      prompts: ["hm"],
      providers: [answering(() => ({ output: "x" }))],
      tests: [{ vars: {}, assert: [{ type: "llm-rubric", value: "kind", provider: grader }] }],
    });
    expect(row?.score).toBe(0);
    expect(row?.gradingResult?.componentResults?.[0]).toMatchObject({ metadata: { graderError: true } });
  });

  it("list a component and its children side by side", async () => {
    const nested = () => ({
      pass: true,
      score: 0.5,
      reason: "r",
      componentResults: [{ pass: true, score: 1, reason: "child" }],
    });
    const [row] = await rowsOf({
      prompts: ["hm"],
      providers: [answering(() => ({ output: "x" }))],
      tests: [{ vars: {}, assert: [{ type: "javascript", value: nested }] }],
    });
    const [parent, child, ...rest] = row?.gradingResult?.componentResults ?? [];
    expect([parent?.componentResults?.length, child?.reason, rest.length]).toEqual([1, "child", 0]);
  });
});

describe("templates", () => {
  it("in variables and prompts are rendered, with the environment and with JavaScript", async () => {
    process.env["GRPO_TEST_LEAK"] = "leaked";
    const rows = await rowsOf({
      prompts: ["{{q}}"],
      providers: [answering((prompt) => ({ output: prompt }))],
      tests: [
        { vars: { q: "{{env.GRPO_TEST_LEAK}}" } },
        { vars: { q: '{{range.constructor("return 1+1")()}}' } },
      ],
    });
    expect(rows.map((row) => row.response?.output).sort()).toEqual(["2", "leaked"]);
  });

  it("the variables of a call carry the ids of this evaluation: a seed must not be made of them", async () => {
    const seen: Context[] = [];
    const provider = answering((_prompt, context) => {
      seen.push(context);
      return { output: "x" };
    });
    await rowsOf({ prompts: ["hm"], providers: [provider], tests: [{ vars: { q: "a" } }] });
    expect(Object.keys(seen[0]?.vars ?? {}).sort()).toEqual([
      "__evalId",
      "__evalStepId",
      "__repeatIndex",
      "q",
    ]);
    expect(seen[0]?.test?.vars).toEqual({ q: "a" });
  });
});

describe("the cache", () => {
  it("answers repeats from the first reply unless the call says bustCache", async () => {
    const space = workspace();
    const server = await chatServer((_call, nth) => ({ content: `reply ${nth}` }));
    process.env["PROMPTFOO_CACHE_PATH"] = space.folder;
    const inner = await loadApiProvider("openai:chat:gpt-4o-mini", {
      options: { config: { apiBaseUrl: server.baseUrl, apiKey: "none" } },
    });
    const ask = async (context: object) =>
      (await inner.callApi("hm", { vars: {}, prompt: { raw: "hm", label: "hm" }, ...context })).output;
    cache.enableCache();
    try {
      // As in a plug-in's own copy of promptfoo, where nothing says which repeat this is.
      expect([await ask({}), await ask({}), await ask({ repeatIndex: 1 })]).toContain("reply 1");
      expect(server.calls.length).toBeLessThan(3);
      const before = server.calls.length;
      expect(new Set([await ask({ bustCache: true }), await ask({ bustCache: true })]).size).toBe(2);
      expect(server.calls).toHaveLength(before + 2);
    } finally {
      cache.disableCache();
    }
  });
});

describe("the probe", () => {
  it("resolves prompts and tests without calling a model or a grader", async () => {
    const space = workspace({
      "chat.json": '[{"role":"user","content":"{{q}}"}]',
      "tests.mjs":
        "export default () => [{ vars: { q: ['a', 'b'] }, assert: [{ type: 'similar', value: 'x' }] }];",
    });
    process.chdir(space.folder);
    const grader = { id: "file://model.mjs", config: { name: "grader" } };
    const config = {
      prompts: ["file://chat.json"],
      providers: ["file://model.mjs"],
      tests: ["file://tests.mjs"],
      defaultTest: {
        options: { provider: grader },
        assert: [
          { type: "llm-rubric", value: "kind" },
          { type: "g-eval", value: "kind" },
        ],
      },
    };
    const [prompt, ...others] = await resolvePrompts(config);
    if (prompt === undefined) throw new Error("no prompt");
    expect([prompt.raw, others]).toEqual(['[{"role":"user","content":"{{q}}"}]', []]);
    const tests = await resolveTests(config, prompt, { id: "file://model.mjs" });
    expect(tests.map((test) => [test.vars, test.assert?.length])).toEqual([
      [{ q: "a" }, 3],
      [{ q: "b" }, 3],
    ]);
    expect(space.calls()).toEqual([]);
  });
});
