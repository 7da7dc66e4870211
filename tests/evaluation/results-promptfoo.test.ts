import type { EvaluateTestSuite } from "promptfoo";
import { evaluate } from "promptfoo";
import { expect, it } from "vitest";
import { readResults } from "../../src/evaluation/results-file.ts";
import { pairResults } from "../../src/evaluation/results-pairs.ts";
import { promptfoo, workspace } from "../support/workspace.ts";

const arm = (label: string, good: (repeat: number) => boolean) => ({
  id: () => "model",
  label,
  callApi: async (prompt: string, context: { repeatIndex?: number }) => {
    if (prompt.includes("fails") && label === "enhanced") throw new Error("boom");
    return {
      output: good(context.repeatIndex ?? 0) ? "good" : "bad",
      metadata: { repeatIndex: context.repeatIndex },
    };
  },
});

it("what evaluate() writes is read: passes, failures, thrown errors and dropped rows", async () => {
  // promptfoo's database in memory.
  process.env["IS_TESTING"] = "true";
  const space = workspace();
  const outputPath = ["json", "jsonl"].map((format) => `${space.folder}/out.${format}`);
  const contains = [{ type: "contains", value: "good" }];
  const suite = {
    prompts: ["Say {{q}}"],
    providers: [arm("baseline", (repeat) => repeat === 0), arm("enhanced", () => true)],
    tests: [
      { vars: { q: "a" }, metadata: { id: "a" }, assert: contains },
      { vars: { q: "fails" }, metadata: { id: "b" }, assert: contains },
      { vars: { q: "nan" }, metadata: { id: "c" }, assert: [{ type: "javascript", value: "NaN" }] },
    ],
    outputPath,
    writeLatestResults: true,
  } as unknown as EvaluateTestSuite;
  await evaluate(suite, { repeat: 3, cache: false, showProgressBar: false, silent: true });

  for (const [path, lost] of [
    [outputPath[0] ?? "", "missing"],
    [outputPath[1] ?? "", "out-of-range"],
  ] as const) {
    const { pairs, arms, repeats } = pairResults([await readResults(path)]);
    expect(repeats).toBe(3);
    expect(pairs.map((one) => one.id)).toEqual(["a", "b", "c"]);
    expect(pairs[0]?.baseline.map((one) => [one.reward, one.pass])).toEqual([
      [1, true],
      [0, false],
      [0, false],
    ]);
    expect(arms[0].rows).toMatchObject({ planned: 9, graded: 6, [lost]: 3 });
    expect(arms[1].rows).toMatchObject({ planned: 9, graded: 3, errored: 3, [lost]: 3 });
  }
});

it("what the command line writes is read, and two runs of one suite are comparable", {
  timeout: 60_000,
}, async () => {
  const space = workspace({
    "promptfooconfig.yaml": `
prompts: ["Say {{q}}"]
providers: [{ id: echo, label: one }]
tests:
  - { vars: { q: [a, b] }, metadata: { id: list }, assert: [{ type: contains, value: a }] }
`,
  });
  const args = ["eval", "--repeat", "3", "--no-write", "-o", "x.json", "-o", "x.jsonl", "-o", "x.yaml"];
  expect((await promptfoo(args, space.folder)).stdout).toContain("6 passed");
  const files = await Promise.all(
    ["json", "jsonl", "yaml"].map((format) => readResults(`${space.folder}/x.${format}`)),
  );
  for (const file of files) {
    const { pairs, problems, repeats } = pairResults([files[0] ?? file, file]);
    expect(repeats).toBe(3);
    expect(pairs.map((one) => [one.id, one.enhanced.map((rollout) => rollout.reply)])).toEqual([
      ["list~1", Array(3).fill("Say a")],
      ["list~2", Array(3).fill("Say b")],
    ]);
    expect(problems).toEqual([]);
  }
});
