import { z } from "zod";

const share = z.number().min(0).max(1);
const counter = z.int().nonnegative();

/** Two groups of conversations compared by a permutation test; the ends are null when there are too few. */
export const GroupsSchema = z.strictObject({
  n: z.tuple([counter, counter]).describe("conversations with an outcome, by arm"),
  mean: z.number().describe("mean of the second arm less mean of the first"),
  low: z.number().nullable(),
  high: z.number().nullable(),
  pBetter: share.describe("one-sided p value of the second arm being better"),
  pWorse: share,
});
export type Groups = z.infer<typeof GroupsSchema>;

const CriterionSchema = z.strictObject({
  name: z.string(),
  means: z.tuple([share, share]),
  groups: GroupsSchema,
  holm: share.describe("two-sided p value corrected for the number of criteria"),
});
export type OutcomeCriterion = z.infer<typeof CriterionSchema>;

export const OutcomeArmSchema = z.strictObject({
  label: z.string(),
  conversations: counter,
  graded: counter.describe("conversations with an outcome; the others are ungraded, never 0"),
  mean: share.nullable(),
  first: z.iso
    .datetime({ offset: true })
    .nullable()
    .describe("the first turn's time; null: the log has none"),
  last: z.iso.datetime({ offset: true }).nullable(),
});
export type OutcomeArm = z.infer<typeof OutcomeArmSchema>;

/** What the logs of a running agent say of two versions of its library. */
export const OutcomesReportSchema = z.strictObject({
  version: z.literal(1),
  kind: z.enum(["eval", "gate"]),
  at: z.iso.datetime(),
  logs: z.array(z.string()),
  outcome: z.enum(["score", "rules", "labels"]),
  seed: counter,
  verdict: z.enum(["proven", "worse", "not proven"]),
  exitCode: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  sentence: z.string(),
  because: z.array(z.string()).describe("what the verdict rests on and what stands in the way of proof"),
  noWorse: z.strictObject({ margin: share, holds: z.boolean() }).nullable(),
  arms: z.tuple([OutcomeArmSchema, OutcomeArmSchema]),
  groups: GroupsSchema,
  must: z.array(CriterionSchema).describe("must-pass criteria, never part of the headline"),
  criteria: z.array(CriterionSchema),
  leftOut: z.strictObject({
    noLibrary: counter.describe("conversations whose library is not logged"),
    otherLibrary: counter.describe("of another agent or route"),
    otherVersion: counter,
  }),
  worst: z
    .array(z.strictObject({ conversation: z.string(), outcome: share, missed: z.array(z.string()) }))
    .describe("the second arm's conversations with the lowest outcome"),
});
export type OutcomesReport = z.infer<typeof OutcomesReportSchema>;
