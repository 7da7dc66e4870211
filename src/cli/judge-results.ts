import { type Cluster, evaluationReport } from "../evaluation/evaluation.ts";
import type { Compared } from "../evaluation/results-differences.ts";
import { type ResultsFile, readResults } from "../evaluation/results-file.ts";
import { type PairedResults, pairResults, type ResultsArm } from "../evaluation/results-pairs.ts";
import type { EvaluatedSplit } from "./evaluate.ts";
import { presentReport } from "./present-report.ts";

export interface JudgeOptions {
  results: readonly string[];
  /** Labels of the two columns. */
  arms?: [string, string];
  split?: EvaluatedSplit;
  allow?: readonly Compared[];
  cluster?: Cluster;
  margin?: number;
  seed?: number;
  json?: boolean;
  output?: string;
}

/** `gate --results`: finished promptfoo results are judged; no model is called. @returns the exit code */
export async function judgeResults(options: JudgeOptions): Promise<number> {
  const started = Date.now();
  const files: ResultsFile[] = [];
  // One after another: each may be hundreds of megabytes.
  for (const path of options.results) files.push(await readResults(path));
  const { arms, split, allow, cluster, margin, seed = 1 } = options;
  const paired = pairResults(files, {
    ...(arms === undefined ? {} : { arms }),
    ...(split === undefined ? {} : { split }),
    ...(allow === undefined ? {} : { allow }),
  });
  const report = evaluationReport({
    kind: "gate",
    config: null,
    split: paired.split,
    repeats: paired.repeats,
    seed,
    pairs: paired.pairs,
    arms: [factsOf(paired.arms[0]), factsOf(paired.arms[1])],
    problems: paired.problems,
    unfinished: paired.unfinished,
    notes: notesOf(files, paired),
    cluster,
    margin,
    looks: null,
    elapsedMs: Date.now() - started,
  });
  await presentReport(report, options);
  return report.exitCode;
}

const factsOf = ({ library, ...arm }: ResultsArm) => ({
  ...arm,
  library: library === null ? null : { ...library, experiences: null, words: null },
});

function notesOf(files: readonly ResultsFile[], { differences, notes }: PairedResults): string[] {
  if (files.length === 1) return notes;
  return [...notes, ...differences.map(({ what, detail }) => `accepted difference in ${what}: ${detail}`)];
}
