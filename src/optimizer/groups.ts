import { meanOf } from "../evaluation/sign-flip.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { SuiteExample } from "../suite/suite.ts";
import { queryOf } from "./criteria.ts";
import type { RunRedaction } from "./run-redaction.ts";

/**
 * What a group can teach. `informative`: rewards differ. `all-bad`: no contrast, but graders' reasons.
 * `solved`: nothing to learn. `incomplete`: fewer than two graded rollouts (one, for groups of one).
 */
export type GroupKind = "informative" | "all-bad" | "solved" | "incomplete";

/** The rollouts of one example under one library. */
export interface Group {
  example: SuiteExample;
  /** Its question as the learner sees it. */
  query: string;
  rollouts: readonly Rollout[];
  kind: GroupKind;
  /** Mean reward of the graded rollouts; null when none is graded. */
  reward: number | null;
}

const SOLVED = 1 - 1e-9;

/** With `redaction` the texts are without keys and personal data. */
export function toGroup(
  example: SuiteExample,
  rollouts: readonly Rollout[],
  redaction?: Pick<RunRedaction, "group">,
): Group {
  const rewards = rollouts.flatMap((one) => (one.reward === null ? [] : [one.reward]));
  const query = queryOf({ example });
  return {
    example,
    ...(redaction?.group(query, rollouts) ?? { query, rollouts }),
    kind: kindOf(rewards, rollouts.length),
    reward: rewards.length === 0 ? null : meanOf(rewards),
  };
}

function kindOf(rewards: readonly number[], planned: number): GroupKind {
  if (rewards.length < Math.min(2, planned)) return "incomplete";
  // The reference filters on 0 < mean < 1, which lets groups pass whose rewards are all equal.
  if (Math.max(...rewards) - Math.min(...rewards) > 1e-9) return "informative";
  return (rewards[0] ?? 0) >= SOLVED ? "solved" : "all-bad";
}

/** Whether its rollouts leave open what there is to learn: none was right, and none differs in anything. */
export const isUndecided = ({ kind, rollouts }: Group): boolean =>
  kind === "all-bad" && new Set(rollouts.map(scoresOf)).size === 1;

const scoresOf = ({ criteria }: Rollout): string => JSON.stringify(criteria.map(({ score }) => score));

/** Groups that can teach something. */
export function teachingGroups(groups: readonly Group[]): Group[] {
  return groups.filter((group) => group.kind === "informative" || group.kind === "all-bad");
}

export const solvedIds = (groups: readonly Group[]): string[] =>
  groups.filter((group) => group.kind === "solved").map((group) => group.example.id);

/** The mean reward over groups that have one; null when none has. */
export function meanReward(groups: readonly Group[]): number | null {
  const rewards = groups.flatMap((group) => (group.reward === null ? [] : [group.reward]));
  return rewards.length === 0 ? null : meanOf(rewards);
}

/** How many groups are of each kind, for progress and reports. */
export function countKinds(groups: readonly Group[]): Record<GroupKind, number> {
  const counts: Record<GroupKind, number> = { informative: 0, "all-bad": 0, solved: 0, incomplete: 0 };
  for (const group of groups) counts[group.kind]++;
  return counts;
}
