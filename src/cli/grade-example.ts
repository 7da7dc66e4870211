import { findCriterion } from "../assertions/criteria.ts";
import { DEFAULT_RULE_SETTINGS } from "../assertions/criterion.ts";
import type { CriterionVerdict } from "../datasets/check.ts";
import type { Example } from "../datasets/schema.ts";

/** A reply scored by the rules of the example's own true criteria; null where a criterion has no rule. */
export function gradeExample(example: Example, reply: string): CriterionVerdict[] {
  const situation = {
    client: example.query,
    turns: example.turns,
    truncated: false,
    settings: DEFAULT_RULE_SETTINGS,
  };
  const wanted = Object.entries(example.success_criteria).filter(([, scored]) => scored);
  return wanted.map(([criterion]) => {
    const ruling = findCriterion(criterion)?.rule?.(reply, situation);
    return { criterion, pass: ruling?.pass ?? null, reason: ruling?.reason ?? "it has no rule" };
  });
}
