import type { EvaluationReport, Exploratory, TestOutcome } from "../evaluation/report.ts";
import { safeLine } from "../library/index.ts";
import {
  brief,
  change,
  costLine,
  libraryLine,
  looksLine,
  noWorseLine,
  plural,
  powerLine,
  problemKinds,
  regressions,
  rowsLine,
  setLine,
  share,
  standing,
  standingLine,
  verdictWord,
} from "./evaluation-facts.ts";
import { duration, interval, signed, table } from "./figures.ts";

const MOST_REGRESSIONS = 20;
const MOST_ROWS = 40;
const NAMED_PROBLEMS = 5;
const QUOTED = 3;
const REPLY_CHARACTERS = 1000;
const NAME_CHARACTERS = 60;

/** An evaluation for a terminal or a CI log: the verdict first, no escape bytes, no carriage returns. */
export function evaluationText(report: EvaluationReport): string {
  const sections = [
    verdictSection(report),
    mustSection(report.must),
    exploratorySection("BY CRITERION", "criterion", report.criteria),
    exploratorySection("BY PERSONA", "persona", report.personas),
    regressionSection(report),
    repliesSection(report),
    problemsSection(report),
    spentSection(report),
  ];
  return `${sections.filter((one) => one !== "").join("\n\n")}\n`;
}

const line = (text: string): string => `  ${text}`;
const name = (text: string): string => brief(text, NAME_CHARACTERS);

function verdictSection(report: EvaluationReport): string {
  const { comparison, arms } = report;
  const { better, worse, same } = comparison;
  const [before, after] = arms;
  const p = `one-sided p: better ${comparison.pBetter.toFixed(4)}, worse ${comparison.pWorse.toFixed(4)}`;
  const must = report.must.length > 0 ? "; must-pass criteria not counted" : "";
  const further = [
    noWorseLine(report),
    ...report.because.map(safeLine),
    powerLine(report),
    looksLine(report),
  ].filter((one) => one !== undefined && one !== "");
  return [
    `${verdictWord(report)}  ${safeLine(report.sentence)}`,
    line(
      `${name(before.label)} ${share(before.mean)} -> ${name(after.label)} ${share(after.mean)}   ${interval(comparison)}`,
    ),
    line(`better ${better}, worse ${worse}, same ${same}; ${p}${must}`),
    line(setLine(report)),
    ...further.map((one) => line(`${one}`)),
  ].join("\n");
}

function mustSection(must: readonly Exploratory[]): string {
  if (must.length === 0) return "";
  return [
    "MUST-PASS CRITERIA (never part of the headline)",
    ...must.map((row) => line(safeLine(standingLine(row, true)))),
  ].join("\n");
}

function exploratorySection(heading: string, noun: string, rows: readonly Exploratory[]): string {
  if (rows.length === 0) return "";
  const shown = rows.slice(0, MOST_ROWS);
  const cells = shown.map((row) => [
    name(row.name),
    String(row.comparison.n),
    row.means[0].toFixed(2),
    row.means[1].toFixed(2),
    row.holm.toFixed(4),
    interval(row.comparison),
  ]);
  const failing = noun === "criterion" ? shown.filter((row) => standing(row, false) !== "met") : [];
  return [
    `${heading} (exploratory; p corrected for ${plural(rows.length, "row")}, Holm)`,
    table([noun, "n", "before", "after", "p", "difference"], cells),
    ...more(rows.length - shown.length),
    ...failing.map((row) => line(safeLine(standingLine(row, false)))),
  ].join("\n");
}

function regressionSection(report: EvaluationReport): string {
  const worse = regressions(report);
  if (worse.length === 0) return "WORSE\n  no test got worse";
  const rows = worse
    .slice(0, MOST_REGRESSIONS)
    .map((test) => [name(test.id), change(test), signed(test.difference ?? 0)]);
  const [, ...lines] = table(["", "", ""], rows).split("\n");
  return [
    `WORSE (${plural(worse.length, "test")}, worst first)`,
    ...lines,
    ...more(worse.length - rows.length),
  ].join("\n");
}

const more = (left: number): string[] => (left > 0 ? [line(`and ${left} more`)] : []);

/** Real replies beside the score: a small model satisfies a word list and may still say the wrong thing. */
function repliesSection(report: EvaluationReport): string {
  const worst = regressions(report).slice(0, QUOTED);
  if (worst.length === 0) return "";
  return ["REPLIES OF THE WORST", ...worst.flatMap((test) => quoted(test, report))].join("\n");
}

function quoted(test: TestOutcome, { arms }: EvaluationReport): string[] {
  return [
    line(`${name(test.id)}  ${signed(test.difference ?? 0)}`),
    ...test.arms.flatMap((cell, index) => [
      `    ${name(arms[index]?.label ?? "")}: ${cell.reply === null ? "(no reply)" : brief(cell.reply, REPLY_CHARACTERS)}`,
      ...(index === 1 ? cell.reasons.map((one) => `      ${brief(one, REPLY_CHARACTERS)}`) : []),
    ]),
  ];
}

function problemsSection(report: EvaluationReport): string {
  const kinds = problemKinds(report);
  if (kinds.length === 0) return "";
  return [
    "ROWS WITHOUT A REWARD (never counted as 0)",
    ...kinds.flatMap(([kind, rows]) => [
      line(`${kind}: ${rows.length}`),
      ...rows
        .slice(0, NAMED_PROBLEMS)
        .map((row) =>
          line(`  ${name(row.test)} repeat ${row.repeat + 1}, ${name(row.arm)}: ${brief(row.reason, 200)}`),
        ),
      ...more(rows.length - NAMED_PROBLEMS).map((one) => line(one)),
    ]),
  ].join("\n");
}

function spentSection({ arms, elapsedMs }: EvaluationReport): string {
  return [
    `SPENT  ${duration(elapsedMs)}`,
    ...arms.map((arm) =>
      line(
        `${name(arm.label)}: ${name(arm.agent)}, ${safeLine(libraryLine(arm))}; rows ${rowsLine(arm)}; ${costLine(arm)}`,
      ),
    ),
  ].join("\n");
}
