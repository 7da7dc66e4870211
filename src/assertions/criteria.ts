import { GrpoError } from "../library/error.ts";
import { ADVICE } from "./advice.ts";
import { BOUNDARIES } from "./boundaries.ts";
import { BREVITY } from "./brevity.ts";
import { CRISIS } from "./crisis.ts";
import { type Criterion, USER_TYPES } from "./criterion.ts";
import { EMOTION } from "./emotion.ts";
import { LOOK_ALIKE } from "./look-alike.ts";
import { PREJUDICED } from "./prejudiced.ts";
import { QUESTION } from "./question.ts";
import { RESISTANT } from "./resistant.ts";
import { VERBOSE } from "./verbose.ts";

/** Every built-in criterion, universal ones first; the order of reports. */
export const CRITERIA: readonly Criterion[] = [
  ...EMOTION,
  ...ADVICE,
  ...QUESTION,
  ...BOUNDARIES,
  ...BREVITY,
  ...RESISTANT,
  ...VERBOSE,
  ...CRISIS,
  ...PREJUDICED,
  ...LOOK_ALIKE,
];

const BY_NAME: ReadonlyMap<string, Criterion> = new Map(CRITERIA.map((c) => [c.name, c]));

export function criteriaNames(): string[] {
  return CRITERIA.map((c) => c.name);
}

/** The criterion of that name, or undefined. */
export function findCriterion(name: string): Criterion | undefined {
  return BY_NAME.get(name);
}

/**
 * The criterion of that name.
 * @throws GrpoError CRITERION_UNKNOWN naming the known ones.
 */
export function criterionByName(name: string, place?: string): Criterion {
  const found = BY_NAME.get(name);
  if (found !== undefined) return found;
  throw new GrpoError({
    code: "CRITERION_UNKNOWN",
    message: `There is no criterion "${name}".`,
    ...(place === undefined ? {} : { place }),
    remedy: `Use one of: ${criteriaNames().join(", ")}.`,
  });
}

/** Universal criteria and those of the user types; an unknown user type adds none. */
export function defaultCriteria(userTypes: readonly string[]): Criterion[] {
  return CRITERIA.filter(
    (c) => c.userTypes.length === USER_TYPES.length || c.userTypes.some((type) => userTypes.includes(type)),
  );
}
