import type { GradingResult } from "promptfoo";
import { parseConfig, type RubricConfig, RubricConfigSchema } from "./config.ts";
import { type AssertionContext, outputText, readContext, situationOf } from "./context.ts";
import type { Ruling, Situation } from "./criterion.ts";
import { askJudge, type JudgeModel, type Verdict } from "./judge.ts";
import { judgeMissing, judgeRefOf, type LoadJudge, loadJudge } from "./judge-loader.ts";
import { comparisonPrompt, criterionPrompt } from "./judge-prompt.ts";
import { type Graded, gradedCriteria } from "./resolve.ts";
import { expectedOf, responsesOf, ruleByTruth } from "./truth.ts";

export type AssertionFunction = (output: unknown, context?: unknown) => Promise<GradingResult>;

/** One run of the rubric over one reply. */
interface Grading {
  reply: string;
  situation: Situation;
  context: AssertionContext;
  /** Loaded on first use, once. */
  judge: (criterion: string) => Promise<JudgeModel>;
}

function graded(ruling: Ruling): Verdict {
  return { graded: true, ...ruling };
}

async function judged(one: Graded, grading: Grading, prompt: string): Promise<Verdict> {
  return askJudge(await grading.judge(one.criterion.name), prompt);
}

/** A rule's and a judge's view together: their mean, passed when both pass, ungraded when the judge failed. */
function together(rule: Ruling, judge: Verdict): Verdict {
  if (!judge.graded) return judge;
  const reason = `rule: ${rule.reason} judge: ${judge.reason}`;
  return { graded: true, pass: rule.pass && judge.pass, score: (rule.score + judge.score) / 2, reason };
}

async function grade(one: Graded, grading: Grading): Promise<Verdict> {
  const { reply, situation, context } = grading;
  const { method, spec, criterion } = one;
  switch (method) {
    case "exact":
    case "numeric":
    case "contains":
      return graded(ruleByTruth(method, reply, expectedOf(spec.expected, context), spec.tolerance));
    case "comparison":
      return judged(one, grading, comparisonPrompt(responsesOf(context), reply, situation));
    case "judge":
      return judged(one, grading, criterionPrompt(criterion, reply, situation));
    default: {
      // gradedCriteria refuses `rule` and `both` where there is no rule.
      const ruling = criterion.rule?.(reply, situation) ?? { pass: false, score: 0, reason: "no rule." };
      if (method === "rule") return graded(ruling);
      return together(ruling, await judged(one, grading, criterionPrompt(criterion, reply, situation)));
    }
  }
}

function component(one: Graded, verdict: Verdict): GradingResult {
  const { name, describe } = one.criterion;
  const metadata = { criterion: name, must: one.must, method: one.method, weight: one.weight };
  const assertion = { type: "javascript" as const, metric: name, value: describe };
  if (verdict.graded) {
    return { pass: verdict.pass, score: verdict.score, reason: verdict.reason, assertion, metadata };
  }
  // promptfoo needs a number here; `ungraded` says that it is none.
  return {
    pass: false,
    score: 0,
    reason: `ungraded: ${verdict.reason}`,
    assertion,
    metadata: { ...metadata, ungraded: true },
  };
}

function lazyJudge(
  context: AssertionContext,
  config: RubricConfig,
  load: LoadJudge,
): Grading["judge"] & { used: () => JudgeModel | undefined } {
  let loading: Promise<JudgeModel> | undefined;
  let model: JudgeModel | undefined;
  const judge = async (criterion: string): Promise<JudgeModel> => {
    const ref = judgeRefOf(context, config.judge);
    if (ref === undefined) throw judgeMissing(criterion);
    loading ??= load(ref);
    try {
      model = await loading;
      return model;
    } catch (error) {
      // A judge that cannot be loaded has not judged: the criterion is ungraded, not failed.
      return { complete: () => Promise.reject(error) };
    }
  };
  return Object.assign(judge, { used: () => model });
}

/** The row's result: the weighted mean of what could be graded. */
function combine(all: readonly Graded[], verdicts: readonly Verdict[]): GradingResult {
  const pairs = all.flatMap((one, i) => {
    const verdict = verdicts[i];
    return verdict === undefined ? [] : [{ one, verdict }];
  });
  const componentResults = pairs.map(({ one, verdict }) => component(one, verdict));
  const scored = pairs.flatMap(({ one, verdict }) => (verdict.graded ? [{ one, verdict }] : []));
  const ungraded = pairs.filter(({ verdict }) => !verdict.graded).map(({ one }) => one.criterion.name);
  if (scored.length === 0) {
    const reason = `nothing could be graded: ${componentResults[0]?.reason ?? "no criterion"}`;
    return { pass: false, score: 0, reason, componentResults, metadata: { graderError: true, ungraded } };
  }
  const weight = scored.reduce((sum, { one }) => sum + one.weight, 0);
  const score = scored.reduce((sum, { one, verdict }) => sum + one.weight * verdict.score, 0) / weight;
  const missed = scored.filter(({ verdict }) => !verdict.pass);
  const mustUngraded = pairs.some(({ one, verdict }) => one.must && !verdict.graded);
  const parts = [
    missed.length === 0
      ? `meets ${scored.length} of ${scored.length} criteria`
      : `meets ${scored.length - missed.length} of ${scored.length} criteria; ${missed.map(({ one, verdict }) => `${one.criterion.name}: ${verdict.reason}`).join(" ")}`,
    ...(ungraded.length === 0 ? [] : [`ungraded: ${ungraded.join(", ")}`]),
  ];
  return {
    pass: missed.length === 0 && !mustUngraded,
    score,
    reason: parts.join("; "),
    namedScores: Object.fromEntries(scored.map(({ one, verdict }) => [one.criterion.name, verdict.score])),
    componentResults,
    ...(ungraded.length === 0 ? {} : { metadata: { ungraded } }),
  };
}

/** A rubric assertion with its own way to load a judge. */
export function rubricWith(load: LoadJudge): AssertionFunction {
  return async (output, rawContext) => {
    const context = readContext(rawContext);
    const config = parseConfig(RubricConfigSchema, context.config, "rubric");
    const all = gradedCriteria(config, context);
    const reply = outputText(output);
    const { crisisLine, emergencyNumbers, briefWords } = config;
    const situation = situationOf(context, reply, { crisisLine, emergencyNumbers, briefWords });
    const judge = lazyJudge(context, config, load);
    const verdicts = await Promise.all(all.map((one) => grade(one, { reply, situation, context, judge })));
    const result = combine(all, verdicts);
    const usage = judge.used()?.usage?.();
    return usage === undefined ? result : { ...result, tokensUsed: usage };
  };
}

/**
 * Scores one reply on named criteria: `type: javascript`, `value: package:promptfoo-grpo:rubric`.
 * `score` is the weighted mean (0..1) of the graded criteria, `pass` means that all of them passed and no `must`
 * criterion is ungraded; `componentResults` has one entry a criterion with `metadata` {criterion, must, method, weight,
 * ungraded?}. When nothing could be graded the result carries `metadata.graderError: true`, as promptfoo's own
 * graders do: such a row has no score, its 0 is a placeholder.
 * @throws GrpoError for wrong config, unknown criteria, a missing judge or known answer.
 */
export const rubric: AssertionFunction = rubricWith(loadJudge);
