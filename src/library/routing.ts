import { requireName } from "./experience.ts";

/** The route of everyone who has none of their own; its experiences are part of every other route. */
export const COMMON = "common";
/** Wins over every other route, whatever the order. */
export const CRISIS = "crisis";

/** Routes that the rules of detection know, in order of priority. */
export const KNOWN_ROUTES = [CRISIS, "prejudiced", "resistant", "verbose"] as const;

/**
 * Route names by priority: as given, a crisis first, `common` left out since it is what remains.
 * @throws GrpoError LIBRARY_NAME_INVALID
 */
export function inPriority(routes: readonly string[]): string[] {
  const own = [...new Set(routes)].filter((route) => requireName("route", route) !== COMMON);
  return own.includes(CRISIS) ? [CRISIS, ...own.filter((route) => route !== CRISIS)] : own;
}

/** The route that somebody of these user types takes: the first that is one of them, else `common`. */
export function routeOf(userTypes: readonly string[], routes: readonly string[]): string {
  return inPriority(routes).find((route) => userTypes.includes(route)) ?? COMMON;
}
