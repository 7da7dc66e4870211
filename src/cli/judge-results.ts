import { type ArmFacts, type Cluster, evaluationReport } from "../evaluation/evaluation.ts";
import { libraryCost } from "../evaluation/library-cost.ts";
import type { Compared } from "../evaluation/results-differences.ts";
import { type ResultsFile, readResults } from "../evaluation/results-file.ts";
import { type PairedResults, pairResults } from "../evaluation/results-pairs.ts";
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
    arms: [factsOf(paired, "baseline"), factsOf(paired, "enhanced")],
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

/** A results file holds no library's text, but the tokens of its calls. */
function factsOf({ arms, pairs, differences }: PairedResults, side: "baseline" | "enhanced"): ArmFacts {
  const [one, two] = arms;
  const [{ library, ...arm }, other] = side === "baseline" ? [one, two] : [two, one];
  if (library === null) return { ...arm, library };
  const same = differences.every(({ what }) => what !== "models" && what !== "prompts");
  const perCall = libraryCost({ library: null, pairs, side, measurable: same && other.library === null });
  return { ...arm, library: { ...library, experiences: null, words: null, perCall } };
}

function notesOf(files: readonly ResultsFile[], { differences, notes }: PairedResults): string[] {
  if (files.length === 1) return notes;
  return [...notes, ...differences.map(({ what, detail }) => `accepted difference in ${what}: ${detail}`)];
}
