import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, readManifest } from "../../src/runs/manifest.ts";
import { trainingTests } from "./training-config.ts";
import type { TrainingFolder } from "./training-folder.ts";

/** Few tests in four steps: accepted and rejected candidates and a look at the sealed test are in the history. */
export const TESTS = trainingTests(1).filter(({ id }) => !/train-0[4-7]|validation-03/.test(id));
export const flags = {
  groupSize: 3,
  epochs: 2,
  batchSize: 2,
  screenSize: 2,
  maxOperations: 2,
  seed: 1,
  advantage: "principles" as const,
  // So few examples in so small steps seldom teach the same twice.
  minSupport: 1,
};

export const manifests = ({ folder }: TrainingFolder): Manifest[] =>
  readdirSync(join(folder, ".grpo/runs"))
    .sort()
    .flatMap((id) => readManifest(join(folder, ".grpo/runs", id)) ?? []);

/** What must be equal however often a run was stopped: all but times, costs and the run's id. */
export const learned = (folder: TrainingFolder) => ({
  library: folder.library(),
  history: folder
    .history()
    .map(({ at: _at, costUsd: _cost, run, ...entry }) => ({ ...entry, entry: run?.entry })),
  looks: folder.looks().map(({ at: _at, run: _run, ...look }) => look),
});

export const repeated = (folder: TrainingFolder): number => {
  const calls = folder.calls().map((call) => JSON.stringify(call));
  return calls.length - new Set(calls).size;
};
