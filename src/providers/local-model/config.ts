import { z } from "zod";
import { GrpoError } from "../../library/error.ts";

const jsonSchemaFormat = z.strictObject({
  type: z.literal("json_schema"),
  json_schema: z.object({
    name: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
  }),
});

/** Every key of the provider's `config`; the same keys are accepted per call in `context.prompt.config`. */
export const localModelConfigSchema = z.strictObject({
  /** Path of a GGUF file, or `hf:owner/repo/file.gguf`; absent: the default model. */
  model: z.string().min(1).optional(),
  contexts: z.int().min(1).max(64).default(2),
  /** CPU threads of one context. */
  threads: z.int().min(1).max(256).default(1),
  /** Calls that one context answers at once. */
  sequences: z.int().min(1).max(256).default(16),
  /** Tokens of one call: prompt and answer together. */
  contextSize: z.int().min(64).max(131_072).default(1024),
  temperature: z.number().min(0).max(5).default(0.7),
  top_p: z.number().gt(0).max(1).default(0.95),
  /** 0: the whole vocabulary. */
  top_k: z.int().min(0).default(40),
  max_tokens: z.int().min(1).default(256),
  seed: z.int().min(0).default(0),
  stop: z.union([z.string().min(1), z.array(z.string().min(1))]).optional(),
  response_format: z.union([z.strictObject({ type: z.literal("text") }), jsonSchemaFormat]).optional(),
  /** Folder that holds `models/`; absent: see docs/local-model.md. */
  cacheDir: z.string().min(1).optional(),
  /** Calls with one key keep their common prefix evaluated, whatever other calls run beside them. */
  cacheKey: z.string().min(1).optional(),
  /** promptfoo adds the folder of its config file; relative model paths start there. */
  basePath: z.string().optional(),
});

export type LocalModelConfig = z.infer<typeof localModelConfigSchema>;

/** Checks provider config with a call's overrides on top; throws GrpoError `LOCAL_MODEL_CONFIG`. */
export function parseConfig(config: unknown, overrides?: unknown): LocalModelConfig {
  const merged = { ...asRecord(config, "config"), ...asRecord(overrides, "prompt.config") };
  const parsed = localModelConfigSchema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const keys = issue?.code === "unrecognized_keys" ? issue.keys : (issue?.path.map(String) ?? []);
  throw new GrpoError({
    code: "LOCAL_MODEL_CONFIG",
    message: `The local model does not accept its config at "${keys.join(".")}": ${issue?.message ?? "unknown reason"}.`,
    place: ["config", ...keys].join("."),
    remedy: `Known keys: ${Object.keys(localModelConfigSchema.shape).join(", ")}; see docs/local-model.md.`,
  });
}

function asRecord(value: unknown, place: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));
  }
  throw new GrpoError({
    code: "LOCAL_MODEL_CONFIG",
    message: "The config of the local model must be a mapping of keys to values.",
    place,
    remedy: "Write `config:` with indented keys, as in docs/local-model.md.",
  });
}
