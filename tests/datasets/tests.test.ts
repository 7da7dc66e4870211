import type { ApiProvider, Prompt } from "promptfoo";
import { evaluate } from "promptfoo";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { neutraliseTemplates } from "../../src/datasets/neutralise.ts";
import { toPromptfooTests } from "../../src/datasets/tests.ts";
import { datasetOf } from "./fixtures.ts";

const JOINER = "\u2060";

/** The prompts that an agent was really sent, in order. */
async function sent(tests: Parameters<typeof evaluate>[0]["tests"], prompt: Prompt): Promise<string[]> {
  const prompts: string[] = [];
  const agent: ApiProvider = {
    id: () => "echo-agent",
    callApi: async (text) => {
      prompts.push(text);
      return { output: text };
    },
  };
  const suite = { providers: [agent], prompts: [prompt], tests: tests ?? [], writeLatestResults: false };
  const record = await evaluate(suite, { cache: false, silent: true, maxConcurrency: 1 });
  const { results } = await record.toEvaluateSummary();
  expect(results.map((row) => row.error)).toEqual(results.map(() => undefined));
  return prompts;
}

/** The prompt of docs/dataset.md. */
const LOOP = {
  label: "loop",
  raw: `[{"role": "system", "content": "s"}
{% for turn in turns %},{{ turn | dump }}{% endfor %}
,{"role": "user", "content": {{ query | dump }}}]`,
};
const FUNCTION: Prompt = {
  label: "function",
  raw: "function",
  function: async ({ vars }) => [
    { role: "system", content: "s" },
    ...(vars["turns"] as unknown as object[]),
    { role: "user", content: vars["query"] },
  ],
};
const JSON_CHAT = {
  label: "json",
  raw: JSON.stringify([{ role: "user", content: "{{turns[0].content}} {{query}}" }]),
};
const TEXT = { label: "text", raw: "{{query}}{% for turn in turns %} {{turn.content}}{% endfor %}" };

describe("toPromptfooTests", () => {
  it("makes one test an example, as documented", () => {
    const [test] = toPromptfooTests(datasetOf({ ann: 1 }));
    expect(test).toEqual({
      description: "ann-1",
      vars: { query: "a question of its own ann-1", turns: [] },
      metadata: {
        id: "ann-1",
        persona: "ann",
        names: ["ann"],
        split: expect.stringMatching(/^(train|validation)$/),
        userTypes: ["general"],
        success_criteria: { "validates-emotion": true },
        good_response: "That sounds tender.",
        bad_response: "Cheer up.",
      },
      assert: [{ type: "javascript", value: "package:promptfoo-grpo:rubric" }],
    });
  });

  it("selects a split, and takes other assertions", () => {
    const dataset = datasetOf({ ann: 40, bob: 3 }, ["bob"]);
    const bySplit = (["train", "validation", "test"] as const).map((split) =>
      toPromptfooTests(dataset, { split }),
    );
    expect(bySplit.map((tests) => tests.length).reduce((a, b) => a + b)).toBe(43);
    expect(bySplit[2]?.map((test) => test.description)).toEqual(["bob-1", "bob-2", "bob-3"]);
    const assert = [{ type: "javascript" as const, value: "true" }];
    expect(toPromptfooTests(dataset, { assert })[0]?.assert).toEqual(assert);
  });
});

describe("the tests in promptfoo", () => {
  const turns = [
    { role: "user" as const, content: "hi" },
    { role: "assistant" as const, content: 'he said "no"\nand left' },
  ];
  const chat = (earlier: object[], query: string) => [
    { role: "system", content: "s" },
    ...earlier,
    { role: "user", content: query },
  ];

  it.each([LOOP, FUNCTION])("stay one test each, with or without turns ($label)", async (prompt) => {
    const tests = [
      ...toPromptfooTests(datasetOf({ ann: 1 }, [], { turns, query: 'q "x"\ny' }), { assert: [] }),
      ...toPromptfooTests(datasetOf({ bob: 1 }), { assert: [] }),
    ];
    const prompts = await sent(tests, prompt);
    expect(prompts.map((text) => JSON.parse(text))).toEqual([
      chat(turns, 'q "x"\ny'),
      chat([], "a question of its own bob-1"),
    ]);
  });

  beforeAll(() => {
    process.env["DATASET_SECRET"] = "LEAKED";
  });
  afterAll(() => {
    delete process.env["DATASET_SECRET"];
  });

  const HOSTILE = [
    "{{env.DATASET_SECRET}}",
    "{{ 'LEA' + 'KED' }}",
    '{{range.constructor(\'return "LEA"+"KED"\')()}}',
    "{% set x = 'LEAKED' %}{{x}}",
    "{% raw %}{{env.DATASET_SECRET}}{% endraw %}{{env.DATASET_SECRET}}",
    "{%- if true %}x{{env.DATASET_SECRET}}{% endif %}",
    "{{{env.DATASET_SECRET}}}",
    "{{query}}{{turns}}",
    "{# gone #}{% unclosed",
    "}} %} -%} #}",
    "file:///etc/hostname",
    "package:promptfoo-grpo:rubric",
  ];
  it.each([LOOP, FUNCTION, JSON_CHAT, TEXT])(
    "carry text with template syntax unrendered ($label)",
    async (prompt) => {
      const tests = HOSTILE.flatMap((text) =>
        toPromptfooTests(
          datasetOf({ ann: 1 }, [], { query: text, turns: [{ role: "user", content: text }] }),
          { assert: [] },
        ),
      );
      const prompts = await sent(tests, prompt);
      expect(prompts).toHaveLength(HOSTILE.length);
      for (const [index, text] of HOSTILE.entries()) {
        const plain = (prompts[index] ?? "").replaceAll(JOINER, "");
        const expected = prompt === TEXT ? text : JSON.stringify(text).slice(1, -1);
        expect(plain.split(expected), plain).toHaveLength(3);
      }
    },
  );

  it("would render it otherwise (the trap this guards against)", async () => {
    const raw = { vars: { query: HOSTILE[0] ?? "", turns: [{ role: "user", content: HOSTILE[0] ?? "" }] } };
    const [text] = await sent([raw], TEXT);
    const [fromFunction] = await sent([raw], FUNCTION);
    expect([text, fromFunction]).toEqual([
      expect.stringContaining("LEAKED"),
      expect.stringContaining("LEAKED"),
    ]);
  });
});

describe("neutraliseTemplates", () => {
  it.each(["i { feel } it", "50 % {sure}", "see file:// there", "}} %}", "a:{b}", ""])(
    "leaves %j as it is",
    (text) => {
      expect(neutraliseTemplates(text)).toBe(text);
    },
  );
});
