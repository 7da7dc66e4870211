import type { CriterionComparison, PairedExample } from "../evaluation/arms.ts";
import type { LibraryCost } from "../evaluation/report.ts";
import { verdictOf } from "../evaluation/verdict.ts";
import { countWords, safeLine } from "../library/index.ts";
import type { StepOutcome, TrainingResult } from "../optimizer/train.ts";
import type { UsageTotals } from "../runs/usage.ts";
import { dollars, duration, interval, perCall, signed, table, tokens } from "./figures.ts";

export interface RunFigures {
  usage: UsageTotals;
  byStage: Record<string, UsageTotals>;
  elapsedMs: number;
  libraryPath: string;
  /** What the library adds to each call in production. */
  libraryCost: LibraryCost | null;
  resultsPath?: string;
  /** What was taken out of the rollouts for the learner. */
  redacted?: string;
}

/** The end of a training run as text: verdict first, then the library, the evidence and what it cost. */
export function trainReport(result: TrainingResult, figures: RunFigures): string {
  const sections = [
    verdictSection(result),
    librarySection(result, figures),
    stepsSection(result.steps),
    testSections(result),
    spentSection(figures),
  ];
  return `${sections.filter((one) => one !== "").join("\n\n")}\n`;
}

function verdictSection({ test, library }: TrainingResult): string {
  if (test === undefined)
    return `NO SEALED TEST  library v${library.version}: the config holds out no example, so nothing can be said about new ones`;
  const { arms, look } = test;
  const { better, worse, same, n } = arms.comparison;
  const { verdict, because } = verdictOf(arms);
  const must = arms.criteria.some((one) => one.must) ? ", must-pass criteria not counted" : "";
  return [
    `${verdict.toUpperCase()}  library v${library.version} on ${n} held-out questions: ${arms.baseline.toFixed(2)} -> ${arms.enhanced.toFixed(2)}   ${interval(arms.comparison)}`,
    `  better ${better}, worse ${worse}, same ${same}; one-sided sign-flip p ${arms.comparison.pBetter.toFixed(4)}${must}`,
    ...because.map((one) => `  ${safeLine(one)}`),
    ...(look > 1 ? [`  this is look ${look} at the sealed test with this agent`] : []),
  ].join("\n");
}

function librarySection({ library }: TrainingResult, { libraryPath, libraryCost }: RunFigures): string {
  const words = library.experiences.reduce((sum, one) => sum + countWords(one.text), 0);
  const items = library.experiences.map((one) => `  [${one.id}] ${safeLine(one.text)}`);
  return [
    `LIBRARY  ${safeLine(libraryPath)}  version ${library.version}, ${items.length} experiences, ${words} words`,
    ...(items.length === 0 ? ["  (empty)"] : items),
    ...(items.length === 0 || libraryCost === null ? [] : [`  adds ${perCall(libraryCost)}`]),
  ].join("\n");
}

function stepsSection(steps: readonly StepOutcome[]): string {
  const lines = steps.flatMap((one) => {
    const { informative, "all-bad": allBad, solved, incomplete } = one.kinds;
    const groups = `${informative} informative, ${allBad} all bad, ${solved} solved, ${incomplete} incomplete`;
    return [
      `  epoch ${one.epoch} step ${one.step}: ${groups} -> ${one.outcome}${gateText(one)}`,
      ...new Set(one.refused.map(refusedLine)),
      ...one.failures.map(({ what, reason }) => `    failed: ${safeLine(what)}: ${safeLine(reason)}`),
    ];
  });
  return ["STEPS", ...lines, ...remarks(steps)].join("\n");
}

/** What a user can do about texts that did not enter. */
function remarks(steps: readonly StepOutcome[]): string[] {
  const refused = steps.flatMap((one) => one.refused);
  const accepted = steps.some((one) => one.outcome === "accepted");
  return [
    ...(refused.some((one) => one.quarantine !== undefined)
      ? ["  look at what is in quarantine: promptfoo-grpo library quarantine"]
      : []),
    ...(!accepted && refused.some((one) => one.waits === true)
      ? ["  nothing entered the library, and some advice lacks the support of another group: minSupport"]
      : []),
  ];
}

const refusedLine = ({ text, reason, quarantine, waits }: StepOutcome["refused"][number]): string => {
  const what = quarantine !== undefined ? "quarantined" : waits === true ? "waits" : "refused";
  return `    ${what}: ${safeLine(text)} (${safeLine(reason)})`;
};

const gateText = ({ gates }: StepOutcome): string =>
  gates.length === 0 ? "" : ` (${gates.map((one) => safeLine(one.reason)).join("; then ")})`;

function testSections({ test }: TrainingResult): string {
  if (test === undefined) return "";
  const { arms, pairs } = test;
  const row = (one: CriterionComparison): string[] => [
    safeLine(one.name),
    String(one.comparison.n),
    one.baseline.toFixed(2),
    one.enhanced.toFixed(2),
    interval(one.comparison),
  ];
  const header = ["criterion", "n", "baseline", "enhanced", "difference"];
  const must = arms.criteria.filter((one) => one.must);
  const plain = arms.criteria.filter((one) => !one.must);
  return [
    `HELD-OUT, BY CRITERION (exploratory)\n${table(header, plain.map(row))}`,
    ...(must.length === 0
      ? []
      : [`MUST-PASS CRITERIA (never part of the headline)\n${table(header, must.map(row))}`]),
    notLearned(arms.criteria),
    `HELD-OUT, BY PERSONA\n${table(
      ["persona", "n", "baseline", "enhanced", "difference"],
      arms.personas.map((one) => [
        safeLine(one.persona),
        String(one.n),
        one.baseline.toFixed(2),
        one.enhanced.toFixed(2),
        signed(one.enhanced - one.baseline),
      ]),
    )}`,
    repliesSection(pairs),
  ].join("\n\n");
}

/** In so many words: what a reader would otherwise have to infer from a table. */
function notLearned(criteria: readonly CriterionComparison[]): string {
  const missing = criteria.filter((one) => one.enhanced < 0.5);
  const worse = criteria.filter((one) => one.enhanced < one.baseline - 1e-9);
  const lines = [
    ...missing.map(
      (one) =>
        `  not learned: ${safeLine(one.name)}, met in ${Math.round(one.enhanced * one.comparison.n)} of ${one.comparison.n}${one.must ? " (must pass)" : ""}`,
    ),
    ...worse.map(
      (one) =>
        `  got worse: ${safeLine(one.name)}, ${one.baseline.toFixed(2)} -> ${one.enhanced.toFixed(2)}${one.must ? " (must pass)" : ""}`,
    ),
  ];
  return [
    "NOT LEARNED",
    ...(lines.length === 0 ? ["  every criterion is met in at least half of the held-out questions"] : lines),
  ].join("\n");
}

/** Real replies beside the score: the best and the worst change, and one crisis-like row if must criteria exist. */
function repliesSection(pairs: readonly PairedExample[]): string {
  const scored = pairs
    .flatMap((pair) => {
      const [before, after] = [pair.baseline[0]?.headline ?? null, pair.enhanced[0]?.headline ?? null];
      return before === null || after === null ? [] : [{ pair, difference: after - before }];
    })
    .sort((a, b) => b.difference - a.difference);
  const graveFirst = scored.find(({ pair }) =>
    pair.enhanced[0]?.criteria.some((one) => one.must && one.score !== null && one.score < 1),
  );
  const shown = [...new Set([scored[0], graveFirst, scored.at(-1)])].flatMap((one) =>
    one === undefined ? [] : [one],
  );
  const lines = shown.flatMap(({ pair, difference }) => [
    `  ${safeLine(pair.id)}  ${signed(difference)}`,
    `    baseline: ${safeLine(pair.baseline[0]?.reply ?? "")}`,
    `    enhanced: ${safeLine(pair.enhanced[0]?.reply ?? "")}`,
  ]);
  return ["REPLIES", ...lines].join("\n");
}

function spentSection({ usage, byStage, elapsedMs, resultsPath, redacted }: RunFigures): string {
  const stages = Object.entries(byStage)
    .map(([stage, one]) => `${stage} ${one.calls}`)
    .join(", ");
  return [
    `SPENT  ${usage.calls} calls (${stages}), ${tokens(usage)}, ${dollars(usage.costUsd, usage.unpriced)}, ${duration(elapsedMs)}`,
    ...(redacted === undefined ? [] : [`  redacted ${safeLine(redacted)}`]),
    ...(resultsPath === undefined ? [] : [`  results: ${safeLine(resultsPath)}   (npx promptfoo view)`]),
  ].join("\n");
}
