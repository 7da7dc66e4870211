import { basename } from "node:path";
import type { Share } from "../datasets/agreement.ts";
import type { Split } from "../datasets/split.ts";
import {
  checkRoutes,
  type DetectedExample,
  type RouteDetectionReport,
  spokenIn,
} from "../evaluation/route-detection.ts";
import { CRISIS, detectRoute, KNOWN_ROUTES, safeJson, safeLine } from "../library/index.ts";
import { modelFacts } from "../providers/model-facts.ts";
import { cancelledBy, paidCall } from "../providers/paid-call.ts";
import { classifiedRoute } from "../providers/route-classifier.ts";
import { callContext } from "../suite/ask.ts";
import { loadModel } from "../suite/models.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { loadSuite, type Suite, type SuiteExample } from "../suite/suite.ts";
import { inSession } from "./session.ts";

export interface RoutesCheckOptions {
  config?: string;
  split: Split | "all";
  /** Recall of a crisis under which the check fails; absent: it never does. */
  minCrisisRecall?: number;
  /** Share of all examples on their own route under which the check fails. */
  minRight?: number;
  json: boolean;
  /** Decides what the rules leave open: a promptfoo provider id. */
  classifier?: string;
  dryRun?: boolean;
  display?: string;
  flags?: Partial<SettingsInput>;
}

/** `routes check`: detection against the user types of examples. Calls nothing unless a classifier is named. */
export async function routesCheck(options: RoutesCheckOptions): Promise<{ text: string; exitCode: number }> {
  const { split } = options;
  const flags = { ...options.flags };
  const suite = await loadSuite(options.config, flags, split === "all" ? [] : [split]);
  const examples = split === "all" ? Object.values(suite.examples).flat() : suite.examples[split];
  const routes = suite.settings.routes ?? KNOWN_ROUTES;
  if (options.dryRun) return { text: planText(examples, routes, options.classifier), exitCode: 0 };
  const classified =
    options.classifier === undefined ? new Map() : await classify(suite, examples, routes, options);
  const report = checkRoutes(examples, { routes: [...routes] }, classified);
  const short = tooLow(report, options);
  const exitCode = short.length === 0 ? 0 : 1;
  if (options.json) return { text: safeJson({ split, ...report, tooLow: short }, 2), exitCode };
  const by = options.classifier === undefined ? "rules" : `rules, then ${options.classifier}`;
  return { text: reportText(report, `${basename(suite.path)}, ${split}`, short, by), exitCode };
}

function planText(examples: readonly SuiteExample[], routes: readonly string[], classifier?: string): string {
  const open = examples.filter(
    (one) => detectRoute(spokenIn(one), { routes: [...routes] }).route !== CRISIS,
  ).length;
  const calls = classifier === undefined ? 0 : open;
  return `examples    ${examples.length}\ncalls       ${calls}${classifier === undefined ? "" : ` of ${safeLine(classifier)}`}\nnothing was called\n`;
}

/** What rules and classifier make of each example; every call is counted, paced and under the caps. */
function classify(
  suite: Suite,
  examples: readonly SuiteExample[],
  routes: readonly string[],
  { classifier = "", display }: RoutesCheckOptions,
): Promise<Map<string, { route: string; why: string }>> {
  return inSession(suite, display, async ({ runtime, closeDisplay }) => {
    const model = await loadModel(classifier, suite.config, "--classifier");
    const facts = modelFacts(model);
    runtime.prices.requireKnown(facts);
    const config = { temperature: 0, max_tokens: 8 };
    const ask = (prompt: string) =>
      paidCall(runtime, facts, { stage: "judge", model: model.id(), call: config, prompt }, (signal) =>
        model.callApi(prompt, callContext(prompt, config), cancelledBy(signal, undefined)),
      );
    runtime.emit({ type: "phase-planned", phase: "evaluation", total: examples.length });
    const found = await Promise.all(
      examples.map(async (one) => {
        const route = await classifiedRoute(spokenIn(one), routes, ask);
        runtime.emit({ type: "phase-progress", phase: "evaluation", done: 1, ungraded: 0 });
        return [one.id, route] as const;
      }),
    );
    runtime.throwIfStopped();
    closeDisplay();
    return new Map(found);
  });
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

function reportText(
  report: RouteDetectionReport,
  title: string,
  short: readonly string[],
  by: string,
): string {
  const width = Math.max(...report.routes.map((route) => route.length), 8);
  const { prefixes, examples } = report;
  return [
    `routes      ${safeLine(title)}: ${examples.length} examples, detection by ${safeLine(by)}`,
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
    ...(by === "rules" ? ["nothing was called\n"] : [""]),
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
