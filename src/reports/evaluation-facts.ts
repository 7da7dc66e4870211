import type {
  EvaluationReport,
  Exploratory,
  ReportArm,
  RowProblem,
  TestOutcome,
} from "../evaluation/report.ts";
import { safeLine } from "../library/index.ts";
import { dollars, perCall, signed, tokens } from "./figures.ts";

/** The same words in the terminal, Markdown, HTML and JUnit. Names in them are as given: each view escapes. */

type Cell = TestOutcome["arms"][number];

/** `PROVEN`, `WORSE` or `NOT PROVEN`. */
export const verdictWord = ({ verdict }: EvaluationReport): string => verdict.toUpperCase();

/** The tests that got worse, the worst first. */
export const regressions = ({ tests }: EvaluationReport): TestOutcome[] =>
  tests.filter((one) => one.change === "worse");

/** `3/5`: repeats that pass of those graded; rows that are not graded are said apart, never as 0. */
export function passed({ passes, graded, planned }: Cell): string {
  return graded < planned ? `${passes}/${graded} (${planned - graded} not graded)` : `${passes}/${graded}`;
}

/** `5/5 -> 3/5`. */
export const change = ({ arms: [before, after] }: TestOutcome): string =>
  `${passed(before)} -> ${passed(after)}`;

/** What was compared: `40 tests x 5 repeats, test split, seed 1`. */
export function setLine({ comparison, repeats, split, seed }: EvaluationReport): string {
  const clusters = comparison.units === comparison.n ? "" : ` in ${comparison.units} clusters`;
  const which = split === "all" ? "all splits" : `${split} split`;
  return `${plural(comparison.n, "test")}${clusters} x ${plural(repeats, "repeat")}, ${which}, seed ${seed}`;
}

/** With --no-worse: whether the margin holds. */
export function noWorseLine({ noWorse }: EvaluationReport): string | undefined {
  if (noWorse === null) return undefined;
  const loss = `a loss of more than ${noWorse.margin.toFixed(2)}`;
  return noWorse.holds ? `no worse: ${loss} is ruled out` : `no worse is not shown: ${loss} is not ruled out`;
}

/** What this set can show and what would settle an open verdict; empty when there is nothing to say. */
export function powerLine({ power, comparison }: EvaluationReport): string {
  const { smallest, testsNeeded, repeatsNeeded } = power;
  const shows = smallest === null ? [] : [`this set shows ${signed(smallest)} or more in 4 of 5 tries`];
  const needed = [
    ...(testsNeeded === null ? [] : [plural(testsNeeded, "test")]),
    ...(repeatsNeeded === null ? [] : [plural(repeatsNeeded, "repeat")]),
  ];
  const settles = needed.length === 0 ? [] : [`${needed.join(" or ")} would show ${signed(comparison.mean)}`];
  return [...shows, ...settles].join("; ");
}

/** How often the sealed test was looked at with this agent and route, this look included. */
export function looksLine({ looks }: EvaluationReport): string | undefined {
  if (looks === null) return undefined;
  if (looks === 0) return "this is the first look at the sealed test";
  return `this is look ${looks + 1} at the sealed test; each further look makes a chance result likelier`;
}

export type Standing = "got worse" | "not learned" | "not always met" | "met";

/** How a criterion stands in the second arm; one that is half met is met, unless it must pass. */
export function standing({ means }: Exploratory, must: boolean): Standing {
  if (means[1] < means[0] - 1e-9) return "got worse";
  if (means[1] < 0.5) return "not learned";
  return must && means[1] < 1 - 1e-9 ? "not always met" : "met";
}

/** `not learned: crisis-line, met in 0 of 6 (must pass)`, for the reader who would not infer it from a table. */
export function standingLine(row: Exploratory, must: boolean): string {
  const kind = standing(row, must);
  const [before, after] = row.means;
  const figures = kind === "got worse" ? `${before.toFixed(2)} -> ${after.toFixed(2)}` : met(row);
  return `${kind}: ${row.name}, ${figures}${must ? " (must pass)" : ""}`;
}

/** In tests where the mean is a whole number of them; repeats can make it a rate. */
function met({ means, comparison: { n } }: Exploratory): string {
  const tests = means[1] * n;
  const rounded = Math.round(tests);
  if (Math.abs(tests - rounded) < 1e-6) return `met in ${rounded} of ${n}`;
  return `met at a rate of ${means[1].toFixed(2)} over ${plural(n, "test")}`;
}

/** Rows without a reward by kind, in the order of the schema; kinds without rows are left out. */
export function problemKinds({
  problems,
}: EvaluationReport): [kind: RowProblem["kind"], rows: RowProblem[]][] {
  const kinds: RowProblem["kind"][] = ["ungraded", "errored", "missing", "out-of-range", "duplicate"];
  return kinds.flatMap((kind) => {
    const rows = problems.filter((one) => one.kind === kind);
    return rows.length === 0 ? [] : [[kind, rows] as [RowProblem["kind"], RowProblem[]]];
  });
}

/** `200 planned, 198 graded, 2 missing`. */
export function rowsLine({ rows }: ReportArm): string {
  const others = (["ungraded", "errored", "missing", "out-of-range", "duplicate"] as const).filter(
    (kind) => rows[kind] > 0,
  );
  return [
    `${rows.planned} planned`,
    `${rows.graded} graded`,
    ...others.map((kind) => `${rows[kind]} ${kind}`),
  ].join(", ");
}

/** `120 calls, 34k tokens in, 5600 out, $0.42`. */
export function costLine({ usage }: ReportArm): string {
  return `${plural(usage.calls, "call")}, ${tokens(usage)}, ${dollars(usage.costUsd, usage.unpriced)}`;
}

/** `library v7 0123456789ab (19 experiences, 441 words, 612 tokens a call)`, or that there is none. */
export function libraryLine({ library }: ReportArm): string {
  if (library === null) return "no library";
  const { version, hash, experiences, words, perCall: added } = library;
  const name = `library v${version} ${hash.slice(0, 12)}`;
  const facts = [
    ...(experiences === null ? [] : [plural(experiences, "experience")]),
    ...(words === null ? [] : [plural(words, "word")]),
    ...(added === null ? [] : [perCall(added)]),
  ];
  return facts.length === 0 ? name : `${name} (${facts.join(", ")})`;
}

/** `0.58`, or a dash when nothing is graded. */
export const share = (value: number | null): string => (value === null ? "-" : value.toFixed(2));

/** `1 test`, `2 tests`. */
export const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** The text, or its beginning and how much is left out, `hidden` characters included. */
export function cut(text: string, characters: number, hidden = 0): string {
  if (text.length <= characters && hidden === 0) return text;
  const start = whole(text.slice(0, characters));
  return `${start}… (${text.length - start.length + hidden} more characters)`;
}

/** The beginning of a text of others, of any length, made safe to show: a reply can have megabytes. */
export function brief(text: string, characters: number, safe: (text: string) => string = safeLine): string {
  const near = whole(text.slice(0, 2 * characters));
  return cut(safe(near), characters, text.length - near.length);
}

/** Without the half of a surrogate pair that a cut may leave at the end. */
const whole = (text: string): string => text.replace(/[\ud800-\udbff]$/, "");
