import { GrpoError } from "../library/error.ts";
import { type CriterionSpec, type Method, type RubricConfig, TRUTH_METHODS } from "./config.ts";
import type { AssertionContext } from "./context.ts";
import { criteriaNames, criterionByName, defaultCriteria, findCriterion } from "./criteria.ts";
import type { Criterion } from "./criterion.ts";

/** One criterion as this assertion grades it. */
export interface Graded {
  criterion: Criterion;
  method: Method;
  weight: number;
  must: boolean;
  spec: CriterionSpec;
}

/**
 * Which criteria: `config.criteria`, else the true ones of the test's `success_criteria`, else the universal ones
 * and those of its `userTypes`.
 * @throws GrpoError CRITERION_UNKNOWN, CRITERION_TWICE, CRITERIA_NONE
 */
export function gradedCriteria(config: RubricConfig, context: AssertionContext): Graded[] {
  const specs = (config.criteria ?? criteriaOfTest(context)).map((one) =>
    typeof one === "string" ? { name: one } : one,
  );
  const place = config.criteria === undefined ? "metadata.success_criteria" : "config.criteria";
  if (specs.length === 0) {
    throw new GrpoError({
      code: "CRITERIA_NONE",
      message: "The test's success_criteria are all false: there is nothing to grade.",
      place,
      remedy: "Set at least one criterion to true, or remove success_criteria to use the defaults.",
    });
  }
  checkWeights(config, specs);
  const seen = new Set<string>();
  return specs.map((spec) => {
    if (seen.has(spec.name)) throw twice(spec.name, place);
    seen.add(spec.name);
    return gradedOf(spec, config, place);
  });
}

function criteriaOfTest(context: AssertionContext): string[] {
  const { success_criteria: given, userTypes } = context.test.metadata;
  if (typeof given === "object" && given !== null && !Array.isArray(given)) {
    return Object.entries(given).flatMap(([name, applies]) => (applies === true ? [name] : []));
  }
  const types = Array.isArray(userTypes) ? userTypes.filter((t) => typeof t === "string") : [];
  return defaultCriteria(types).map((c) => c.name);
}

function gradedOf(spec: CriterionSpec, config: RubricConfig, place: string): Graded {
  const criterion = findCriterion(spec.name) ?? ownCriterion(spec, place);
  const method = spec.method ?? (criterion.rule === undefined ? "judge" : "rule");
  if ((method === "rule" || method === "both") && criterion.rule === undefined) {
    throw new GrpoError({
      code: "CRITERION_NO_RULE",
      message: `The criterion "${spec.name}" is your own and has no rule.`,
      place,
      remedy: "Score it with method judge, exact, numeric, contains or comparison.",
    });
  }
  return {
    criterion: {
      ...criterion,
      ...(spec.describe === undefined ? {} : { describe: spec.describe }),
      ...(spec.rubric === undefined ? {} : { rubric: spec.rubric }),
    },
    method,
    weight: spec.weight ?? (Object.hasOwn(config.weights, spec.name) ? config.weights[spec.name] : 1) ?? 1,
    must: spec.must ?? criterion.must,
    spec,
  };
}

/** A criterion of the user's own: described for the judge, or compared with a known answer. */
function ownCriterion(spec: CriterionSpec, place: string): Criterion {
  const byTruth = TRUTH_METHODS.some((method) => method === spec.method);
  if (spec.describe === undefined && !byTruth) return criterionByName(spec.name, place);
  return {
    name: spec.name,
    describe: spec.describe ?? "Gives the known answer.",
    must: false,
    userTypes: [],
  };
}

/** A weight that no criterion reads is a misspelt name, unless the criterion simply does not apply to this test. */
function checkWeights(config: RubricConfig, specs: readonly CriterionSpec[]): void {
  for (const name of Object.keys(config.weights)) {
    if (!specs.some((spec) => spec.name === name)) criterionByName(name, "config.weights");
  }
}

function twice(name: string, place: string): GrpoError {
  return new GrpoError({
    code: "CRITERION_TWICE",
    message: `The criterion "${name}" is listed twice.`,
    place,
    remedy: `List each criterion once; known are ${criteriaNames().join(", ")}.`,
  });
}
