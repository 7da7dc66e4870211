import { GrpoError } from "../library/index.ts";
import { COMMON, routeOf } from "../library/routing.ts";
import { libraryStoreOf } from "./library-store.ts";
import type { Suite, SuiteExample } from "./suite.ts";

/** The route whose library serves an example, by its persona's user types. */
export const exampleRoute = ({ userTypes }: SuiteExample, routes: readonly string[]): string =>
  routeOf(userTypes, routes);

/**
 * The suite of one route: its own examples, and the common library below whatever is injected. The suite as it is for
 * `common`, and where the settings name no routes.
 * @throws GrpoError ROUTE_UNKNOWN, ROUTE_WITHOUT_EXAMPLES, and what is wrong with the common library
 */
export async function suiteOfRoute(suite: Suite): Promise<Suite> {
  const { settings, examples, path } = suite;
  const { route, routes } = settings;
  if (routes === undefined || route === COMMON) return suite;
  if (!routes.includes(route)) {
    throw new GrpoError({
      code: "ROUTE_UNKNOWN",
      message: `"${route}" is none of the routes ${routes.join(", ")}.`,
      place: `${path} metadata.grpo.routes`,
      remedy: "Name one of them, or add it; `common` is everyone's.",
    });
  }
  const own = (list: readonly SuiteExample[]): SuiteExample[] =>
    list.filter((one) => exampleRoute(one, routes) === route);
  const others = Object.values(examples)
    .flat()
    .filter((one) => exampleRoute(one, routes) !== route);
  const mine = { train: own(examples.train), validation: own(examples.validation), test: own(examples.test) };
  for (const split of ["train", "validation"] as const) {
    if (examples[split].length === 0 || mine[split].length > 0) continue;
    throw new GrpoError({
      code: "ROUTE_WITHOUT_EXAMPLES",
      message: `No ${split} example is of route "${route}".`,
      place: `${path} metadata.grpo.routes`,
      remedy:
        "An example takes the first route that its metadata.userTypes name; add examples or leave the route out.",
    });
  }
  const common = (await libraryStoreOf({ ...settings, route: COMMON }).load()).document;
  return { ...suite, examples: mine, others, ...(common.experiences.length === 0 ? {} : { common }) };
}
