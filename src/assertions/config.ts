import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { DEFAULT_RULE_SETTINGS } from "./criterion.ts";

const METHODS = ["rule", "judge", "both", "exact", "numeric", "contains", "comparison"] as const;
/**
 * How a criterion is scored: `rule` (deterministic), `judge` (a model, 0..10), `both` (their mean, and both must
 * pass), or against a known answer: `exact`, `numeric`, `contains`, `comparison` (judge, with the good and bad response).
 */
export type Method = (typeof METHODS)[number];
export const TRUTH_METHODS = ["exact", "numeric", "contains", "comparison"] as const;
export type TruthMethod = (typeof TRUTH_METHODS)[number];

/** A promptfoo provider: its id, or its id with options. */
export const JudgeRefSchema = z.union([
  z.string().min(1),
  z.looseObject({ id: z.string().min(1), config: z.unknown().optional(), label: z.string().optional() }),
]);
export type JudgeRef = z.infer<typeof JudgeRefSchema>;

const Answer = z.union([z.string().min(1), z.number(), z.boolean()]);
/** A known answer; of a list every entry is needed (`contains`) or any one will do (`exact`, `numeric`). */
export const ExpectedSchema = z.union([Answer, z.array(Answer).min(1)]);
export type Expected = z.infer<typeof ExpectedSchema>;

const AnchorsSchema = z.strictObject({
  0: z.string(),
  3: z.string(),
  5: z.string(),
  8: z.string(),
  10: z.string(),
});

const CriterionSpecSchema = z.strictObject({
  name: z.string().min(1),
  /** Needed for a criterion of your own, scored by the judge. */
  describe: z.string().min(1).optional(),
  rubric: AnchorsSchema.optional(),
  method: z.enum(METHODS).optional(),
  weight: z.number().positive().optional(),
  must: z.boolean().optional(),
  expected: ExpectedSchema.optional(),
  tolerance: z.number().nonnegative().optional(),
});
export type CriterionSpec = z.infer<typeof CriterionSpecSchema>;

export const RubricConfigSchema = z.strictObject({
  criteria: z
    .array(z.union([z.string().min(1), CriterionSpecSchema]))
    .min(1)
    .optional(),
  crisisLine: z.coerce
    .string()
    .regex(/^[+\d][\d ()./-]*$/u, "must be a telephone number such as 988")
    .default(DEFAULT_RULE_SETTINGS.crisisLine),
  emergencyNumbers: z.array(z.coerce.string()).default([]),
  judge: JudgeRefSchema.optional(),
  weights: z.record(z.string(), z.number().positive()).default({}),
  briefWords: z
    .tuple([z.number().int().nonnegative(), z.number().int().positive()])
    .refine(([fewest, most]) => fewest <= most, "the first number must not be above the second")
    .default([12, 60]),
});
export type RubricConfig = z.infer<typeof RubricConfigSchema>;

export const GroundTruthConfigSchema = z.strictObject({
  method: z.enum(TRUTH_METHODS).default("exact"),
  tolerance: z.number().nonnegative().optional(),
  expected: ExpectedSchema.optional(),
  judge: JudgeRefSchema.optional(),
});

/**
 * Parses an assertion's `config`.
 * @throws GrpoError ASSERTION_CONFIG with the key that is wrong.
 */
export function parseConfig<T>(schema: z.ZodType<T>, config: unknown, assertion: string): T {
  const parsed = schema.safeParse(config ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = ["config", ...(issue?.path ?? [])].join(".");
  throw new GrpoError({
    code: "ASSERTION_CONFIG",
    message: `The ${assertion} assertion's ${path} is wrong: ${issue?.message ?? "unreadable"}.`,
    place: path,
    remedy: "Correct it; docs/criteria.md lists every key.",
  });
}
