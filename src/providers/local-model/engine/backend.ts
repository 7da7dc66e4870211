import type { ChatTurn } from "../chat.ts";

/** How the next token is drawn. `topK` 0 and `topP` 1 switch their filter off; temperature 0 is greedy. */
export interface Sampling {
  temperature: number;
  topP: number;
  topK: number;
  seed: number;
}

/** One answer being written: each `next` runs one forward pass; null when the model has ended. */
export interface TokenStream {
  next(): Promise<number | null>;
  close(): Promise<void>;
}

/** One sequence of a context: it remembers the state of the tokens it evaluated last. */
export interface BackendSlot {
  /** Tokens whose state is held, prompt and answer. */
  readonly evaluated: readonly number[];
  /** Forgets everything after the first `count` tokens. */
  keep(count: number): Promise<void>;
  /** Takes the first `count` tokens' state from another slot of the same context; false if it cannot. */
  copyFrom(source: BackendSlot, count: number): Promise<boolean>;
  /** Evaluates tokens without writing any. */
  prefill(tokens: readonly number[]): Promise<void>;
  /** Takes part in a forward pass without changing what is held. */
  idle(): Promise<void>;
  /** Evaluates `tokens` (at least one) with the first `next`, then writes, inside the JSON schema if there is one. */
  generate(tokens: readonly number[], sampling: Sampling, schema: object | undefined): Promise<TokenStream>;
}

/** One context: its slots compute in shared forward passes. */
export interface BackendLane {
  readonly slots: readonly BackendSlot[];
  /** Runs all of `works`, each of which needs one forward pass, as one batch in this order. */
  together(works: readonly (() => Promise<void>)[]): Promise<void>;
}

/** A loaded model; its lanes compute independently of each other. */
export interface Backend {
  readonly lanes: readonly BackendLane[];
  /** The conversation in the model's own chat template, open for the answer; `stops` are texts that end it. */
  encode(turns: readonly ChatTurn[]): { tokens: number[]; stops: string[] };
  decode(tokens: readonly number[], before: readonly number[]): string;
  close(): Promise<void>;
}
