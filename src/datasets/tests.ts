import { neutraliseTemplates } from "./neutralise.ts";
import type { Dataset, Example, Turn } from "./schema.ts";
import { type Split, type SplitOptions, splitDataset } from "./split.ts";

/** What scores an example unless the caller says otherwise. */
export const RUBRIC = { type: "javascript", value: "package:promptfoo-grpo:rubric" } as const;

export interface TestAssertion {
  type: "javascript";
  value: string;
  config?: Record<string, unknown>;
}

/** A promptfoo test made from an example. */
export interface ExampleTest {
  description: string;
  /**
   * `turns` is there also when empty, so that a prompt can loop over it. promptfoo makes a test of every item of a
   * string array, but leaves an array of objects alone: this stays one test.
   */
  vars: { query: string; turns: Turn[] };
  metadata: {
    id: string;
    persona: string;
    /** People whose names no experience may hold. */
    names: string[];
    split: Split;
    userTypes: string[];
    success_criteria: Record<string, boolean>;
    good_response?: string;
    bad_response: string;
    /** The day on which it came into the dataset, where that is told. */
    added?: string;
  };
  assert: TestAssertion[];
}

export interface TestsOptions extends SplitOptions {
  /** Only examples of this split; all of them when absent. */
  split?: Split;
  assert?: TestAssertion[];
}

/** The dataset as promptfoo tests, in its order. Variables are safe to render (see `neutraliseTemplates`). */
export function toPromptfooTests(dataset: Dataset, options: TestsOptions = {}): ExampleTest[] {
  const splits = splitDataset(dataset, options);
  const names = new Map(dataset.personas.map(({ persona, name }) => [persona, name]));
  const tests = dataset.examples.map((example) => {
    const name = names.get(example.persona) ?? example.persona;
    return toTest(example, name, splits.get(example.id) ?? "train", options.assert ?? [RUBRIC]);
  });
  return tests.filter((test) => options.split === undefined || test.metadata.split === options.split);
}

function toTest(example: Example, name: string, split: Split, assert: readonly TestAssertion[]): ExampleTest {
  return {
    description: example.id,
    vars: {
      query: neutraliseTemplates(example.query),
      turns: example.turns.map(({ role, content }) => ({ role, content: neutraliseTemplates(content) })),
    },
    metadata: {
      id: example.id,
      persona: example.persona,
      names: [name],
      split,
      userTypes: [...example.userTypes],
      success_criteria: { ...example.success_criteria },
      ...(example.good_response === undefined ? {} : { good_response: example.good_response }),
      bad_response: example.bad_response,
      ...(example.added === undefined ? {} : { added: example.added }),
    },
    assert: assert.map((item) => ({ ...item })),
  };
}
