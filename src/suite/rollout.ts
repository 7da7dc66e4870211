import type { EvaluateResult } from "promptfoo";
import { z } from "zod";
import { type CallUsage, toldTokens } from "../runs/usage.ts";

/** One named part of a reward. */
export interface CriterionScore {
  name: string;
  /** 0..1; null when the grader could not grade. */
  score: number | null;
  pass: boolean;
  reason: string;
  weight: number;
  /** Never traded for others (crisis, boundaries). */
  must: boolean;
}

/** What one call of the agent cost. */
export type RolloutUsage = Omit<CallUsage, "budgetTokens">;

/** One answer of the agent to one example, scored. */
export interface Rollout {
  exampleId: string;
  /** 0-based index within the group. */
  repeat: number;
  reply: string;
  /** Of a rollout that is a conversation: everything that was said, oldest first; `reply` is then its transcript. */
  turns?: { role: string; content: string }[];
  /** 0..1 from promptfoo's score; null is ungraded, with `ungraded` saying why. */
  reward: number | null;
  /** The reward without must-pass criteria, whose gain never counts towards a headline; null when nothing is left. */
  headline: number | null;
  criteria: CriterionScore[];
  /** promptfoo's own verdict: every assertion passed. False for an ungraded one. */
  pass: boolean;
  ungraded?: string;
  /** Of the agent's own call; absent where nothing tells. */
  usage?: RolloutUsage;
  /** Set exactly when `ungraded` is. */
  problem?: RolloutProblem;
}

/** Why a planned rollout has no reward: the grader failed, the agent failed, no row, a score that is not 0..1. */
export type RolloutProblem = "ungraded" | "errored" | "missing" | "out-of-range";

const Component = z.looseObject({
  pass: z.boolean().catch(false),
  score: z.unknown().optional(),
  reason: z.string().catch(""),
  assertion: z
    .looseObject({
      type: z.string().optional(),
      metric: z.string().optional(),
      weight: z.number().optional(),
      value: z.unknown().optional(),
    })
    .nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  componentResults: z.array(z.unknown()).nullish(),
});
type Component = z.infer<typeof Component>;

/** What we read of a row of promptfoo's results. */
type Row = Pick<EvaluateResult, "score" | "failureReason" | "metadata"> & {
  success?: boolean | undefined;
  error?: string | null | undefined;
  response?: EvaluateResult["response"] | null | undefined;
  gradingResult?: EvaluateResult["gradingResult"] | null | undefined;
};

/** A rollout from one row of promptfoo's results. A row that cannot be graded keeps its reason and no reward. */
export function toRollout(row: Row, exampleId: string): Rollout {
  const components = (row.gradingResult?.componentResults ?? []).map((one) => Component.parse(one));
  // promptfoo lists a parent and then its children: the children are the criteria.
  const criteria = components.filter((one) => (one.componentResults?.length ?? 0) === 0).map(toCriterion);
  const problem = whyUngraded(row, components);
  const reward = problem === undefined ? row.score : null;
  return {
    exampleId,
    repeat: repeatOf(row),
    reply: replyOf(row),
    ...turnsOf(row),
    reward,
    headline: reward === null ? null : headlineOf(reward, criteria),
    criteria,
    pass: problem === undefined && row.success === true,
    ...usageOf(row),
    ...problem,
  };
}

const Messages = z.array(z.object({ role: z.string(), content: z.string() })).min(1);

function turnsOf({ response, metadata }: Row): { turns?: { role: string; content: string }[] } {
  const parsed = Messages.safeParse(response?.metadata?.["messages"] ?? metadata?.["messages"]);
  return parsed.success ? { turns: parsed.data } : {};
}

/**
 * The question and the reply that a criterion is about: of a conversation the turn that its reason names
 * (`turn 3: ...`), or its last one. Undefined for a rollout that is one reply.
 */
export function tellingTurn(
  { turns }: Rollout,
  reason: string,
): { query: string; reply: string } | undefined {
  if (turns === undefined) return undefined;
  const named = Number(/\bturn (\d{1,4})\b/.exec(reason)?.[1] ?? Number.NaN);
  const at =
    turns[named]?.role === "assistant" ? named : turns.findLastIndex(({ role }) => role === "assistant");
  const reply = turns[at]?.content;
  if (reply === undefined) return undefined;
  const query = turns.slice(0, at).findLast(({ role }) => role === "user")?.content ?? "";
  return { query, reply };
}

function usageOf({ response }: Row): { usage?: RolloutUsage } {
  if (response === null || response === undefined) return {};
  const costUsd = response.cached === true ? 0 : (response.cost ?? null);
  return { usage: { ...toldTokens(response), costUsd } };
}

/** A planned rollout that has no row: promptfoo drops rows whose score is not a number. */
export function missingRollout(exampleId: string, repeat: number): Rollout {
  const ungraded = "promptfoo returned no row for it (an assertion's score was not a number)";
  return {
    exampleId,
    repeat,
    reply: "",
    reward: null,
    headline: null,
    criteria: [],
    pass: false,
    ungraded,
    problem: "missing",
  };
}

function toCriterion(component: Component): CriterionScore {
  const { assertion, metadata } = component;
  const score =
    typeof component.score === "number" && metadata?.["ungraded"] !== true ? component.score : null;
  return {
    name: nameOf(component),
    score: score !== null && score >= 0 && score <= 1 ? score : null,
    pass: component.pass,
    reason: component.reason,
    weight: numberOr(metadata?.["weight"], assertion?.weight ?? 1),
    must: metadata?.["must"] === true,
  };
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;

function nameOf({ assertion, metadata }: Component): string {
  const criterion = metadata?.["criterion"];
  if (typeof criterion === "string") return criterion;
  if (assertion?.metric !== undefined) return assertion.metric;
  const value =
    typeof assertion?.value === "string" ? `: ${assertion.value.replace(/\s+/g, " ").slice(0, 60)}` : "";
  return `${assertion?.type ?? "assertion"}${value}`;
}

function whyUngraded(
  row: Row,
  components: readonly Component[],
): { ungraded: string; problem: RolloutProblem } | undefined {
  const failure = row.response?.error ?? undefined;
  if (row.failureReason === 2 || failure !== undefined) {
    return { ungraded: `the agent failed: ${firstLine(row.error ?? failure)}`, problem: "errored" };
  }
  if (row.gradingResult === null || row.gradingResult === undefined) {
    const silent = row.response?.output === undefined || row.response.output === null;
    return {
      ungraded: `the row was not graded: ${firstLine(row.error ?? "no grading result")}`,
      // promptfoo's "No output": the agent said nothing, so there was nothing to grade.
      problem: silent && typeof row.error === "string" ? "errored" : "ungraded",
    };
  }
  const broken = components.find((one) => one.metadata?.["graderError"] === true);
  if (broken !== undefined) {
    return { ungraded: `a grader failed: ${broken.reason.slice(0, 300)}`, problem: "ungraded" };
  }
  if (!(row.score >= 0 && row.score <= 1)) {
    return { ungraded: `the score ${row.score} is not between 0 and 1`, problem: "out-of-range" };
  }
  return undefined;
}

const firstLine = (text: unknown): string => String(text).split("\n")[0]?.slice(0, 300) ?? "";

function headlineOf(reward: number, criteria: readonly CriterionScore[]): number | null {
  if (!criteria.some((one) => one.must)) return reward;
  const counted = criteria.flatMap((one) =>
    one.must || one.score === null ? [] : [{ weight: one.weight, score: one.score }],
  );
  const weight = counted.reduce((sum, one) => sum + one.weight, 0);
  return weight === 0 ? null : counted.reduce((sum, one) => sum + one.weight * one.score, 0) / weight;
}

function repeatOf(row: Row): number {
  const repeat: unknown = row.response?.metadata?.["repeatIndex"] ?? row.metadata?.["repeatIndex"];
  return typeof repeat === "number" ? repeat : 0;
}

function replyOf(row: Row): string {
  const output: unknown = row.response?.output;
  if (output === undefined || output === null) return "";
  return typeof output === "string" ? output : JSON.stringify(output);
}
