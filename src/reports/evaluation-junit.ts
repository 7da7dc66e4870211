import type { EvaluationReport, RowProblem, TestOutcome } from "../evaluation/report.ts";
import { safeText } from "../library/index.ts";
import { change, cut, noWorseLine, plural, setLine, verdictWord } from "./evaluation-facts.ts";
import { interval, signed } from "./figures.ts";

const REPLY_CHARACTERS = 4000;
const REASON_CHARACTERS = 500;

/**
 * JUnit XML: the verdict is the first test case, a failure unless the exit code is 0. A test that got worse is
 * a failure, a test with rows that have no reward an error.
 */
export function evaluationJunit(report: EvaluationReport): string {
  const byTest = Map.groupBy(report.problems, (one) => one.test);
  const known = new Set(report.tests.map((one) => one.id));
  const strangers = [...byTest].filter(([id]) => !known.has(id));
  const bodies = [
    verdictCase(report),
    ...report.tests.map((test) => testCase(test, byTest.get(test.id) ?? [], report)),
    ...strangers.map(([id, problems]) => element("testcase", named(id, report), errorOf(problems))),
  ];
  const holding = (tag: string): string =>
    String(bodies.filter((body) => body.includes(`\n<${tag} `)).length);
  const counts = {
    tests: String(bodies.length),
    failures: holding("failure"),
    errors: holding("error"),
    time: (report.elapsedMs / 1000).toFixed(3),
  };
  const suite = {
    name: `promptfoo-grpo ${report.kind}`,
    ...counts,
    skipped: "0",
    timestamp: report.at.replace(/(?:\.\d+)?Z$/, ""),
  };
  const inside = `${properties(report)}${bodies.join("\n")}\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("testsuites", { name: "promptfoo-grpo", ...counts }, `\n${element("testsuite", suite, `\n${inside}`)}\n`)}\n`;
}

type Attributes = Record<string, string>;

const named = (id: string, { kind }: EvaluationReport, persona = ""): Attributes => ({
  name: id,
  classname: `promptfoo-grpo.${kind}${persona === "" ? "" : `.${persona}`}`,
});

function verdictCase(report: EvaluationReport): string {
  const lines = [report.sentence, ...report.because, noWorseLine(report) ?? ""].filter((one) => one !== "");
  const message = `${verdictWord(report)}: ${report.sentence}`;
  const failure = report.exitCode === 0 ? "" : problem("failure", message, report.verdict, lines.join("\n"));
  return element("testcase", named("verdict", report), failure);
}

function testCase(test: TestOutcome, problems: readonly RowProblem[], report: EvaluationReport): string {
  const attributes = named(test.id, report, test.persona);
  if (test.change !== "worse") return element("testcase", attributes, errorOf(problems, test));
  const message = `${change(test)}  ${signed(test.difference ?? 0)}`;
  const text = [
    ...test.arms.map((cell, index) => {
      const reply = cell.reply === null ? "(no reply)" : cut(cell.reply, REPLY_CHARACTERS);
      return `${report.arms[index]?.label ?? ""}: ${reply}`;
    }),
    ...test.arms[1].reasons.map((one) => cut(one, REASON_CHARACTERS)),
    ...problems.map(problemLine),
  ].join("\n");
  return element("testcase", attributes, problem("failure", message, "worse", text));
}

/** A test that no arm pair could judge is an error even when no row says why. */
function errorOf(problems: readonly RowProblem[], test?: TestOutcome): string {
  const kinds = [...new Set(problems.map((one) => one.kind))].join(", ");
  if (problems.length > 0) {
    const message = `${plural(problems.length, "row")} without a reward: ${kinds}`;
    return problem("error", message, kinds, problems.map(problemLine).join("\n"));
  }
  return test?.change === "ungraded" ? problem("error", "not graded in both arms", "ungraded", "") : "";
}

const problemLine = ({ arm, repeat, kind, reason }: RowProblem): string =>
  `${arm}, repeat ${repeat + 1}: ${kind}: ${cut(reason, REASON_CHARACTERS)}`;

function properties(report: EvaluationReport): string {
  const values: Attributes = {
    verdict: report.verdict,
    exitCode: String(report.exitCode),
    difference: interval(report.comparison),
    set: setLine(report),
    before: report.arms[0].label,
    after: report.arms[1].label,
  };
  const lines = Object.entries(values).map(([name, value]) => element("property", { name, value }, ""));
  return `${element("properties", {}, `\n${lines.join("\n")}\n`)}\n`;
}

const problem = (tag: "failure" | "error", message: string, type: string, text: string): string =>
  `\n${element(tag, { message, type }, xml(text))}\n`;

function element(tag: string, attributes: Attributes, inside: string): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${xml(value).replaceAll("\n", "&#10;")}"`,
  );
  const start = `<${tag}${written.join("")}`;
  return inside === "" ? `${start}/>` : `${start}>${inside}</${tag}>`;
}

/** Controls and noncharacters become visible (`\x1b`), as XML 1.0 has no way to write them. */
function xml(text: string): string {
  return safeText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
