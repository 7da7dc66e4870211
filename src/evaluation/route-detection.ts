import { readContext, situationOf } from "../assertions/context.ts";
import { DEFAULT_RULE_SETTINGS } from "../assertions/criterion.ts";
import { type Share, wilson } from "../datasets/agreement.ts";
import {
  COMMON,
  CRISIS,
  type DetectOptions,
  detectRoute,
  KNOWN_ROUTES,
  routeOf,
  type SpokenTurn,
} from "../library/index.ts";
import type { SuiteExample } from "../suite/suite.ts";

/** One example: the route that its user types name, and the one that detection found. */
export interface DetectedExample {
  id: string;
  persona: string | null;
  expected: string;
  found: string;
  /** The words that gave the route. */
  why: string;
  /** What the person said last. */
  said: string;
}

/** How well detection finds the routes of examples. Shares with 95 % intervals (Wilson); null where there is nothing to share. */
export interface RouteDetectionReport {
  routes: string[];
  examples: DetectedExample[];
  right: Share | null;
  /** By expected route: how many were found there, and where the others went. */
  byRoute: { route: string; recall: Share | null; precision: Share | null; found: Record<string, number> }[];
  /** Examples of a crisis that were not taken for one. */
  missedCrises: DetectedExample[];
  /** Examples of no crisis that were taken for one. */
  falseAlarms: DetectedExample[];
  /** Beginnings of longer conversations, one for each message of the person: how often the route held from there on. */
  prefixes: { conversations: number; messages: number; changes: number };
}

/** What was said in an example, the message to answer last. */
export function spokenIn({ test }: Pick<SuiteExample, "test">): readonly SpokenTurn[] {
  const { client, turns } = situationOf(readContext({ vars: test.vars }), "", DEFAULT_RULE_SETTINGS);
  return client === "" ? turns : [...turns, { role: "user", content: client }];
}

/** @param classified routes that a model decided, by example id, in place of what the rules alone find */
export function checkRoutes(
  examples: readonly SuiteExample[],
  options: DetectOptions = {},
  classified: ReadonlyMap<string, { route: string; why: string }> = new Map(),
): RouteDetectionReport {
  const routes = [...(options.routes ?? KNOWN_ROUTES)];
  const detected = examples.map((example) => detectedIn(example, routes, options, classified));
  const all = [...routes, COMMON];
  return {
    routes: all,
    examples: detected,
    right: wilson(detected.filter(({ expected, found }) => expected === found).length, detected.length),
    byRoute: all.map((route) => ofRoute(detected, route)),
    missedCrises: detected.filter(({ expected, found }) => expected === CRISIS && found !== CRISIS),
    falseAlarms: detected.filter(({ expected, found }) => expected !== CRISIS && found === CRISIS),
    prefixes: growing(examples, options),
  };
}

function detectedIn(
  example: SuiteExample,
  routes: readonly string[],
  options: DetectOptions,
  classified: ReadonlyMap<string, { route: string; why: string }>,
): DetectedExample {
  const turns = spokenIn(example);
  const { route, why } = classified.get(example.id) ?? detectRoute(turns, options);
  const { id, persona, userTypes } = example;
  return {
    id,
    persona,
    expected: routeOf(userTypes, routes),
    found: route,
    why,
    said: turns.at(-1)?.content ?? "",
  };
}

function ofRoute(detected: readonly DetectedExample[], route: string) {
  const expected = detected.filter((one) => one.expected === route);
  const found = detected.filter((one) => one.found === route);
  const right = expected.filter((one) => one.found === route).length;
  const counts: Record<string, number> = {};
  for (const one of expected) counts[one.found] = (counts[one.found] ?? 0) + 1;
  return {
    route,
    recall: wilson(right, expected.length),
    precision: wilson(right, found.length),
    found: counts,
  };
}

function growing(
  examples: readonly SuiteExample[],
  options: DetectOptions,
): RouteDetectionReport["prefixes"] {
  const longer = examples
    .map(spokenIn)
    .filter((turns) => turns.filter(({ role }) => role === "user").length > 1);
  const routes = longer.map((turns) =>
    turns.flatMap(({ role }, index) =>
      role === "user" ? [detectRoute(turns.slice(0, index + 1), options).route] : [],
    ),
  );
  return {
    conversations: longer.length,
    messages: routes.flat().length,
    changes: routes.reduce(
      (sum, path) => sum + path.filter((route, index) => index > 0 && route !== path[index - 1]).length,
      0,
    ),
  };
}
