import type { PromptfooTest } from "./test-schema.ts";

/**
 * promptfoo makes a test of every combination of string-array variables. The loop needs them apart beforehand: answers
 * to different questions must never be compared as one group. Arrays of anything else stay, as they do in promptfoo.
 */
export function expandVars(test: PromptfooTest): PromptfooTest[] {
  const vars = test.vars ?? {};
  const options = test.options ?? {};
  const disabled = "disableVarExpansion" in options && options.disableVarExpansion === true;
  const lists = Object.entries(vars).filter(
    ([, value]) => Array.isArray(value) && typeof value[0] === "string",
  );
  if (disabled || lists.length === 0) return [test];
  let variants: Record<string, unknown>[] = [vars];
  for (const [name, values] of lists) {
    if (!Array.isArray(values)) continue;
    variants = variants.flatMap((variant) => values.map((value: unknown) => ({ ...variant, [name]: value })));
  }
  return variants.map((variant) => ({ ...test, vars: variant }));
}
