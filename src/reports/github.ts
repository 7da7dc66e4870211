import type { EvaluationReport } from "../evaluation/report.ts";
import { brief, change, plural, regressions } from "./evaluation-facts.ts";

/** GitHub shows this many annotations of a kind for a step; further ones it drops without a word. */
const MOST = 10;

/** Workflow commands that show the worst regressions as annotations; when there are more, the last says so. */
export function githubAnnotations(report: EvaluationReport): string[] {
  const worse = regressions(report);
  const shown = worse.slice(0, worse.length > MOST ? MOST - 1 : MOST);
  const left = worse.length - shown.length;
  return [
    ...shown.map((test) => annotation(`worse: ${brief(test.id, 120)}`, change(test))),
    ...(left === 0 ? [] : [annotation("worse", `${plural(left, "more test")} got worse: see the summary`)]),
  ];
}

const annotation = (title: string, text: string): string => `::error title=${property(title)}::${data(text)}`;

/** The escapes of @actions/core: without them a name could start a command of its own. */
const data = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
