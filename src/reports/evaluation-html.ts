import { createHash } from "node:crypto";
import type { EvaluationReport, Exploratory, ReportArm } from "../evaluation/report.ts";
import {
  change,
  costLine,
  cut,
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
import { PAGE_SCRIPT } from "./evaluation-page-script.ts";
import { PAGE_STYLE } from "./evaluation-page-style.ts";
import { quote, replyHtml, testsSection } from "./evaluation-page-tests.ts";
import { duration, interval, signed } from "./figures.ts";
import { html, htmlRow, htmlTable, td } from "./html.ts";
import { intervalChart, intervalMark, reach } from "./interval-chart.ts";

const QUOTED = 50;
const OPEN = 3;
const MOST_ROWS = 200;

/**
 * An evaluation as one HTML file that needs nothing else: no network, and no JavaScript for the verdict, the
 * figures and the regressions. Its policy lets only its own script and style run, by their hashes.
 */
export function evaluationHtml(report: EvaluationReport): string {
  const title = `${verdictWord(report)}: ${interval(report.comparison)}`;
  const policy = `default-src 'none'; script-src ${source(PAGE_SCRIPT)}; style-src ${source(PAGE_STYLE)}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${html(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>${verdictSection(report)}</header>
<main>
${[
  figuresSection(report),
  mustSection(report.must),
  regressionSection(report),
  exploratorySection("persona", report.personas),
  exploratorySection("criterion", report.criteria),
  testsSection(report),
  problemsSection(report),
  armsSection(report),
]
  .filter((one) => one !== "")
  .join("\n")}
</main>
<footer><p>${html(report.config ?? "From finished results files")}, <time datetime="${report.at}">${report.at}</time>, ${duration(report.elapsedMs)}</p></footer>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

const source = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const list = (items: readonly string[]): string =>
  items.length === 0 ? "" : `<ul>${items.map((one) => `<li>${html(one)}</li>`).join("")}</ul>`;

const and = (left: number, noun: string): string =>
  left > 0 ? `<p>and ${plural(left, `more ${noun}`)}, in report.json</p>` : "";

function verdictSection(report: EvaluationReport): string {
  const lines = [noWorseLine(report), ...report.because, powerLine(report), looksLine(report)];
  const said = lines.filter((one) => one !== undefined).filter((one) => one !== "");
  return `<div class="verdict ${report.verdict.replace(" ", "-")}"><h1>${verdictWord(report)}</h1>
<p>${html(report.sentence)}</p></div>
${list(said)}`;
}

function figuresSection(report: EvaluationReport): string {
  const { arms, comparison } = report;
  const { better, worse, same } = comparison;
  const facts: [string, string][] = [
    ...arms.map((arm): [string, string] => [`mean reward, ${cut(arm.label, 60)}`, share(arm.mean)]),
    ["tests better", String(better)],
    ["tests worse", String(worse)],
    ["tests same", String(same)],
  ];
  const cells = facts.map(([term, value]) => `<div><dt>${html(term)}</dt><dd>${html(value)}</dd></div>`);
  const p = `one-sided p: better ${comparison.pBetter.toFixed(4)}, worse ${comparison.pWorse.toFixed(4)}`;
  return `<dl class="facts">${cells.join("")}</dl>
<h2>Difference: ${html(interval(comparison))}</h2>
${intervalChart(comparison)}
<p class="soft">${html(setLine(report))}; ${p}</p>`;
}

function mustSection(must: readonly Exploratory[]): string {
  if (must.length === 0) return "";
  const items = must.map(
    (row) =>
      `<li class="${standing(row, true) === "met" ? "better" : "worse"}">${html(standingLine(row, true))}</li>`,
  );
  return `<h2>Must-pass criteria</h2>
<p class="soft">Never part of the headline, never traded for others.</p>
<ul>${items.join("")}</ul>`;
}

function regressionSection(report: EvaluationReport): string {
  const worse = regressions(report);
  if (worse.length === 0) return "<h2>Worse</h2><p>No test got worse.</p>";
  const items = worse.slice(0, QUOTED).map((test, index) => {
    const replies = test.arms.map((cell, arm) =>
      replyHtml(report.arms[arm]?.label ?? "", [
        cell.reply === null ? "(no reply)" : quote(cell.reply),
        ...cell.reasons.map(quote),
      ]),
    );
    return `<details${index < OPEN ? " open" : ""}><summary><h3>${html(test.id)}</h3> <span class="worse">${change(test)} (${signed(test.difference ?? 0)})</span>, ${html(test.persona)}</summary>${replies.join("")}</details>`;
  });
  return `<section class="regressions"><h2>Worse: ${plural(worse.length, "test")}, worst first</h2>
${items.join("\n")}
${and(worse.length - items.length, "test")}</section>`;
}

function exploratorySection(noun: string, rows: readonly Exploratory[]): string {
  if (rows.length === 0) return "";
  const span = reach(rows.map((one) => one.comparison));
  const lines = rows
    .slice(0, MOST_ROWS)
    .map((row) =>
      htmlRow(html(row.name), [
        td(String(row.comparison.n)),
        td(row.means[0].toFixed(2)),
        td(row.means[1].toFixed(2)),
        td(html(interval(row.comparison))),
        td(intervalMark(row.comparison, span)),
        td(row.holm.toFixed(4)),
      ]),
    );
  return `<h2>By ${noun}</h2>
<p class="soft">Exploratory: p is corrected for ${plural(rows.length, "row")} (Holm). The bars span ${signed(-span)} to ${signed(span)}; the broken line is no change.</p>
${htmlTable({ caption: `Mean reward by ${noun}`, head: [noun, "n", "before", "after", "difference", "interval", "p"], rows: lines })}
${and(rows.length - lines.length, "row")}`;
}

function problemsSection(report: EvaluationReport): string {
  const kinds = problemKinds(report);
  if (kinds.length === 0) return "";
  const totals = kinds.map(([kind, rows]) => `${rows.length} ${kind}`).join(", ");
  const rows = kinds
    .flatMap(([, problems]) => problems)
    .slice(0, MOST_ROWS)
    .map(({ test, arm, repeat, kind, reason }) =>
      htmlRow(html(test), [
        td(html(arm), "text"),
        td(String(repeat + 1)),
        td(kind),
        td(html(quote(reason)), "said"),
      ]),
    );
  return `<h2>Rows without a reward</h2>
<p>${totals}. They are never counted as 0.</p>
${htmlTable({ caption: "Rows without a reward", head: ["test", "arm", "repeat", "kind", "reason"], rows })}
${and(report.problems.length - rows.length, "row")}`;
}

function armsSection({ arms }: EvaluationReport): string {
  const lines: [string, (arm: ReportArm) => string][] = [
    ["agent", (arm) => arm.agent],
    ["prompt", (arm) => arm.prompt],
    ["library", libraryLine],
    ["mean reward", (arm) => share(arm.mean)],
    ["tests with a passing repeat", (arm) => share(arm.passAtK)],
    ["repeats that pass", (arm) => share(arm.meanAtK)],
    ["tests whose every repeat passes", (arm) => share(arm.passHatK)],
    ["rows", rowsLine],
    ["cost", costLine],
  ];
  const rows = lines.map(([name, of]) =>
    htmlRow(
      name,
      arms.map((arm) => td(html(of(arm)), "text")),
    ),
  );
  const head = ["figure", ...arms.map(({ label }) => cut(label, 60))];
  return `<h2>Arms</h2>\n${htmlTable({ caption: "The two arms, and what they cost", head, rows })}`;
}
