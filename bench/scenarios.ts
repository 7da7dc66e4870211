import { NO_FAULTS, TEN_PERCENT } from "./mock/faults.ts";
import type { MockOptions } from "./mock/server.ts";

/** What a training is measured under. */
export interface Scenario {
  name: string;
  says: string;
  concurrency: number;
  mock: Partial<MockOptions>;
  /** Under metadata.grpo; what the command line says comes on top. */
  settings?: Record<string, unknown>;
  /** Copies of each training ticket; default 1. */
  copies?: number;
  /** Seeds, where none are asked for. */
  seeds: readonly number[];
  /** What is to be reached: at least this lift and utilisation (0..1), at most these calls to learn. */
  asked?: { lift?: number; calls?: number; utilisation?: number };
  /** The scenario whose time on the same seeds this one's is measured by, and how many times as long it may take. */
  against?: { name: string; most: number };
}

/** The seeds of the rivals' figures. */
const SEEDS = [11, 12, 13, 14, 15];
/** Where only time is asked for, and the rest is known from others. */
const FEW = [11, 12, 13];
/** Our own estimate of the lift from enough rollouts to be compared with the exact one. */
const TESTED = { testRepeats: 10 };
const PLAIN = { ...TESTED, schedule: "plain" };
const FAST = { latencyMs: 20 };
const REAL = { latencyMs: 300 };
/** 14 tickets, eight times each: a step long enough to tell barriers from a short task. */
const WIDE = { copies: 8, settings: { batchSize: 112, screenSize: 56 } };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "clean",
    says: "no bad proposals; 20 ms, 16 calls side by side",
    concurrency: 16,
    mock: { ...FAST, bad: 0 },
    settings: TESTED,
    seeds: SEEDS,
    asked: { lift: 0.42, calls: 220 },
  },
  {
    name: "bad15",
    says: "15 % of proposals harmful or without effect; 20 ms, 16 side by side",
    concurrency: 16,
    mock: { ...FAST, bad: 0.15 },
    settings: TESTED,
    seeds: SEEDS,
    asked: { lift: 0.4, calls: 500 },
  },
  {
    name: "plain",
    says: "as clean, with the paper's schedule",
    concurrency: 16,
    mock: { ...FAST, bad: 0 },
    settings: PLAIN,
    seeds: SEEDS,
  },
  {
    name: "plain15",
    says: "as bad15, with the paper's schedule",
    concurrency: 16,
    mock: { ...FAST, bad: 0.15 },
    settings: PLAIN,
    seeds: SEEDS,
  },
  {
    name: "conc16",
    says: "no bad proposals; 300 ms, 16 side by side",
    concurrency: 16,
    mock: { ...REAL, bad: 0 },
    seeds: SEEDS,
    asked: { utilisation: 0.85 },
  },
  {
    name: "conc64",
    says: "no bad proposals; 300 ms, 64 side by side",
    concurrency: 64,
    mock: { ...REAL, bad: 0 },
    seeds: FEW,
    asked: { utilisation: 0.7 },
  },
  {
    name: "wide16",
    says: "as conc16, with 112 training tickets in one step an epoch",
    concurrency: 16,
    mock: { ...REAL, bad: 0 },
    ...WIDE,
    seeds: FEW,
    asked: { utilisation: 0.85 },
  },
  {
    name: "wide64",
    says: "as conc64, with 112 training tickets in one step an epoch",
    concurrency: 64,
    mock: { ...REAL, bad: 0 },
    ...WIDE,
    seeds: FEW,
    asked: { utilisation: 0.7 },
  },
  {
    name: "faults",
    says: "as conc16, with 10 % faults (2 % bare 429, 1 % 429 with Retry-After, 2 % 500, 2 % cut, 2 % bad escapes, 1 % prose)",
    concurrency: 16,
    mock: { ...REAL, bad: 0, faults: TEN_PERCENT },
    seeds: SEEDS,
    against: { name: "conc16", most: 1.5 },
  },
  {
    name: "hangs",
    says: "as conc16, with 1 % of calls that never answer",
    concurrency: 16,
    mock: { ...REAL, bad: 0, faults: { ...NO_FAULTS, hang: 0.01 } },
    seeds: SEEDS,
    against: { name: "conc16", most: 1.5 },
  },
];
