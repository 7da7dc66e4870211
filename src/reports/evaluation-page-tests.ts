import type { EvaluationReport, TestOutcome } from "../evaluation/report.ts";
import { safeText } from "../library/index.ts";
import { brief, passed } from "./evaluation-facts.ts";
import { signed } from "./figures.ts";
import { html, htmlRow, htmlTable, jsonIsland, td } from "./html.ts";

/** Rows in the page itself, for a reader without JavaScript; the rest is in the JSON. */
const FIRST_ROWS = 200;
const REPLY_CHARACTERS = 1500;
/** Replies kept in the page, in characters: beyond it a row says where its replies are. */
const REPLIES_ROOM = 3_000_000;

type Said = [reply: string, ...reasons: string[]][] | string | null;

/** Every test: the first rows as HTML, all of them as JSON for filter, sort and paging. */
export function testsSection(report: EvaluationReport): string {
  const said = sayings(report);
  const rows = report.tests
    .slice(0, FIRST_ROWS)
    .map((test, index) => testRow(test, report, said[index] ?? null));
  const left = report.tests.length - rows.length;
  const first =
    left > 0
      ? `The first ${rows.length} of ${report.tests.length} tests, worst change first; the others need JavaScript, or report.json.`
      : "All tests, worst change first.";
  return `<h2>Tests</h2>
<p id="tests-first">${first}</p>
<div class="controls" hidden><label>Filter by test, persona or user type <input type="search" id="tests-search" autocomplete="off" spellcheck="false"></label><label><input type="checkbox" id="tests-differing"> only differences</label></div>
<p class="controls" id="tests-status" role="status" hidden></p>
${htmlTable({ caption: "Tests: repeats that pass, before and after", head: ["test", "persona", "before", "after", "difference", "change", "what was said"], rows, id: "tests" })}
<div class="controls" id="tests-pages" hidden><button type="button" id="tests-previous">Previous 200</button><button type="button" id="tests-next">Next 200</button></div>
${jsonIsland("tests-data", { arms: report.arms.map(({ label }) => safeText(label)), tests: report.tests.map((test, index) => compact(test, said[index] ?? null)) })}`;
}

/** What the page's script reads, in the order of its constants. */
const compact = (test: TestOutcome, said: Said): unknown[] => {
  const [before, after] = test.arms;
  return [
    safeText(test.id),
    safeText(test.persona),
    safeText(test.userTypes.join(" ")),
    passed(before),
    before.mean,
    passed(after),
    after.mean,
    test.difference,
    test.change,
    said,
  ];
};

/** Replies of the tests that differ, in the report's order, until the room is used up. */
function sayings({ tests }: EvaluationReport): Said[] {
  let used = 0;
  return tests.map((test) => {
    if (test.change === "same" || test.arms.every((cell) => cell.reply === null)) return null;
    if (used > REPLIES_ROOM) return "in report.json";
    const said = test.arms.map((cell): [string, ...string[]] => [
      cell.reply === null ? "(no reply)" : quote(cell.reply),
      ...cell.reasons.map(quote),
    ]);
    used += said.flat().reduce((sum, one) => sum + one.length, 0);
    return said;
  });
}

/** Part of a reply, with nothing hidden in it. */
export const quote = (text: string): string => brief(text, REPLY_CHARACTERS, safeText);

function testRow(test: TestOutcome, { arms }: EvaluationReport, said: Said): string {
  const [before, after] = test.arms;
  return htmlRow(html(test.id), [
    td(html(test.persona), "text"),
    td(passed(before)),
    td(passed(after)),
    td(test.difference === null ? "-" : signed(test.difference)),
    td(`<span class="${test.change}">${test.change}</span>`),
    td(saidHtml(said, arms), "said"),
  ]);
}

function saidHtml(said: Said, arms: EvaluationReport["arms"]): string {
  if (said === null || typeof said === "string") return said ?? "";
  return `<details><summary>replies</summary>${said.map((one, index) => replyHtml(arms[index]?.label ?? "", one)).join("")}</details>`;
}

/** One arm's reply and why it lost reward. */
export function replyHtml(label: string, [reply, ...reasons]: readonly [string, ...string[]]): string {
  const list = reasons.map((one) => `<li>${html(one)}</li>`).join("");
  return `<p>${html(label)}:</p><blockquote>${html(reply)}</blockquote>${list === "" ? "" : `<ul>${list}</ul>`}`;
}
