import { meanOf } from "../evaluation/sign-flip.ts";
import { CLIENT } from "../simulation/frame.ts";
import { type CriterionScore, type Rollout, tellingTurn } from "../suite/rollout.ts";
import type { Group } from "./groups.ts";

/** One graded reply with one criterion's score. */
export interface Judged {
  exampleId: string;
  query: string;
  userTypes: readonly string[];
  reply: string;
  rollout: Rollout;
  criterion: CriterionScore;
}

/** How a criterion fares over a step's groups. */
export interface CriterionStanding {
  /** The criterion's name; several that are taught together are joined by " + ". */
  name: string;
  must: boolean;
  /** Ids of the examples that carry it. */
  carriers: ReadonlySet<string>;
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
    .map((name) =>
      standingOf(
        name,
        judged.filter((one) => one.criterion.name === name),
        groups.length,
      ),
    )
    .sort((a, b) => b.lost - a.lost || (a.name < b.name ? -1 : 1));
}

function standingOf(name: string, judged: readonly Judged[], groups: number): CriterionStanding {
  const scores = judged.map((one) => one.criterion.score ?? 0);
  const carriers = new Set(judged.map((one) => one.exampleId));
  return {
    name,
    rate: meanOf(scores),
    must: judged.some((one) => one.criterion.must),
    carriers,
    coverage: carriers.size / Math.max(1, groups),
    lost: judged.reduce((sum, one) => sum + one.criterion.weight * (1 - (one.criterion.score ?? 1)), 0),
    failed: judged.filter((one) => !one.criterion.pass),
    passed: judged.filter((one) => one.criterion.pass),
  };
}

/** Criteria that a name stands for. */
export const namesIn = (name: string): string[] => name.split(JOINT);
const JOINT = " + ";

/**
 * Criteria that only some replies need, and all the same ones, become one: what belongs together in one
 * situation is one instruction, and a small library has no room for a sentence each.
 */
export function taughtTogether(standings: readonly CriterionStanding[]): CriterionStanding[] {
  const bundles = new Map<string, CriterionStanding[]>();
  for (const one of standings) {
    const key = one.coverage < 0.5 ? [...one.carriers].sort().join("\n") : one.name;
    bundles.set(key, [...(bundles.get(key) ?? []), one]);
  }
  return [...bundles.values()].map((bundle) => together(bundle)).sort(costliestFirst);
}

/** Must-pass criteria before all others, then the most costly; equal costs by name, so that order is stable. */
function costliestFirst(a: CriterionStanding, b: CriterionStanding): number {
  return Number(b.must) - Number(a.must) || b.lost - a.lost || (a.name < b.name ? -1 : 1);
}

function together(bundle: readonly CriterionStanding[]): CriterionStanding {
  const [first, ...others] = bundle;
  if (first === undefined) throw new RangeError("a bundle has a criterion");
  return {
    ...first,
    name: bundle.map((one) => one.name).join(JOINT),
    must: bundle.some((one) => one.must),
    rate: meanOf(bundle.map((one) => one.rate)),
    lost: bundle.reduce((sum, one) => sum + one.lost, 0),
    failed: bundle.flatMap((one) => one.failed),
    // A reply that passes one of them and fails another is no model for all.
    passed: first.passed.filter(({ rollout }) =>
      others.every((other) => other.passed.some((one) => one.rollout === rollout)),
    ),
  };
}

function judgedOf(group: Group): Judged[] {
  const { query } = group;
  return group.rollouts
    .filter((rollout) => rollout.reward !== null)
    .flatMap((rollout) =>
      rollout.criteria
        .filter((criterion) => criterion.score !== null)
        .map((criterion) => ({
          exampleId: group.example.id,
          query,
          userTypes: group.example.userTypes,
          reply: rollout.reply,
          ...tellingTurn(rollout, criterion.reason),
          rollout,
          criterion,
        })),
    );
}

/** The example's question as the learner sees it: the variable that usually holds it, else all of them. */
export function queryOf({ example }: Pick<Group, "example">): string {
  const vars = example.test.vars ?? {};
  // A simulated conversation's question is a mark; what was said first stands beside it.
  if (vars["query"] === CLIENT && typeof vars["opening"] === "string") return vars["opening"];
  for (const name of ["query", "question", "input", "message", "prompt"]) {
    const value = vars[name];
    if (typeof value === "string") return value;
  }
  return Object.entries(vars)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}
