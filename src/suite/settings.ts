import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { PricesSchema } from "../runs/price.ts";

const Name = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, "lower-case letters, digits, '.', '_' and '-'");

/** A model by promptfoo provider id, or by promptfoo provider options. */
export const ProviderRefSchema = z.union([
  z.string().min(1),
  z.looseObject({
    id: z.string().min(1),
    label: z.string().optional(),
    config: z.record(z.string(), z.unknown()).optional(),
  }),
]);
export type ProviderRef = z.infer<typeof ProviderRefSchema>;

/** A learner reached through the openai client: any OpenAI-compatible endpoint. */
export const EndpointSchema = z.strictObject({
  model: z.string().min(1),
  baseUrl: z.url().optional().describe("Default: the OpenAI API."),
  apiKeyEnv: z
    .string()
    .default("OPENAI_API_KEY")
    .describe("Name of the environment variable that holds the key."),
  structured: z.boolean().default(true).describe("Ask for structured output (response_format json_schema)."),
  pricePerMillion: z
    .strictObject({ input: z.number().nonnegative(), output: z.number().nonnegative() })
    .optional()
    .describe("US dollars per million tokens; under maxCostUsd this or `prices` is needed."),
});

/** Where libraries are kept: in files, or in a database whose connection string an environment variable holds. */
export const StoreSchema = z.union([
  z.enum(["files", "postgres"]),
  z.strictObject({
    postgres: z.strictObject({
      urlEnv: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable")
        .default("GRPO_DATABASE_URL")
        .describe("Name of the environment variable that holds the connection string."),
      schema: z
        .string()
        .regex(/^[a-z_][a-z0-9_]{0,62}$/, "lower-case letters, digits and '_'")
        .default("grpo")
        .describe("Schema that holds the tables."),
    }),
  }),
]);

export const SettingsSchema = z.strictObject({
  agent: Name.default("agent").describe("Names the library's folder."),
  route: Name.default("common").describe("Names the library's file."),
  routes: z
    .array(Name)
    .min(1)
    .max(50)
    .optional()
    .describe(
      "Routes besides `common`, by priority, a crisis first: each takes the examples whose user types name it, and `--route` works on those alone.",
    ),
  experiences: z
    .string()
    .min(1)
    .default("experiences")
    .describe("Root folder of the libraries, relative to the config."),
  store: StoreSchema.default("files").describe(
    "Where libraries are kept: `files` below `experiences`, or PostgreSQL (docs/store.md).",
  ),
  provider: z.string().optional().describe("Id or label of the provider to train, when there are several."),
  prompt: z
    .string()
    .optional()
    .describe("Label, or part of the text, of the prompt to train, when there are several."),
  learner: z
    .union([EndpointSchema, ProviderRefSchema])
    .optional()
    .describe("The model that reflects. Default: the agent's own."),
  judge: ProviderRefSchema.optional().describe("Grader for model-graded assertions that name none."),
  advantage: z
    .enum(["principles", "contrast"])
    .optional()
    .describe(
      "principles: the paper's summaries and group comparison. contrast: one instruction per criterion, for small learners.",
    ),
  groupSize: z.int().min(1).max(64).default(5).describe("Rollouts of one example."),
  epochs: z.int().min(1).max(100).default(3),
  batchSize: z.int().min(1).default(32).describe("Training examples in a step."),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .default(0.7)
    .describe("Of training rollouts; evaluation keeps the agent's own."),
  candidates: z
    .int()
    .min(1)
    .max(16)
    .default(3)
    .describe("Whole candidate libraries built and compared in a step."),
  refinements: z
    .int()
    .min(0)
    .max(8)
    .default(2)
    .describe("Attempts to reword an experience against replies written under it."),
  gateAttempts: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe("Candidates that are tried at the gate, the best on training first."),
  screenSize: z.int().min(1).default(12).describe("Training examples on which candidates are compared."),
  validationRepeats: z.int().min(1).max(64).default(1),
  testRepeats: z.int().min(1).max(64).default(1),
  maxExperiences: z.int().min(1).max(200).default(20),
  maxWords: z.int().min(4).max(200).default(32),
  maxOperations: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("Operations a step may make. Default: 20 where each is tested by itself, else 6."),
  schedule: z
    .enum(["adaptive", "plain"])
    .default("adaptive")
    .describe(
      "`adaptive` spends where there is something to learn and tests operations one by one; `plain` is the paper's: whole groups, a summary of each rollout, whole candidates.",
    ),
  pruneRounds: z
    .int()
    .min(1)
    .max(32)
    .default(4)
    .describe("Rounds of rollouts in which `library prune` measures experiences, two an example."),
  pruneExamples: z
    .int()
    .min(1)
    .default(32)
    .describe("Training examples on which `library prune` measures them at most."),
  pruneMargin: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe("How much worse on validation the pruned library may be, beside a standard error."),
  personas: z
    .string()
    .min(1)
    .default("personas")
    .describe("Folder of the personas that `simulate` plays, relative to the config."),
  personaModel: ProviderRefSchema.optional().describe(
    "The model that plays the personas. Default: the agent's own.",
  ),
  conversations: z.int().min(1).max(100_000).default(24).describe("Simulated conversations in all."),
  maxTurns: z
    .int()
    .min(1)
    .max(200)
    .default(8)
    .describe("Replies of the agent in a simulated conversation at most."),
  minSupport: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe("Independent groups of rollouts that must teach an experience before it can be committed."),
  redact: z
    .union([
      z.boolean(),
      z.strictObject({ names: z.array(z.string().min(1).max(120)).max(10_000).default([]) }),
    ])
    .optional()
    .describe(
      "Takes keys and personal data (and these names) out of what the learner reads and of reports. Default: on for `learn --results`, off for `train`.",
    ),
  since: z
    .string()
    .refine(
      (text) => text === "last" || !Number.isNaN(Date.parse(text)),
      "must be a date (2026-12-01) or `last`",
    )
    .optional()
    .describe(
      "Learn only from examples added since: a date, or `last` for the library's newest version. Examples carry metadata.added.",
    ),
  exampleIds: z
    .array(z.string().min(1))
    .min(1)
    .max(100_000)
    .optional()
    .describe("Learn only from these examples, by id."),
  replay: z
    .int()
    .min(0)
    .default(12)
    .describe(
      "Earlier training examples that the gate asks beside validation when a run learns from some examples only, so that nothing is forgotten.",
    ),
  replayMargin: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe("How much worse on those a candidate may be, beside a standard error."),
  maxCostUsd: z.number().positive().optional().describe("Cap over agent, judges and learner together."),
  maxCalls: z
    .int()
    .positive()
    .optional()
    .describe("Cap on calls of all models together, tries that failed included."),
  maxTokens: z.int().positive().optional().describe("Cap on tokens in and out, all models together."),
  prices: PricesSchema.optional().describe(
    "US dollars per million tokens by model id, or `reported` where the provider tells the cost of each call.",
  ),
  callTimeoutMs: z
    .int()
    .min(1)
    .max(86_400_000)
    .optional()
    .describe("A call that takes longer has failed. Default: 120000; 1800000 for a model on this machine."),
  ahead: z
    .boolean()
    .default(true)
    .describe("Places that stand empty are given to what a run goes on with if a candidate is accepted"),
  hedge: z
    .boolean()
    .default(true)
    .describe(
      "Make a call a second time when it is late against others of its kind; the first answer counts.",
    ),
  concurrency: z.int().min(1).max(1024).default(8),
  seed: z.int().min(0).default(1),
  split: z
    .strictObject({
      validation: z.number().min(0).max(0.9).default(0.25),
      test: z.number().min(0).max(0.9).default(0.2),
    })
    .prefault({})
    .describe("Shares, for tests that carry no metadata.split."),
  prompts: z
    .partialRecord(z.enum(["summary", "principles", "merge", "revision", "contrast"]), z.string())
    .optional()
    .describe("Files that replace the learner's prompts."),
});
export type Settings = z.infer<typeof SettingsSchema>;
export type SettingsInput = z.input<typeof SettingsSchema>;

/**
 * Settings from `metadata.grpo`, with flags on top.
 * @throws GrpoError SETTINGS_INVALID naming the key's path
 */
export function parseSettings(fromConfig: unknown, flags: Partial<SettingsInput>, place: string): Settings {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const base = fromConfig === undefined || fromConfig === null ? {} : fromConfig;
  // The flag says which; the details that the config gives of it still hold.
  if (given["store"] === "postgres" && "store" in Object(base) && typeof Object(base).store === "object")
    delete given["store"];
  const parsed = SettingsSchema.safeParse(typeof base === "object" ? { ...base, ...given } : base);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new GrpoError({
    code: "SETTINGS_INVALID",
    message: issue === undefined ? "The settings are not valid." : `${issue.message}.`,
    place: `${place} metadata.grpo${issue === undefined || issue.path.length === 0 ? "" : `.${issue.path.join(".")}`}`,
    remedy: "See docs/settings.md, or schema/settings.schema.json in your editor.",
    cause: parsed.error,
  });
}
