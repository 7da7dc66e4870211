import { TEN_PERCENT } from "./mock/faults.ts";
import type { MockOptions } from "./mock/server.ts";

/** What a training is measured under. */
export interface Scenario {
  name: string;
  says: string;
  concurrency: number;
  mock: Partial<MockOptions>;
  /** Seeds, where none are asked for. */
  seeds: readonly number[];
}

/** The seeds of the rivals' figures. */
const SEEDS = [11, 12, 13, 14, 15];
/** Where only time is asked for, and the rest is known from others. */
const FEW = [11, 12, 13];
const FAST = { latencyMs: 20 };
const REAL = { latencyMs: 300 };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "clean",
    says: "no bad proposals; 20 ms, 16 calls side by side",
    concurrency: 16,
    mock: { ...FAST, bad: 0 },
    seeds: SEEDS,
  },
  {
    name: "bad15",
    says: "15 % of proposals harmful or without effect; 20 ms, 16 side by side",
    concurrency: 16,
    mock: { ...FAST, bad: 0.15 },
    seeds: SEEDS,
  },
  {
    name: "conc16",
    says: "no bad proposals; 300 ms, 16 side by side",
    concurrency: 16,
    mock: { ...REAL, bad: 0 },
    seeds: FEW,
  },
  {
    name: "conc64",
    says: "no bad proposals; 300 ms, 64 side by side",
    concurrency: 64,
    mock: { ...REAL, bad: 0 },
    seeds: FEW,
  },
  {
    name: "faults",
    says: "as conc16, with 10 % faults (2 % bare 429, 1 % 429 with Retry-After, 2 % 500, 2 % cut, 2 % bad escapes, 1 % prose)",
    concurrency: 16,
    mock: { ...REAL, bad: 0, faults: TEN_PERCENT },
    seeds: FEW,
  },
];
