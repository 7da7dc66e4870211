import type { Sampling } from "./backend.ts";

/** One call as the engine sees it. */
export interface EngineRequest {
  tokens: readonly number[];
  sampling: Sampling;
  maxTokens: number;
  /** Texts that end the answer; they are cut off. */
  stops: readonly string[];
  /** JSON schema the answer must follow. */
  schema?: object | undefined;
  cacheKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface Completion {
  text: string;
  /** `length`: max_tokens was reached before the model ended. */
  finishReason: "stop" | "length";
  completionTokens: number;
  /** Prompt tokens computed for this call; the others were reused from earlier calls. */
  evaluatedTokens: number;
}
