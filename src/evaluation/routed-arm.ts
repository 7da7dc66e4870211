import { detectRoute } from "../library/detection.ts";
import { GrpoError, type LibraryDocument } from "../library/index.ts";
import { COMMON } from "../library/routing.ts";
import { composed } from "../suite/injections.ts";
import { libraryStoreOf } from "../suite/library-store.ts";
import type { Sampling } from "../suite/rollouts.ts";
import { exampleRoute } from "../suite/routed.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import { spokenIn } from "./route-detection.ts";
import { evaluationSampling, injectionOf } from "./sampling.ts";

/** Who says which route an example takes: its user types, or what is said in it. */
export type Router = "user types" | "detection";

/** The libraries of an agent as one arm: each example gets its route's, with the common one below it. */
export interface RoutedArm {
  /** All of them as one document, for what is told of an arm. */
  library: LibraryDocument;
  sampling: Sampling;
}

/** @throws GrpoError ROUTES_MISSING, LIBRARY_EMPTY, and what is wrong with a library */
export async function routedArm(
  suite: Suite,
  router: Router,
  split: string,
  repeats: number,
): Promise<RoutedArm> {
  const { settings, path } = suite;
  const { routes } = settings;
  if (routes === undefined || settings.route !== COMMON) {
    throw new GrpoError({
      code: "ROUTES_MISSING",
      message:
        routes === undefined
          ? "The settings name no routes, so there is nothing to choose between."
          : `The arm serves every route, and --route ${settings.route} asks for one.`,
      place: `${path} metadata.grpo.routes`,
      remedy: "Name them (`routes: [crisis, resistant, verbose]`), and leave --route out.",
    });
  }
  const libraries = await librariesOf(suite, [COMMON, ...routes]);
  const common = libraries.get(COMMON);
  const all = [...libraries.values()].filter(({ experiences }) => experiences.length > 0);
  const [first] = all;
  if (first === undefined || common === undefined) {
    throw new GrpoError({
      code: "LIBRARY_EMPTY",
      message: `No library of ${settings.agent} has experiences, so both arms would be the same.`,
      place: settings.experiences,
      remedy: "Train first: `promptfoo-grpo train`, then `promptfoo-grpo train --route <name>`.",
    });
  }
  const injection = (example: SuiteExample) => {
    const route = routeFor(example, router, routes);
    const own = libraries.get(route);
    return route === COMMON || own === undefined
      ? injectionOf(common)
      : composed(common, injectionOf(own), route);
  };
  const library = {
    ...common,
    experiences: all.flatMap(({ experiences }) => experiences),
    source: all.map(({ source }) => source).join("\n"),
  };
  return { library, sampling: { ...evaluationSampling(common, split, repeats), injection } };
}

function routeFor(example: SuiteExample, router: Router, routes: readonly string[]): string {
  if (router === "user types") return exampleRoute(example, routes);
  return detectRoute(spokenIn(example), { routes: [...routes] }).route;
}

async function librariesOf(
  { settings }: Suite,
  routes: readonly string[],
): Promise<Map<string, LibraryDocument>> {
  const found = new Map<string, LibraryDocument>();
  for (const route of new Set(routes))
    found.set(route, (await libraryStoreOf({ ...settings, route }).load()).document);
  return found;
}
