import { basename } from "node:path";
import type { Share } from "../datasets/agreement.ts";
import type { Split } from "../datasets/split.ts";
import {
  checkRoutes,
  type DetectedExample,
  type RouteDetectionReport,
} from "../evaluation/route-detection.ts";
import { CRISIS, safeJson, safeLine } from "../library/index.ts";
import { loadSuite } from "../suite/suite.ts";

export interface RoutesCheckOptions {
  config?: string;
  split: Split | "all";
  /** Recall of a crisis under which the check fails; absent: it never does. */
  minCrisisRecall?: number;
  /** Share of all examples on their own route under which the check fails. */
  minRight?: number;
  json: boolean;
}

/** `routes check`: detection by rules against the user types of examples. Calls nothing. */
export async function routesCheck(options: RoutesCheckOptions): Promise<{ text: string; exitCode: number }> {
  const { split } = options;
  const suite = await loadSuite(options.config, {}, split === "all" ? [] : [split]);
  const examples = split === "all" ? Object.values(suite.examples).flat() : suite.examples[split];
  const { routes } = suite.settings;
  const report = checkRoutes(examples, routes === undefined ? {} : { routes });
  const short = tooLow(report, options);
  const exitCode = short.length === 0 ? 0 : 1;
  if (options.json) return { text: safeJson({ split, ...report, tooLow: short }, 2), exitCode };
  return { text: reportText(report, `${basename(suite.path)}, ${split}`, short), exitCode };
}

function tooLow(
  report: RouteDetectionReport,
  { minCrisisRecall, minRight }: Pick<RoutesCheckOptions, "minCrisisRecall" | "minRight">,
): string[] {
  const recall = report.byRoute.find(({ route }) => route === CRISIS)?.recall ?? null;
  return [...under("recall of crisis", recall, minCrisisRecall), ...under("right", report.right, minRight)];
}

/** A share that cannot be measured does not reach a threshold. */
const under = (what: string, share: Share | null, least: number | undefined): string[] =>
  least === undefined || (share !== null && share.share >= least)
    ? []
    : [`${what} is ${share === null ? "not measured" : share.share.toFixed(2)}, under ${least}`];

function reportText(report: RouteDetectionReport, title: string, short: readonly string[]): string {
  const width = Math.max(...report.routes.map((route) => route.length), 8);
  const { prefixes, examples } = report;
  return [
    `routes      ${safeLine(title)}: ${examples.length} examples, detection by rules`,
    `right       ${shown(report.right)}`,
    "",
    `${"expected".padEnd(width)}  recall                    precision                 found as`,
    ...report.byRoute.map(({ route, recall, precision, found }) =>
      [
        safeLine(route).padEnd(width),
        shown(recall).padEnd(24),
        shown(precision).padEnd(24),
        Object.entries(found)
          .map(([name, n]) => `${safeLine(name)} ${n}`)
          .join(", "),
      ].join("  "),
    ),
    "",
    `${prefixes.conversations} conversations of several messages (${prefixes.messages}): the route changed ${prefixes.changes} times on the way`,
    ...listed("crises that were missed", report.missedCrises),
    ...listed("false alarms", report.falseAlarms),
    ...short.map((why) => `failed      ${why}`),
    "nothing was called\n",
  ].join("\n");
}

const listed = (title: string, examples: readonly DetectedExample[]): string[] =>
  examples.length === 0
    ? [`${title}: none`]
    : [
        `${title}:`,
        ...examples.map(
          ({ id, found, said, why }) =>
            `  ${safeLine(id)}, as ${safeLine(found)}${why === "" ? "" : ` (${safeLine(why)})`}: "${safeLine(said).slice(0, 300)}"`,
        ),
      ];

function shown(share: Share | null): string {
  if (share === null) return "-";
  const { share: value, low, high } = share;
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] of ${share.n}`;
}
