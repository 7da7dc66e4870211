import { expect, it } from "vitest";
import { Runtime } from "../../src/runs/runtime.ts";
import { publishArms, rolloutGroup, type Sampling } from "../../src/suite/rollouts.ts";
import { loadSuite, type Suite, type SuiteExample } from "../../src/suite/suite.ts";
import { type Workspace, workspace } from "../support/workspace.ts";

const config = (test: string, more = ""): Workspace =>
  workspace({
    "promptfooconfig.yaml": `
prompts: ["Answer {{q}}"]
providers: [{ id: file://model.mjs, label: m, config: { reply: "{prompt} {repeat}" } }]
tests:
  - { vars: { q: a }, metadata: { id: one, split: train }, ${test} }
  - { vars: { q: b }, metadata: { id: two, split: validation }, assert: [{ type: contains, value: b }] }
${more}`,
  });

async function open(space: Workspace): Promise<{ suite: Suite; example: SuiteExample; runtime: Runtime }> {
  const suite = await loadSuite(`${space.folder}/promptfooconfig.yaml`, {});
  const [example] = suite.examples.train;
  if (example === undefined) throw new Error("no training example");
  return { suite, example, runtime: new Runtime({ concurrency: 8 }) };
}

const baseline = (more: Partial<Sampling> = {}): Sampling => ({
  injection: undefined,
  repeats: 3,
  draw: "train",
  ...more,
});
const CONTAINS = "assert: [{ type: contains, value: a }]";

it("a group is its example's rollouts in repeat order, scored by the config's own assertions", async () => {
  const space = config(
    "assert: [{ type: contains, value: 'a 0', weight: 3, metric: zero }, { type: contains, value: Answer }]",
  );
  const { suite, example, runtime } = await open(space);
  const group = await rolloutGroup(suite, runtime, example, baseline({ temperature: 0.9 }));
  expect(group.map(({ exampleId, repeat, reply, reward }) => ({ exampleId, repeat, reply, reward }))).toEqual(
    [
      { exampleId: "one", repeat: 0, reply: "Answer a 0", reward: 1 },
      { exampleId: "one", repeat: 1, reply: "Answer a 1", reward: 0.25 },
      { exampleId: "one", repeat: 2, reply: "Answer a 2", reward: 0.25 },
    ],
  );
  expect(group[1]?.criteria.map(({ name, score, weight }) => ({ name, score, weight }))).toEqual([
    { name: "zero", score: 0, weight: 3 },
    { name: "contains: Answer", score: 1, weight: 1 },
  ]);
  expect(space.calls().map((call) => call.config["temperature"])).toEqual([0.9, 0.9, 0.9]);
  expect(new Set(space.calls().map((call) => call.config["seed"])).size).toBe(3);
});

it("the same rollouts are paid for once: again in the run, and when the results are published", async () => {
  const space = config(CONTAINS);
  const { suite, example, runtime } = await open(space);
  const first = await rolloutGroup(suite, runtime, example, baseline());
  const seeds = space.calls().map((call) => call.config["seed"]);
  expect(await rolloutGroup(suite, runtime, example, baseline())).toEqual(first);
  expect(space.calls()).toHaveLength(3);
  await rolloutGroup(suite, runtime, example, baseline({ draw: "epoch 2" }));
  expect(space.calls()).toHaveLength(6);

  const enhanced = baseline({ injection: { block: "[1] Be kind.", version: 2, hash: "h" } });
  await rolloutGroup(suite, runtime, example, enhanced);
  expect(space.calls()).toHaveLength(9);
  // Both arms are asked under the same seeds, and a later process would use the same again.
  expect(
    space
      .calls()
      .slice(6)
      .map((call) => call.config["seed"])
      .sort(),
  ).toEqual([...seeds].sort());
  const other = await open(space);
  await rolloutGroup(other.suite, other.runtime, other.example, baseline());
  expect(
    space
      .calls()
      .slice(9)
      .map((call) => call.config["seed"])
      .sort(),
  ).toEqual([...seeds].sort());

  // promptfoo's database in memory.
  process.env["IS_TESTING"] = "true";
  const before = space.calls().length;
  const arms = [
    { label: "baseline", sampling: baseline() },
    { label: "enhanced", sampling: enhanced },
  ];
  await publishArms(suite, runtime, [example], arms, `${space.folder}/out.json`);
  expect(space.calls()).toHaveLength(before);
  const { results } = JSON.parse(space.read("out.json")) as {
    results: { results: { provider: { label: string }; response: { prompt?: string } }[] };
  };
  expect(
    results.results
      .map((row) => [row.provider.label, row.response.prompt?.includes("[1] Be kind.") === true])
      .sort(),
  ).toEqual([...Array(3).fill(["baseline", false]), ...Array(3).fill(["enhanced", true])]);
});

it("a test's own repeat, transform and prefix: the first is the run's, the others promptfoo's", async () => {
  const space = config(`options: { repeat: 2, prefix: "P ", transform: "output + '!'" }, ${CONTAINS}`);
  const { suite, example, runtime } = await open(space);
  const group = await rolloutGroup(suite, runtime, example, baseline());
  expect(group.map((one) => one.reply)).toEqual(["P Answer a 0!", "P Answer a 1!", "P Answer a 2!"]);
});

const GRADER =
  '{ id: file://model.mjs, config: { name: grader, id: my-grader, reply: \'{"pass": true, "score": 0.7, "reason": "warm"}\' } }';
it.each([
  ["of the assertion", `assert: [{ type: llm-rubric, value: is kind, provider: ${GRADER} }]`, ""],
  ["of the test", `options: { provider: ${GRADER} }, assert: [{ type: llm-rubric, value: is kind }]`, ""],
  [
    "within an assert-set",
    `assert: [{ type: assert-set, assert: [{ type: llm-rubric, value: is kind, provider: ${GRADER} }] }]`,
    "",
  ],
  [
    "of defaultTest",
    "assert: [{ type: llm-rubric, value: is kind }]",
    `defaultTest: { options: { provider: ${GRADER} } }`,
  ],
  [
    "of the settings",
    "assert: [{ type: llm-rubric, value: is kind }]",
    `metadata: { grpo: { judge: ${GRADER} } }`,
  ],
])("the calls of the grader %s are counted and journalled as the judge's", async (_name, test, more) => {
  const space = config(test, more);
  const { suite, example, runtime } = await open(space);
  const [rollout] = await rolloutGroup(suite, runtime, example, baseline({ repeats: 1 }));
  expect(rollout).toMatchObject({ reward: 0.7, criteria: [{ score: 0.7, reason: "warm" }] });
  const stages = runtime.limiter.usage.byStage();
  expect({ rollout: stages.rollout?.calls, judge: stages.judge?.calls, usd: stages.judge?.costUsd }).toEqual({
    rollout: 1,
    judge: 1,
    usd: 0.001,
  });
  await rolloutGroup(suite, runtime, example, baseline({ repeats: 1 }));
  expect(
    space
      .calls()
      .map((call) => call.name)
      .sort(),
  ).toEqual(["grader", "model"]);
});

it("so are those of a grader by embedding, which is no chat model", async () => {
  const space = config(
    "assert: [{ type: similar, value: Answer b, threshold: 0.5, provider: file://embed.mjs }]",
  );
  space.write(
    "embed.mjs",
    `import { appendFileSync } from "node:fs";
     export default class Embed {
       id() { return "embed"; }
       async callApi() { throw new Error("not a chat model"); }
       async callEmbeddingApi(text) {
         appendFileSync(new URL("./embed.jsonl", import.meta.url), JSON.stringify({ name: text }) + "\\n");
         return { embedding: [1, 0, 1], tokenUsage: { total: 3, prompt: 3 }, cost: 0.002 };
       }
     }`,
  );
  const { suite, example, runtime } = await open(space);
  const roll = () => rolloutGroup(suite, runtime, example, baseline({ repeats: 1 }));
  expect(await roll()).toMatchObject([{ reward: expect.closeTo(1) }]);
  expect(await roll()).toMatchObject([{ reward: expect.closeTo(1) }]);
  expect(space.calls("embed.jsonl")).toHaveLength(2);
  expect(runtime.limiter.usage.byStage().judge).toMatchObject({ calls: 2, costUsd: 0.004 });
});

it("a grader that fails leaves the rollout ungraded, with its reason", async () => {
  const space = config(
    "assert: [{ type: llm-rubric, value: is kind, provider: { id: file://model.mjs, config: { name: grader, error: no service } } }]",
  );
  const { suite, example, runtime } = await open(space);
  const [rollout] = await rolloutGroup(suite, runtime, example, baseline({ repeats: 1 }));
  expect(rollout).toMatchObject({
    reward: null,
    headline: null,
    ungraded: expect.stringMatching(/^a grader failed: .*no service/),
  });
});

it("an agent that fails, and a score that is not a number, are ungraded rollouts, never missing ones", async () => {
  const space = config("assert: [{ type: javascript, value: 'context.vars.q === \"a\" ? NaN : 1' }]");
  const one = await open(space);
  const [dropped, ...others] = await rolloutGroup(one.suite, one.runtime, one.example, baseline());
  expect(others).toHaveLength(2);
  expect(dropped).toMatchObject({ repeat: 0, reward: null, ungraded: expect.any(String) });

  const failing = workspace({
    "promptfooconfig.yaml": config(CONTAINS)
      .read("promptfooconfig.yaml")
      .replace("reply:", "error: HTTP 404 gone, reply:"),
  });
  const two = await open(failing);
  const group = await rolloutGroup(two.suite, two.runtime, two.example, baseline());
  expect(group.map(({ repeat, reward, ungraded }) => ({ repeat, reward, ungraded }))).toEqual(
    [0, 1, 2].map((repeat) => ({ repeat, reward: null, ungraded: "the agent failed: HTTP 404 gone" })),
  );
});

it("live functions of a JavaScript config grade the rollouts", async () => {
  const space = workspace({
    "promptfooconfig.mjs": `export default {
      prompts: ["Answer {{q}}"], providers: ["file://model.mjs"],
      tests: ["a", "b"].map((q, i) => ({ vars: { q }, metadata: { split: i ? "validation" : "train" },
        assert: [{ type: "javascript", value: (output) => ({ pass: true, score: output.endsWith("a") ? 0.5 : 0, reason: "live" }) }] })),
    };`,
  });
  const suite = await loadSuite(`${space.folder}/promptfooconfig.mjs`, {});
  const [example] = suite.examples.train;
  if (example === undefined) throw new Error("no training example");
  const [rollout] = await rolloutGroup(
    suite,
    new Runtime({ concurrency: 1 }),
    example,
    baseline({ repeats: 1 }),
  );
  expect(rollout).toMatchObject({ reward: 0.5, criteria: [{ reason: "live" }] });
});

it("promptfoo renders no group's prompts before there is room for the group", async () => {
  const space = workspace({
    "prompt.mjs":
      "globalThis.rendered = 0; export default ({ vars }) => { globalThis.rendered++; return 'Answer ' + vars.q; };",
    "slow.mjs": `let calls = 0; globalThis.seen = [];
export default class { id() { return "slow"; } async callApi() {
  calls++; await new Promise((resolve) => setTimeout(resolve, 10));
  globalThis.seen.push(globalThis.rendered - calls); return { output: "a" }; } }`,
    "promptfooconfig.yaml": `
prompts: [file://prompt.mjs]
providers: [file://slow.mjs]
tests:
  - { vars: { q: a }, metadata: { id: one, split: train }, ${CONTAINS} }
  - { vars: { q: b }, metadata: { id: two, split: validation }, ${CONTAINS} }`,
  });
  const { suite, example } = await open(space);
  const runtime = new Runtime({ concurrency: 1 });
  Object.assign(globalThis, { rendered: 0 });
  const draws = Array.from({ length: 8 }, (_, nth) => baseline({ draw: `draw ${nth}`, repeats: 1 }));
  await Promise.all(draws.map((sampling) => rolloutGroup(suite, runtime, example, sampling)));
  const { seen } = globalThis as unknown as { seen: number[] };
  expect(seen).toHaveLength(8);
  // The next group is ready, no other is.
  expect(Math.max(...seen)).toBe(1);
});
