import { canonicalJson, sha256 } from "./canonical.ts";

/** Plain JSON: what tasks and their results are made of, so that they can be journalled and sent elsewhere. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** The paid or random kinds of work of a run. */
export type Stage = "rollout" | "persona" | "judge" | "summary" | "advantage" | "merge" | "revision";

/**
 * One paid or random piece of work as plain data: everything that decides its result (model, settings,
 * prompt, seed, repeat) and nothing else, so that equal tasks have equal ids in every process.
 */
export interface Task {
  readonly stage: Stage;
  readonly [key: string]: Json | undefined;
}

/** Hex sha256 of a value's canonical JSON (of the bytes, for a string). */
export const hashOf = (value: unknown): string =>
  sha256(typeof value === "string" ? value : canonicalJson(value));

/** The deterministic id of a task: the hash of what it asks. */
export function taskId(task: Task): string {
  return hashOf(task).slice(0, 32);
}
