import { hashText, type LibraryDocument, renderExperiences } from "../library/index.ts";
import { withinBudget } from "../library/token-budget.ts";
import type { Injection } from "../providers/experience-agent.ts";
import type { Suite, SuiteExample } from "./suite.ts";

/** What is injected into the rollouts of an example: the same, or one for each repeat. Undefined is the baseline. */
export type SettledInjection = Injection | undefined | readonly Injection[];

/** The same, or what an example's route has. */
export type Injected = SettledInjection | ((example: SuiteExample) => Injection | undefined);

/** The same for one example, with the common library below a route's own where the suite is a route's. */
export function injectedFor(suite: Suite, example: SuiteExample, injected: Injected): SettledInjection {
  const chosen = typeof injected === "function" ? injected(example) : injected;
  return onCommon(suite, chosen);
}

/** @returns what it is given where the suite has no common library */
export function onCommon(
  { common, settings: { route } }: Suite,
  injected: SettledInjection,
): SettledInjection {
  if (common === undefined) return injected;
  const both = (own: Injection | undefined): Injection => composed(common, own, route);
  return isList(injected) ? injected.map(both) : both(injected);
}

/** The common experiences, then the route's own, in one block. */
export function composed(common: LibraryDocument, own: Injection | undefined, route: string): Injection {
  const { kept } = withinBudget(common.experiences, own?.experiences ?? [], route);
  const { version, hash } = own ?? { version: 0, hash: hashText(common.source) };
  return { block: renderExperiences({ experiences: kept }), experiences: kept, version, hash };
}

const isList = (injected: SettledInjection): injected is readonly Injection[] => Array.isArray(injected);
