import type { EvaluationReport, Exploratory, RowProblem, TestOutcome } from "../evaluation/report.ts";
import {
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
  standingLine,
  verdictWord,
} from "./evaluation-facts.ts";
import { duration, interval, signed } from "./figures.ts";
import { cell, code, fitted, head, prose, row } from "./markdown.ts";

/** The first line of the summary: a bot finds its own comment by it and edits that one. */
export const GATE_MARKER = "<!-- promptfoo-grpo:gate -->";

/** Characters a section may take; together they stay below the 60,000 of the whole. */
const ROOM = { because: 5_000, must: 5_000, rows: 8_000, worse: 14_000, changes: 6_000, problems: 5_000 };
const RATES = ["mean reward", "some repeat passes", "a repeat passes", "every repeat passes"];
const REPLY_CHARACTERS = 600;

/** An evaluation as GitHub Markdown, at most 60,000 characters: the step summary or a comment's body. */
export function evaluationMarkdown(report: EvaluationReport): string {
  const sections = [
    GATE_MARKER,
    `## ${verdictWord(report)}: ${interval(report.comparison)}`,
    prose(report.sentence),
    becauseSection(report),
    mustSection(report.must),
    armsSection(report),
    exploratorySection("persona", report.personas),
    exploratorySection("criterion", report.criteria),
    regressionSection(report),
    changesSection(report),
    problemsSection(report),
    spentSection(report),
  ];
  return `${sections.filter((one) => one !== "").join("\n\n")}\n`;
}

const leftOut =
  (noun: string) =>
  (count: number): string =>
    `\nand ${plural(count, `more ${noun}`)}, in report.json`;

const details = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;

function becauseSection(report: EvaluationReport): string {
  const lines = [noWorseLine(report), ...report.because, powerLine(report), looksLine(report)]
    .filter((one) => one !== undefined)
    .filter((one) => one !== "");
  return fitted(lines, (one) => `- ${prose(one)}`, ROOM.because, leftOut("reason"));
}

function mustSection(must: readonly Exploratory[]): string {
  if (must.length === 0) return "";
  const write = (one: Exploratory): string => `- ${prose(standingLine(one, true))}`;
  return `**Must-pass criteria** (never part of the headline)\n\n${fitted(must, write, ROOM.must, leftOut("line"))}`;
}

function armsSection(report: EvaluationReport): string {
  const { arms, comparison } = report;
  const { better, worse, same } = comparison;
  return [
    head(["arm", ...RATES], RATES),
    ...arms.map((arm) =>
      row([
        cell(arm.label, 80),
        share(arm.mean),
        share(arm.passAtK),
        share(arm.meanAtK),
        share(arm.passHatK),
      ]),
    ),
    "",
    `Better on ${better}, worse on ${worse}, same on ${same} of ${setLine(report)}.`,
  ].join("\n");
}

function exploratorySection(noun: string, rows: readonly Exploratory[]): string {
  if (rows.length === 0) return "";
  const write = (one: Exploratory): string =>
    row([
      cell(one.name, 80),
      String(one.comparison.n),
      one.means[0].toFixed(2),
      one.means[1].toFixed(2),
      interval(one.comparison),
      one.holm.toFixed(4),
    ]);
  return [
    `**By ${noun}** (exploratory; p corrected for ${plural(rows.length, "row")}, Holm)`,
    "",
    head([noun, "n", "before", "after", "difference", "p"], ["n", "before", "after", "p"]),
    fitted(rows, write, ROOM.rows, leftOut("row")),
  ].join("\n");
}

function regressionSection(report: EvaluationReport): string {
  const worse = regressions(report);
  if (worse.length === 0) return "**Worse:** no test got worse.";
  const write = (test: TestOutcome): string => regression(test, report);
  return `**Worse: ${plural(worse.length, "test")}**, worst first\n\n${fitted(worse, write, ROOM.worse, leftOut("test"))}`;
}

function regression(test: TestOutcome, { arms }: EvaluationReport): string {
  const [before, after] = test.arms.map((cell, index) => {
    const reply = cell.reply === null ? "(no reply)" : code(cell.reply, REPLY_CHARACTERS);
    return `  - ${code(arms[index]?.label ?? "", 80)}: ${reply}`;
  });
  return [
    `- ${code(test.id)} ${change(test)} (${signed(test.difference ?? 0)})`,
    before,
    after,
    ...test.arms[1].reasons.slice(0, 4).map((one) => `    - ${code(one, 200)}`),
  ].join("\n");
}

function changesSection(report: EvaluationReport): string {
  const changed = report.tests.filter((one) => one.change !== "same");
  if (changed.length === 0) return "";
  const write = (test: TestOutcome): string =>
    row([
      cell(test.id),
      cell(test.persona, 60),
      change(test),
      test.difference === null ? "-" : signed(test.difference),
      test.change,
    ]);
  const titles = head(["test", "persona", "passes", "difference", "change"], ["passes", "difference"]);
  return details(
    `Every test that differs: ${changed.length}`,
    `${titles}\n${fitted(changed, write, ROOM.changes, leftOut("test"))}`,
  );
}

function problemsSection(report: EvaluationReport): string {
  const kinds = problemKinds(report);
  if (kinds.length === 0) return "";
  const totals = kinds.map(([kind, rows]) => `${rows.length} ${kind}`).join(", ");
  const rows = kinds.flatMap(([, problems]) => problems);
  const write = ({ arm, test, repeat, kind, reason }: RowProblem): string =>
    `- ${kind}: ${code(test)} repeat ${repeat + 1}, ${code(arm, 80)}: ${code(reason, 200)}`;
  return details(
    `Rows without a reward, never counted as 0: ${totals}`,
    fitted(rows, write, ROOM.problems, leftOut("row")),
  );
}

function spentSection({ arms, elapsedMs, at, config }: EvaluationReport): string {
  const items = arms.map(
    (arm) =>
      `- ${code(arm.label, 80)}: ${code(arm.agent, 120)}, prompt ${code(arm.prompt, 120)}, ${prose(libraryLine(arm))}; rows ${rowsLine(arm)}; ${costLine(arm)}`,
  );
  const source = config === null ? "finished results files" : code(config);
  return details(`Cost and time: ${duration(elapsedMs)}`, [...items, `- ${source}, ${at}`].join("\n"));
}
