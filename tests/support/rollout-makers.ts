import type { PairedExample } from "../../src/evaluation/arms.ts";
import { type Group, toGroup } from "../../src/optimizer/groups.ts";
import type { CriterionScore, Rollout } from "../../src/suite/rollout.ts";
import type { SuiteExample } from "../../src/suite/suite.ts";

/** A criterion as graded: `[score, reason?]`, where null is ungraded; a name that ends in `!` is must-pass. */
export type Scores = Record<string, number | null | readonly [number | null, string]>;

export function criteriaOf(scores: Scores): CriterionScore[] {
  return Object.entries(scores).map(([key, given]) => {
    const [score, reason] = typeof given === "object" && given !== null ? given : [given, `graded ${given}`];
    return {
      name: key.replace(/!$/, ""),
      score,
      pass: score === 1,
      reason,
      weight: 1,
      must: key.endsWith("!"),
    };
  });
}

export interface RolloutParts {
  reply?: string;
  repeat?: number;
  scores?: Scores;
  headline?: number | null;
}

/** One graded rollout; a null reward is an ungraded one. */
export function rollout(reward: number | null, parts: RolloutParts = {}): Rollout {
  const { reply = "a reply", repeat = 0, scores = {}, headline = reward } = parts;
  const ungraded =
    reward === null ? { ungraded: "the agent failed: broken", problem: "errored" as const } : {};
  const criteria = criteriaOf(scores);
  return { exampleId: "x", repeat, reply, reward, headline, criteria, pass: reward === 1, ...ungraded };
}

export function example(
  id: string,
  parts: { query?: string; persona?: string; userTypes?: string[] } = {},
): SuiteExample {
  const { query = `the question of ${id}`, persona = null, userTypes = [] } = parts;
  return { id, persona, split: "train", userTypes, place: id, test: { vars: { query }, assert: [] } };
}

/** A group from its rewards alone. */
export function group(id: string, rewards: readonly (number | null)[]): Group {
  return toGroup(
    example(id),
    rewards.map((reward, repeat) => rollout(reward, { repeat })),
  );
}

/** A group whose replies were judged on named criteria; the reward is the mean of the scores. */
export function judgedGroup(
  id: string,
  replies: readonly { reply: string; scores: Scores }[],
  query?: string,
): Group {
  const rollouts = replies.map(({ reply, scores }, repeat) => {
    const known = criteriaOf(scores).flatMap((one) => (one.score === null ? [] : [one.score]));
    return rollout(known.reduce((sum, one) => sum + one, 0) / known.length, { reply, repeat, scores });
  });
  return toGroup(example(id, query === undefined ? {} : { query }), rollouts);
}

/** One example under both arms, from one rollout an arm or several. */
export function pair(
  id: string,
  baseline: Rollout | Rollout[],
  enhanced: Rollout | Rollout[],
  persona = "paul",
): PairedExample {
  return { id, persona, userTypes: [], baseline: [baseline].flat(), enhanced: [enhanced].flat() };
}
