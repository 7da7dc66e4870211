import type { Groups, OutcomeArm, OutcomeCriterion, OutcomesReport } from "../evaluation/outcomes-report.ts";
import { safeLine } from "../library/index.ts";
import { brief, plural } from "./evaluation-facts.ts";
import { interval, signed, table } from "./figures.ts";
import { cell, code, head, prose, row } from "./markdown.ts";

const NAME_CHARACTERS = 60;
const WHAT = {
  score: "the score that the log has",
  rules: "the share of the rubric's rules that are met",
  labels: "the share of people's answers that are good",
} as const;

/** Logged outcomes of two versions, for a terminal or a CI log. */
export function outcomesText(report: OutcomesReport): string {
  const { groups, arms, must, criteria, worst } = report;
  const [before, after] = arms;
  const line = (text: string): string => `  ${safeLine(text)}`;
  const sections = [
    [
      `${report.verdict.toUpperCase()}  ${safeLine(report.sentence)}`,
      line(`${before.label} ${share(before)} -> ${after.label} ${share(after)}   ${intervalOf(groups)}`),
      line(
        `one-sided p: better ${groups.pBetter.toFixed(4)}, worse ${groups.pWorse.toFixed(4)}; outcome: ${WHAT[report.outcome]}`,
      ),
      ...lines(report).map(line),
    ].join("\n"),
    criteriaTable("MUST-PASS CRITERIA (never part of the headline)", must),
    criteriaTable(
      `BY CRITERION (exploratory; p corrected for ${plural(criteria.length, "row")}, Holm)`,
      criteria,
    ),
    worst.length === 0
      ? ""
      : [
          `LOWEST OUTCOMES UNDER ${safeLine(after.label)}`,
          ...worst.map((one) =>
            line(`${one.conversation}  ${one.outcome.toFixed(2)}  ${one.missed.join(", ")}`),
          ),
        ].join("\n"),
  ];
  return `${sections.filter((one) => one !== "").join("\n\n")}\n`;
}

/** The same as Markdown, for a pull request. */
export function outcomesMarkdown(report: OutcomesReport): string {
  const { groups, arms, must, criteria, worst } = report;
  const sections = [
    `## ${report.verdict.toUpperCase()}: ${intervalOf(groups)}`,
    prose(report.sentence),
    lines(report)
      .map((one) => `- ${prose(one)}`)
      .join("\n"),
    [
      head(["arm", "conversations", "outcome"], ["conversations", "outcome"]),
      ...arms.map((arm) => row([cell(arm.label), String(arm.conversations), share(arm)])),
    ].join("\n"),
    criteriaMarkdown("Must-pass criteria", must),
    criteriaMarkdown("By criterion (exploratory)", criteria),
    worst.length === 0
      ? ""
      : `### Lowest outcomes\n\n${worst
          .map(
            (one) => `- ${code(one.conversation)} ${one.outcome.toFixed(2)} ${prose(one.missed.join(", "))}`,
          )
          .join("\n")}`,
  ];
  return `${sections.filter((one) => one !== "").join("\n\n")}\n`;
}

const share = ({ mean }: OutcomeArm): string => (mean === null ? "(no outcome)" : mean.toFixed(2));

function intervalOf({ n, mean, low, high }: Groups): string {
  if (low === null || high === null) return `${signed(mean)} (too few conversations for an interval)`;
  return interval({ n: n[0] + n[1], mean, low, high });
}

/** What was compared, and what stands in the way. */
function lines({ arms, leftOut, because, noWorse }: OutcomesReport): string[] {
  const { noLibrary, otherLibrary, otherVersion } = leftOut;
  const others = [
    ...(noLibrary === 0 ? [] : [`${noLibrary} without a logged library`]),
    ...(otherLibrary === 0 ? [] : [`${otherLibrary} of another library`]),
    ...(otherVersion === 0 ? [] : [`${otherVersion} of another version`]),
  ];
  const loss = noWorse === null ? "" : `a loss of more than ${noWorse.margin.toFixed(2)}`;
  return [
    ...arms.map(servedLine),
    ...(others.length === 0 ? [] : [`left out: ${others.join(", ")}`]),
    ...(noWorse === null
      ? []
      : [
          noWorse.holds
            ? `no worse: ${loss} is ruled out`
            : `no worse is not shown: ${loss} is not ruled out`,
        ]),
    ...because,
  ];
}

function servedLine({ label, conversations, graded, first, last }: OutcomeArm): string {
  const when = first === null || last === null ? "" : `, from ${first} to ${last}`;
  const ungraded = graded === conversations ? "" : `, ${conversations - graded} without an outcome`;
  return `${label}: ${plural(conversations, "conversation")}${ungraded}${when}`;
}

function criteriaTable(heading: string, criteria: readonly OutcomeCriterion[]): string {
  if (criteria.length === 0) return "";
  const rows = criteria.map(({ name, means, groups, holm }) => [
    brief(name, NAME_CHARACTERS),
    `${groups.n[0]}/${groups.n[1]}`,
    means[0].toFixed(2),
    means[1].toFixed(2),
    holm.toFixed(4),
    intervalOf(groups),
  ]);
  return [heading, table(["criterion", "n", "before", "after", "p", "difference"], rows)].join("\n");
}

function criteriaMarkdown(heading: string, criteria: readonly OutcomeCriterion[]): string {
  if (criteria.length === 0) return "";
  const rows = criteria.map(({ name, means, groups }) =>
    row([cell(name), means[0].toFixed(2), means[1].toFixed(2), intervalOf(groups)]),
  );
  const columns = head(["criterion", "before", "after", "difference"], ["before", "after"]);
  return [`### ${heading}\n`, columns, ...rows].join("\n");
}
