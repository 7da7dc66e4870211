import { z } from "zod";

const data = z.record(z.string(), z.unknown());
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

/** What we read of a row of promptfoo's results (`EvaluateResult`); NaN is null in JSON. */
export const RowSchema = z.looseObject({
  promptIdx: z.int().nonnegative(),
  testIdx: optional(z.number()),
  promptId: optional(z.string()),
  prompt: optional(z.looseObject({ raw: optional(z.string()), label: optional(z.string()) })),
  provider: z.looseObject({ id: optional(z.string()), label: optional(z.string()) }),
  testCase: z.looseObject({
    description: optional(z.string()),
    vars: optional(data),
    assert: optional(z.array(z.unknown())),
    metadata: optional(data),
    options: optional(data),
    threshold: z.unknown().optional(),
  }),
  score: z.unknown(),
  success: z.boolean(),
  failureReason: z.int().catch(0),
  error: optional(z.string()),
  gradingResult: z.looseObject({ componentResults: optional(z.array(z.unknown())) }).nullish(),
  response: optional(
    z.looseObject({
      output: z.unknown().optional(),
      error: optional(z.string()),
      cost: optional(z.number()),
      cached: optional(z.boolean()),
      metadata: optional(data),
      tokenUsage: optional(
        z.looseObject({
          prompt: optional(z.number()),
          completion: optional(z.number()),
          cached: optional(z.number()),
          completionDetails: optional(z.looseObject({ cacheReadInputTokens: optional(z.number()) })),
        }),
      ),
    }),
  ),
  metadata: optional(data),
});
export type RowRead = z.infer<typeof RowSchema>;

const HeadPrompt = z.looseObject({
  id: optional(z.string()),
  raw: optional(z.string()),
  label: optional(z.string()),
  provider: optional(z.string()),
  config: z.unknown().optional(),
  metrics: optional(
    z.looseObject({
      testPassCount: z.number().catch(0),
      testFailCount: z.number().catch(0),
      testErrorCount: z.number().catch(0),
    }),
  ),
});

const Summary = z.looseObject({
  version: optional(z.number()),
  prompts: optional(z.array(HeadPrompt)),
  stats: z.unknown().optional(),
});

/** A results file without its rows: what `-o` writes, `toResultsFile()`, or a bare `toEvaluateSummary()`. */
export const HeadSchema = z.looseObject({
  version: optional(z.number()),
  results: z.union([Summary, z.array(z.unknown())]),
  prompts: optional(z.array(HeadPrompt)),
  config: optional(data),
  runtimeOptions: optional(z.looseObject({ repeat: optional(z.int().positive()) })),
});
export type Head = z.infer<typeof HeadSchema>;
export type HeadPrompt = z.infer<typeof HeadPrompt>;
