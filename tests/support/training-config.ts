import type { SettingsInput } from "../../src/suite/settings.ts";

/** One example of the folder's config. */
export interface TrainingTest {
  id: string;
  split: "train" | "validation" | "test";
  persona: string;
  query: string;
  crisis?: boolean;
}

/** Eight training, four validation and some sealed test examples; every third is a crisis. */
export function trainingTests(sealed: number): TrainingTest[] {
  const tests = (split: TrainingTest["split"], n: number): TrainingTest[] =>
    Array.from({ length: n }, (_, index) => ({
      id: `${split}-${String(index).padStart(2, "0")}`,
      split,
      persona: `${split} persona ${index % 2}`,
      query: `My ${split} worry ${index} keeps ${["growing", "turning", "gnawing"][index % 3]} about ${split}thing${index} daily`,
      crisis: index % 3 === 2,
    }));
  return [...tests("train", 8), ...tests("validation", 4), ...tests("test", sealed)];
}

/** A promptfooconfig that trains this agent; `grpo` is added to its settings. */
export function configOf(
  provider: object,
  tests: readonly TrainingTest[],
  grpo: Partial<SettingsInput> = {},
): unknown {
  return {
    prompts: ['[{"role":"system","content":"You listen."},{"role":"user","content":{{query | dump}}}]'],
    providers: [provider],
    defaultTest: { assert: [{ type: "javascript", value: "file://grade.mjs" }] },
    tests: tests.map(({ id, split, persona, query, crisis = false }) => ({
      vars: { query },
      metadata: {
        id,
        split,
        persona,
        crisis,
        userTypes: [crisis ? "crisis" : "general"],
        good_response: `Reference of ${id}: it sounds painful to carry all of that alone every day`,
      },
    })),
    metadata: {
      grpo: {
        agent: "tested",
        advantage: "contrast",
        groupSize: 3,
        epochs: 1,
        batchSize: 8,
        candidates: 2,
        refinements: 1,
        screenSize: 4,
        ...grpo,
      },
    },
  };
}
