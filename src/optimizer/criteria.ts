import { meanOf } from "../evaluation/sign-flip.ts";
import type { CriterionScore, Rollout } from "../suite/rollout.ts";
import type { Group } from "./groups.ts";

/** One graded reply with one criterion's score. */
export interface Judged {
  exampleId: string;
  query: string;
  reply: string;
  rollout: Rollout;
  criterion: CriterionScore;
}

/** How a criterion fares over a step's groups. */
export interface CriterionStanding {
  name: string;
  /** Mean score, 0..1. */
  rate: number;
  /** Share of the examples that carry it, 0..1. */
  coverage: number;
  /** Reward lost through it, summed over rollouts and weighted. */
  lost: number;
  failed: readonly Judged[];
  passed: readonly Judged[];
}

/** Every criterion of the groups, the most costly first; equal costs by name, so that order is stable. */
export function criterionStandings(groups: readonly Group[]): CriterionStanding[] {
  const judged = groups.flatMap(judgedOf);
  const names = [...new Set(judged.map((one) => one.criterion.name))];
  return names
    .map((name) => standingOf(name, judged.filter((one) => one.criterion.name === name), groups.length))
    .sort((a, b) => b.lost - a.lost || (a.name < b.name ? -1 : 1));
}

function standingOf(name: string, judged: readonly Judged[], groups: number): CriterionStanding {
  const scores = judged.map((one) => one.criterion.score ?? 0);
  return {
    name,
    rate: meanOf(scores),
    coverage: new Set(judged.map((one) => one.exampleId)).size / Math.max(1, groups),
    lost: judged.reduce((sum, one) => sum + one.criterion.weight * (1 - (one.criterion.score ?? 1)), 0),
    failed: judged.filter((one) => !one.criterion.pass),
    passed: judged.filter((one) => one.criterion.pass),
  };
}

function judgedOf(group: Group): Judged[] {
  const query = queryOf(group);
  return group.rollouts
    .filter((rollout) => rollout.reward !== null)
    .flatMap((rollout) =>
      rollout.criteria
        .filter((criterion) => criterion.score !== null)
        .map((criterion) => ({ exampleId: group.example.id, query, reply: rollout.reply, rollout, criterion })),
    );
}

/** The example's question as the learner sees it: the variable that usually holds it, else all of them. */
export function queryOf(group: Pick<Group, "example">): string {
  const vars = group.example.test.vars ?? {};
  for (const name of ["query", "question", "input", "message", "prompt"]) {
    const value = vars[name];
    if (typeof value === "string") return value;
  }
  return Object.entries(vars)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}
