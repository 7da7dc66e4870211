import type {
  ApiProvider,
  CallApiContextParams,
  CallApiOptionsParams,
  ProviderOptions,
  ProviderResponse,
} from "promptfoo";
import { GrpoError } from "../../library/error.ts";
import { parseChat } from "./chat.ts";
import { type LocalModelConfig, parseConfig } from "./config.ts";
import type { Engine } from "./engine/engine.ts";
import type { EngineRequest } from "./engine/request.ts";
import { closeLocalModels, sharedEngine } from "./engine/shared.ts";
import { callSeed } from "./seed.ts";
import { ensureWeights } from "./weights/ensure.ts";

/** How a provider gets its engine: replaced in tests. */
export type OpenEngine = (config: LocalModelConfig) => Promise<{ engine: Engine; model: string }>;

/**
 * A GGUF model on this machine's CPU, as promptfoo provider (`package:promptfoo-grpo:LocalModel`).
 * Providers with the same model and sizes share one engine; failures come back as `error`, one paragraph.
 * The constructor throws GrpoError `LOCAL_MODEL_CONFIG`.
 */
export class LocalModel implements ApiProvider {
  readonly label?: string;
  readonly config: LocalModelConfig;
  readonly #given: unknown;
  readonly #id: string;
  readonly #open: OpenEngine;

  constructor(options: ProviderOptions = {}, open: OpenEngine = openEngine) {
    this.#given = options.config;
    this.config = parseConfig(options.config);
    this.#id = options.id ?? "package:promptfoo-grpo:LocalModel";
    this.#open = open;
    if (options.label !== undefined) this.label = options.label;
  }

  id(): string {
    return this.#id;
  }

  async callApi(
    prompt: string,
    context?: CallApiContextParams,
    options?: CallApiOptionsParams,
  ): Promise<ProviderResponse> {
    const startMs = performance.now();
    try {
      const config = parseConfig(this.#given, context?.prompt?.config);
      const { engine, model } = await this.#open(config);
      const seed = callSeed(config.seed, context?.repeatIndex ?? 0);
      const request = toRequest(engine, config, prompt, seed, options?.abortSignal);
      const done = await engine.complete(request);
      const latencyMs = Math.round(performance.now() - startMs);
      const tokens = { prompt: request.tokens.length, completion: done.completionTokens };
      return {
        output: done.text,
        tokenUsage: { ...tokens, total: tokens.prompt + tokens.completion, numRequests: 1 },
        cost: 0,
        cached: false,
        finishReason: done.finishReason,
        latencyMs,
        metadata: { model, seed, latencyMs, evaluatedTokens: done.evaluatedTokens },
      };
    } catch (error) {
      return { error: paragraph(error) };
    }
  }

  /** promptfoo calls this when an evaluation from its command line has ended. */
  async cleanup(): Promise<void> {
    await closeLocalModels();
  }
}

async function openEngine(config: LocalModelConfig): Promise<{ engine: Engine; model: string }> {
  const { model, cacheDir, basePath, contexts, threads, sequences, contextSize } = config;
  const path = await sharedWeights({ model, cacheDir, basePath });
  const engine = await sharedEngine({ path, contexts, threads, sequences, contextSize });
  return { engine, model: path.split(/[\\/]/u).at(-1) ?? path };
}

const weights = new Map<string, Promise<string>>();

/** Many calls start at once: the weights are looked for, and downloaded, once. */
function sharedWeights(options: Pick<LocalModelConfig, "model" | "cacheDir" | "basePath">): Promise<string> {
  const key = JSON.stringify(options);
  const known = weights.get(key);
  if (known !== undefined) return known;
  const looking = ensureWeights(options);
  weights.set(key, looking);
  looking.catch(() => weights.delete(key));
  return looking;
}

function toRequest(
  engine: Engine,
  config: LocalModelConfig,
  prompt: string,
  seed: number,
  signal: AbortSignal | undefined,
): EngineRequest {
  const { tokens, stops } = engine.encode(parseChat(prompt));
  const needed = tokens.length + config.max_tokens + 1;
  if (needed > config.contextSize) {
    throw new GrpoError({
      code: "LOCAL_MODEL_PROMPT_TOO_LONG",
      message: `The prompt has ${tokens.length} tokens; with max_tokens ${config.max_tokens} it does not fit into contextSize ${config.contextSize}.`,
      place: "config.contextSize",
      remedy: `Set contextSize to ${Math.ceil(needed / 256) * 256} or more, or shorten the prompt.`,
    });
  }
  const own = config.stop === undefined ? [] : [config.stop].flat();
  const format = config.response_format;
  return {
    tokens,
    sampling: { temperature: config.temperature, topP: config.top_p, topK: config.top_k, seed },
    maxTokens: config.max_tokens,
    stops: [...stops, ...own],
    schema: format?.type === "json_schema" ? format.json_schema.schema : undefined,
    cacheKey: config.cacheKey,
    signal,
  };
}

function paragraph(error: unknown): string {
  if (error instanceof GrpoError) return error.describe();
  const text = error instanceof Error ? error.message : String(error);
  return `LOCAL_MODEL_FAILED: ${text.replaceAll(/\s+/gu, " ").trim()}`;
}
