import type { Fault } from "./faults.ts";

/** One call that the model was asked, in the order of their beginning by `n`. */
export interface Call {
  n: number;
  shape: string;
  status: number;
  fault: Fault | null;
  /** Tokens in and out, taken as characters / 4. */
  tin: number;
  tout: number;
  /** Milliseconds since the server began. */
  t0: number;
  t1: number;
  /** In flight when it began, itself included. */
  conc: number;
  ticket: string | null;
  temperature: number | null;
  /** Of shape and prompt. */
  hash: string;
}
