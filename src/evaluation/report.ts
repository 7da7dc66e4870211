import { z } from "zod";

/** Version of the report's shape; a reader refuses a number that it does not know. */
export const REPORT_VERSION = 1;

const share = z.number().min(0).max(1);
const counter = z.int().nonnegative();

/** One paired sign-flip test. `low` and `high` are null when there are too few units for an interval. */
export const ComparisonSchema = z.strictObject({
  n: counter.describe("tests"),
  units: counter.describe("independent units: tests, or clusters of tests"),
  mean: z.number().describe("mean difference, second arm minus first, -1..1"),
  low: z.number().nullable().describe("lower end of the 95 % interval"),
  high: z.number().nullable().describe("upper end of the 95 % interval"),
  pBetter: share.describe("one-sided p value of the second arm being better"),
  pWorse: share,
  better: counter,
  worse: counter,
  same: counter,
});

/** What became of the planned rows of one arm; every planned row is exactly one of the others. */
export const RowCountsSchema = z.strictObject({
  planned: counter,
  graded: counter,
  ungraded: counter.describe("the agent answered, the grader did not"),
  errored: counter.describe("the agent failed"),
  missing: counter.describe("no row at all"),
  "out-of-range": counter.describe("a score that is not a number from 0 to 1"),
  duplicate: counter.describe("rows beyond the planned ones; they count as a problem, not as planned"),
});

export const RowProblemSchema = z.strictObject({
  arm: z.string(),
  test: z.string(),
  repeat: counter,
  kind: z.enum(["ungraded", "errored", "missing", "out-of-range", "duplicate"]),
  reason: z.string(),
});

/** What a library adds to each call of the agent in production. */
const LibraryCostSchema = z.strictObject({
  tokens: counter.describe("prompt tokens that it adds to a call"),
  measured: z
    .boolean()
    .describe("whether the provider counted them with and without it; else about four bytes a token"),
  usdPer1000: z
    .number()
    .nonnegative()
    .nullable()
    .describe("US dollars of those tokens in 1,000 calls, none of them cached; null: the price is not known"),
});

export const ArmSchema = z.strictObject({
  label: z.string(),
  agent: z.string().describe("provider id"),
  prompt: z.string().describe("prompt label"),
  library: z
    .strictObject({
      version: counter,
      hash: z.string(),
      experiences: counter.nullable().describe("null when a results file alone tells of it"),
      words: counter.nullable(),
      perCall: LibraryCostSchema.nullable().describe("null when nothing tells"),
    })
    .nullable(),
  mean: share.nullable().describe("mean reward, must-pass criteria left out"),
  passAtK: share.nullable().describe("tests with at least one passing repeat"),
  meanAtK: share.nullable().describe("repeats that pass"),
  passHatK: share.nullable().describe("tests whose every repeat passes"),
  rows: RowCountsSchema,
  usage: z.strictObject({
    calls: counter,
    promptTokens: counter,
    cachedTokens: counter.describe("of the prompt tokens, those that the provider had in its own cache"),
    completionTokens: counter,
    costUsd: z.number().nonnegative(),
    unpriced: counter.describe("calls whose price is not known"),
  }),
});

const CellSchema = z.strictObject({
  mean: share.nullable(),
  passes: counter.describe("repeats in which every assertion passed"),
  graded: counter,
  planned: counter,
  reply: z.string().nullable().describe("the reply of the lowest-scored repeat"),
  reasons: z.array(z.string()).describe("why that repeat lost reward, a line a criterion"),
});

export const TestOutcomeSchema = z.strictObject({
  id: z.string(),
  persona: z.string(),
  userTypes: z.array(z.string()),
  cluster: z.string().nullable(),
  arms: z.tuple([CellSchema, CellSchema]),
  difference: z.number().nullable(),
  change: z.enum(["better", "worse", "same", "ungraded"]),
});

/** A row of an exploratory table; `holm` is the two-sided p value corrected for the number of rows. */
const ExploratorySchema = z.strictObject({
  name: z.string(),
  means: z.tuple([share, share]),
  comparison: ComparisonSchema,
  holm: share,
});

/** Two arms compared on one set of tests: what the terminal, Markdown, HTML and JUnit show, and what CI reads. */
export const EvaluationReportSchema = z.strictObject({
  version: z.literal(REPORT_VERSION),
  kind: z.enum(["eval", "gate"]),
  at: z.iso.datetime(),
  config: z.string().nullable().describe("file name of the promptfooconfig, or null for results files"),
  split: z.enum(["train", "validation", "test", "all"]),
  repeats: z.int().min(1),
  seed: counter,
  verdict: z.enum(["proven", "worse", "not proven"]),
  exitCode: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  sentence: z.string().describe("the verdict in one sentence"),
  /** Why the verdict is what it is, and what stands in the way of proof; a sentence each. */
  because: z.array(z.string()),
  /** With --no-worse: whether a loss of more than `margin` is ruled out. */
  noWorse: z.strictObject({ margin: share, holds: z.boolean() }).nullable(),
  arms: z.tuple([ArmSchema, ArmSchema]),
  comparison: ComparisonSchema,
  must: z.array(ExploratorySchema).describe("must-pass criteria, never part of the headline"),
  criteria: z.array(ExploratorySchema),
  personas: z.array(ExploratorySchema),
  tests: z.array(TestOutcomeSchema).describe("worst change first"),
  problems: z.array(RowProblemSchema),
  /** What this set can show, and what would settle an open verdict; null where there is nothing to say. */
  power: z.strictObject({
    smallest: z
      .number()
      .nullable()
      .describe("smallest true difference shown in 4 of 5 such evaluations (80 % power)"),
    testsNeeded: counter.nullable().describe("tests that would show the observed difference"),
    repeatsNeeded: counter.nullable().describe("repeats of these tests that would"),
  }),
  /** Earlier looks at the sealed test with this agent and route; null when this is not the sealed test. */
  looks: counter.nullable(),
  elapsedMs: counter,
});

export type Comparison = z.infer<typeof ComparisonSchema>;
export type RowCounts = z.infer<typeof RowCountsSchema>;
export type RowProblem = z.infer<typeof RowProblemSchema>;
export type LibraryCost = z.infer<typeof LibraryCostSchema>;
export type ReportArm = z.infer<typeof ArmSchema>;
export type TestOutcome = z.infer<typeof TestOutcomeSchema>;
export type Exploratory = z.infer<typeof ExploratorySchema>;
export type EvaluationReport = z.infer<typeof EvaluationReportSchema>;
