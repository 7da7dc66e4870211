import { CRITERIA } from "../assertions/criteria.ts";
import type { Share } from "../datasets/agreement.ts";
import { readConversations } from "../datasets/conversation-file.ts";
import { type LabelReport, reportLabels } from "../datasets/label-report.ts";
import { questionOf, readAllLabels } from "../datasets/labels.ts";
import { safeJson, safeLine } from "../library/index.ts";
import { table } from "../reports/figures.ts";

/** `label agreement`: how far raters agree with each other, and graders with them. */
export async function labelAgreement(
  path: string,
  { labels, json }: { labels: string; json: boolean },
): Promise<string> {
  const questions = new Map(CRITERIA.map((criterion) => [criterion.name, questionOf(criterion)]));
  const report = reportLabels(await readConversations(path), readAllLabels(labels), questions);
  return json ? safeJson(report, 2) : formatReport(report);
}

function formatReport({ criteria, judges, disagreements, leftOut }: LabelReport): string {
  if (criteria.length === 0) return [...leftOutLines(leftOut), "No answer to agree on."].join("\n");
  const rows = criteria.map((one) => [
    safeLine(one.criterion),
    String(one.raters.length),
    String(one.items),
    String(one.doubleLabelled),
    percent(one.raw),
    one.tooFew ? "too few to say" : one.coefficient === null ? "no variation" : coefficient(one.coefficient),
    percent(one.baseRate),
    String(one.notSure),
  ]);
  const head = ["criterion", "raters", "items", "twice", "same", "beyond chance", "bad", "not sure"];
  const judged = judges.map((one) => [
    safeLine(one.criterion),
    safeLine(one.by),
    String(one.n),
    share(one.agreement),
    share(one.sensitivity),
    share(one.specificity),
    one.tooFew ? "too few to say" : "",
  ]);
  return [
    "Between people",
    table(head, rows),
    ...(judged.length === 0
      ? []
      : [
          "\nGraders against people: agreement, share of bad found, share of good passed (95 %)",
          table(["criterion", "by", "items", "same", "bad found", "good passed", ""], judged),
        ]),
    ...(disagreements.length === 0 ? [] : ["\nDisagreements", ...disagreements.map(disagreementLine)]),
    ...leftOutLines(leftOut),
  ].join("\n");
}

function disagreementLine({ item, criterion, answers }: LabelReport["disagreements"][number]): string {
  const said = answers.map(
    ({ rater, answer, reason }) => `${rater} ${answer}${reason === "" ? "" : ` (${reason})`}`,
  );
  return safeLine(`  ${item} ${criterion}: ${said.join(" · ")}`);
}

function leftOutLines({ wording, text, item }: LabelReport["leftOut"]): string[] {
  const line = (count: number, what: string): string[] =>
    count === 0 ? [] : [`left out: ${count} ${count === 1 ? "answer" : "answers"} ${what}`];
  return [
    ...line(wording, "given to an older wording of the criterion"),
    ...line(text, "about turns that have changed since"),
    ...line(item, "about what is not in this log"),
  ];
}

const percent = (value: number | null): string => (value === null ? "-" : `${Math.round(value * 100)} %`);
const coefficient = ({ name, value }: { name: string; value: number }): string =>
  `${name} ${value.toFixed(2)}`;
const share = (one: Share | null): string =>
  one === null
    ? "-"
    : `${Math.round(one.share * one.n)}/${one.n} (${Math.round(one.low * 100)}–${Math.round(one.high * 100)} %)`;
