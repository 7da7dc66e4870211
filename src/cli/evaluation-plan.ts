import {
  PLANNING_COMPONENTS,
  repeatsNeeded,
  smallestShown,
  testsNeeded,
  type VarianceComponents,
} from "../evaluation/power.ts";
import { MIN_TESTS } from "../evaluation/sign-flip.ts";
import { safeLine } from "../library/index.ts";
import { rolloutTokens, timesTokens } from "../optimizer/plan.ts";
import { modelFacts } from "../providers/model-facts.ts";
import { table } from "../reports/figures.ts";
import { PriceBook } from "../runs/prices.ts";
import { nameOf } from "../suite/models.ts";
import type { Suite } from "../suite/suite.ts";
import { plannedDollars } from "./planned-dollars.ts";

/** A gain that users of an evaluation mostly want to see; the plan says what it takes. */
const WANTED = 0.08;

/** What an evaluation of this size would cost and could show, before anything is called. */
export function evaluationPlan(
  suite: Suite,
  tests: number,
  repeats: number,
  measured?: VarianceComponents,
): string {
  const calls = tests * repeats * 2;
  const { prices, maxCostUsd } = suite.settings;
  const tokens = timesTokens(calls, rolloutTokens(suite));
  const planned = [{ model: modelFacts(suite.agent), calls, tokens }];
  return [
    `config      ${safeLine(suite.path)}`,
    `agent       ${safeLine(nameOf(suite.agent))}`,
    `tests       ${tests} x ${repeats} repeats x 2 arms`,
    `calls       ${calls} of the agent, graders not counted`,
    `dollars     ${plannedDollars(planned, new PriceBook({ prices }), maxCostUsd)}`,
    powerPlan(tests, repeats, measured),
    "",
  ].join("\n");
}

/** The smallest difference that can be shown, as designed and with other numbers of repeats. */
export function powerPlan(tests: number, repeats: number, measured?: VarianceComponents): string {
  const components = measured ?? PLANNING_COMPONENTS;
  const source =
    measured === undefined ? "noise assumed, at its worst for pass or fail" : "noise as measured";
  if (tests < MIN_TESTS)
    return `shows       nothing: ${tests} tests are fewer than ${MIN_TESTS}, so a verdict is never "proven"`;
  const step = measured === undefined ? 1 : 0;
  const rows = [...new Set([1, 3, 5, 10, repeats])]
    .sort((a, b) => a - b)
    .map((count) => [String(count), shown(smallestShown({ ...components, tests, repeats: count, step }))]);
  const more = testsNeeded(WANTED, { ...components, repeats, step });
  const again = repeatsNeeded(WANTED, { ...components, tests, step });
  const needed = [
    ...(more === null ? [] : [`${more} tests x ${repeats}`]),
    ...(again === null ? [] : [`${tests} tests x ${again}`]),
  ];
  return [
    `shows       smallest true difference that ${tests} tests show in 4 of 5 such evaluations (${source})`,
    table(["repeats", "difference"], rows),
    `            +${WANTED} takes ${needed.length === 0 ? "more than 10,000 tests or repeats" : needed.join(" or ")}`,
  ].join("\n");
}

const shown = (difference: number | null): string =>
  difference === null ? "none" : `+${difference.toFixed(2)}`;
