import type { Experience } from "./experience.ts";
import { estimatedPromptTokens } from "./render.ts";
import { COMMON } from "./routing.ts";

/** How many tokens of experiences a prompt gets at most, unless told otherwise: about two full libraries. */
export const MAX_INJECTED_TOKENS = 2_000;

/** One experience and the route of the library that it stands in. */
export interface RoutedExperience extends Experience {
  route: string;
}

/** What is injected, in order, and what did not fit. */
export interface Budgeted {
  kept: RoutedExperience[];
  /** Left out, in the order in which they went. */
  left: RoutedExperience[];
  /** Of what is kept, estimated. */
  tokens: number;
}

/**
 * The experiences that fit: of the common library the last one goes first, and only when none of it is left the
 * route's own do, also from the end. What a library begins with is what it needs most.
 */
export function withinBudget(
  common: readonly Experience[],
  own: readonly Experience[],
  route: string,
  maxTokens = MAX_INJECTED_TOKENS,
): Budgeted {
  const kept: RoutedExperience[] = [
    ...common.map((one) => ({ ...one, route: COMMON })),
    ...own.map((one) => ({ ...one, route })),
  ];
  const left: RoutedExperience[] = [];
  let tokens = estimatedPromptTokens({ experiences: kept });
  while (tokens > maxTokens) {
    const shared = kept.findLastIndex((one) => one.route === COMMON);
    left.push(...kept.splice(shared < 0 ? kept.length - 1 : shared, 1));
    tokens = estimatedPromptTokens({ experiences: kept });
  }
  return { kept, left, tokens };
}
