import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type ApiProvider, type Assertion, type EvaluateSummaryV3, evaluate } from "promptfoo";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The real promptfoo, our assertions found as an installed package. */
const REPLY =
  "It sounds like you feel torn, and it makes sense that you are scared. What pulls hardest today?";
const agent: ApiProvider = { id: () => "agent", callApi: async () => ({ output: REPLY }) };
const home = process.cwd();
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rubric-"));
  const room = join(folder, "node_modules", "promptfoo-grpo");
  mkdirSync(room, { recursive: true });
  writeFileSync(
    join(room, "package.json"),
    JSON.stringify({ name: "promptfoo-grpo", type: "module", exports: "./index.js" }),
  );
  const source = (file: string) => pathToFileURL(join(home, "src", "assertions", file)).href;
  writeFileSync(
    join(room, "index.js"),
    `export { rubric } from "${source("rubric.ts")}";\nexport { groundTruth } from "${source("ground-truth.ts")}";\n`,
  );
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

async function rowOf(
  assert: Assertion[],
  metadata: Record<string, unknown> = {},
  options: Record<string, unknown> = {},
) {
  const result = await evaluate(
    {
      prompts: ["{{query}}"],
      providers: [agent],
      tests: [{ vars: { query: "which home is mine" }, metadata, assert, options }],
      writeLatestResults: false,
    },
    { cache: false, showProgressBar: false, silent: true },
  );
  const row = ((await result.toEvaluateSummary()) as EvaluateSummaryV3).results[0];
  if (row === undefined) throw new Error("promptfoo returned no row");
  return row;
}

const rubric = (config?: Record<string, unknown>, provider?: ApiProvider): Assertion => ({
  type: "javascript",
  value: "package:promptfoo-grpo:rubric",
  ...(config === undefined ? {} : { config }),
  ...(provider === undefined ? {} : { provider }),
});

const judge = (output: string): ApiProvider => ({
  id: () => "judge",
  callApi: async () => ({ output, tokenUsage: { total: 12, prompt: 10, completion: 2 } }),
});

describe("under the real promptfoo", () => {
  it("keeps component results, reasons, metadata and named scores", async () => {
    const row = await rowOf([rubric()], {
      success_criteria: { "reflects-emotion": true, "names-crisis-line": true },
    });
    expect(row.score).toBe(0.5);
    expect(row.namedScores).toEqual({ "reflects-emotion": 1, "names-crisis-line": 0 });
    // The parent comes first, its children after it.
    const [parent, ...children] = row.gradingResult?.componentResults ?? [];
    expect(parent?.componentResults).toHaveLength(2);
    expect(children.map((one) => [one.metadata?.["criterion"], one.assertion?.metric, one.score])).toEqual([
      ["reflects-emotion", "reflects-emotion", 1],
      ["names-crisis-line", "names-crisis-line", 0],
    ]);
    expect(children[1]).toMatchObject({
      reason: 'does not name 988; say "call or text 988".',
      metadata: { must: true, method: "rule" },
    });
  });

  it("hands over the assertion's config", async () => {
    const row = await rowOf([rubric({ criteria: ["stays-brief"], briefWords: [2, 5] })]);
    expect(row.gradingResult?.componentResults?.[1]?.reason).toBe(
      "too long: 18 words, the limit is 5; say it in 2 or 3 short sentences.",
    );
  });

  it("marks a row that nothing could grade with graderError on the parent", async () => {
    const config = { criteria: [{ name: "reflects-emotion", method: "judge" }] };
    const row = await rowOf([rubric(config, judge("no idea"))]);
    expect(row.gradingResult?.componentResults?.map((one) => one.metadata?.["graderError"])).toEqual([
      true,
      undefined,
    ]);
    expect(row.gradingResult?.componentResults?.[1]?.metadata?.["ungraded"]).toBe(true);
    expect(row.namedScores).toEqual({});
  });

  it("is judged by the assertion's own provider, else the test's, and reports its tokens", async () => {
    const config = { criteria: [{ name: "reflects-emotion", method: "judge" }] };
    const own = await rowOf(
      [rubric(config, judge('{"score": 9, "reason": "own"}'))],
      {},
      { provider: judge('{"score": 1, "reason": "test"}') },
    );
    expect(own.score).toBe(0.9);
    expect(own.gradingResult?.tokensUsed).toMatchObject({ total: 12 });
    const tests = await rowOf([rubric(config)], {}, { provider: judge('{"score": 3, "reason": "test"}') });
    expect(tests.score).toBe(0.3);
  });

  it("makes a row error, not a score, of a mistake in the config", async () => {
    const row = await rowOf([rubric({ criteria: ["kindness"] })]);
    expect(row.error).toContain('There is no criterion "kindness"');
    expect(row.failureReason).toBe(2);
  });

  it("shows why the package path is the one to use: promptfoo scores a throwing function 0", async () => {
    const thrown = () => Promise.reject(new Error("wrong config"));
    const row = await rowOf([{ type: "javascript", value: thrown }]);
    expect(row).toMatchObject({ score: 0, failureReason: 1 });
    expect(row.gradingResult?.componentResults?.[0]?.metadata?.["graderError"]).toBeUndefined();
  });

  it("cannot be given a loaded judge in config: promptfoo clones it", async () => {
    const row = await rowOf([rubric({ criteria: ["stays-brief"], judge: judge("x") })]);
    expect(row.failureReason).toBe(2);
    expect(row.error).toContain("could not be cloned");
  });

  it("loads a judge by id through promptfoo", async () => {
    // `echo` answers with the question, whose example of an answer is no valid one.
    const row = await rowOf([
      rubric({ criteria: [{ name: "reflects-emotion", method: "judge" }], judge: "echo" }),
    ]);
    expect(row.gradingResult?.componentResults?.[0]?.reason).toContain("could not be used, twice");
  });

  it("finds groundTruth", async () => {
    const row = await rowOf([
      {
        type: "javascript",
        value: "package:promptfoo-grpo:groundTruth",
        config: { method: "contains", expected: "torn" },
      },
    ]);
    expect(row.score).toBe(1);
  });
});
