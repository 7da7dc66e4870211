import type { GradingResult } from "promptfoo";
import { GroundTruthConfigSchema, parseConfig } from "./config.ts";
import { outputText, readContext, situationOf } from "./context.ts";
import { DEFAULT_RULE_SETTINGS } from "./criterion.ts";
import { askJudge } from "./judge.ts";
import { judgeMissing, judgeRefOf, type LoadJudge, loadJudge } from "./judge-loader.ts";
import { comparisonPrompt } from "./judge-prompt.ts";
import type { AssertionFunction } from "./rubric.ts";
import { expectedOf, responsesOf, ruleByTruth } from "./truth.ts";

/** A ground-truth assertion with its own way to load a judge (needed for `comparison` alone). */
export function groundTruthWith(load: LoadJudge): AssertionFunction {
  return async (output, rawContext): Promise<GradingResult> => {
    const context = readContext(rawContext);
    const config = parseConfig(GroundTruthConfigSchema, context.config, "groundTruth");
    const reply = outputText(output);
    if (config.method !== "comparison") {
      return ruleByTruth(config.method, reply, expectedOf(config.expected, context), config.tolerance);
    }
    const ref = judgeRefOf(context, config.judge);
    if (ref === undefined) throw judgeMissing("comparison");
    const prompt = comparisonPrompt(
      responsesOf(context),
      reply,
      situationOf(context, reply, DEFAULT_RULE_SETTINGS),
    );
    const model = await load(ref).catch((error: unknown) => ({ complete: () => Promise.reject(error) }));
    const verdict = await askJudge(model, prompt);
    if (verdict.graded) return { pass: verdict.pass, score: verdict.score, reason: verdict.reason };
    return { pass: false, score: 0, reason: `ungraded: ${verdict.reason}`, metadata: { graderError: true } };
  };
}

/**
 * Compares the reply with a known answer: `type: javascript`, `value: package:promptfoo-grpo:groundTruth`, config
 * {method: exact | numeric | contains | comparison, tolerance, expected}. The answer is `config.expected`, else
 * `vars.answer` or `metadata.answer`. Ungraded (judge failed): `metadata.graderError: true`.
 * @throws GrpoError ANSWER_MISSING, ANSWER_NOT_A_NUMBER, ASSERTION_CONFIG, JUDGE_MISSING
 */
export const groundTruth: AssertionFunction = groundTruthWith(loadJudge);
