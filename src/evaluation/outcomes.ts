import type { Conversation, CriterionScore } from "../datasets/conversation.ts";
import type { ArmSpec } from "./arm-spec.ts";
import { holm } from "./holm.ts";
import { TIE } from "./inversion.ts";
import {
  type Groups,
  type OutcomeArm,
  type OutcomeCriterion,
  type OutcomesReport,
  OutcomesReportSchema,
} from "./outcomes-report.ts";
import { compareGroups } from "./permutation.ts";
import { imbalance } from "./sample-ratio.ts";
import { MIN_TESTS, meanOf } from "./sign-flip.ts";
import { judged } from "./verdict.ts";

/** What is known of one conversation: a reward without must-pass criteria, and each criterion by itself. */
export interface Outcome {
  /** 0..1; null is ungraded. */
  reward: number | null;
  criteria: ReadonlyMap<string, { score: number; must: boolean }>;
  missed: readonly string[];
}

export interface OutcomesInput extends Pick<OutcomesReport, "kind" | "logs" | "outcome" | "seed"> {
  conversations: readonly Conversation[];
  arms: readonly [ArmSpec, ArmSpec];
  outcomeOf(conversation: Conversation): Outcome;
  /** Keep only conversations of this library. */
  agent?: string | undefined;
  route?: string | undefined;
  /** Share of conversations that each arm was to get. */
  shares?: readonly [number, number] | undefined;
  margin?: number | undefined;
  now?: Date;
}

/** How many of the worst conversations are named. */
const NAMED = 10;

interface Served {
  conversation: Conversation;
  outcome: Outcome;
}

/**
 * Compares what a log says of the conversations that two versions served. They were assigned by chance, not paired, so
 * labels are exchanged between conversations. Pure but for the time.
 */
export function outcomesReport(input: OutcomesInput): OutcomesReport {
  const { kind, logs, outcome, seed, arms: specs, margin, now = new Date() } = input;
  const { arms: served, leftOut } = assigned(input);
  const [before, after] = served;
  const groups = comparedGroups(before.map(rewardOf), after.map(rewardOf), seed);
  const all = comparedCriteria(before, after, seed);
  const must = all.filter((one) => one.must);
  const arms: [OutcomeArm, OutcomeArm] = [armOf(specs[0], before), armOf(specs[1], after)];
  const verdict = judged(
    { low: groups.low ?? Number.NEGATIVE_INFINITY, high: groups.high ?? Number.POSITIVE_INFINITY },
    must.map(({ name, means: [baseline, enhanced], groups: { high } }) => ({
      name,
      baseline,
      enhanced,
      high,
    })),
    { obstacles: obstaclesOf(arms, input), margin },
  );
  return OutcomesReportSchema.parse({
    version: 1,
    kind,
    at: now.toISOString(),
    logs,
    outcome,
    seed,
    ...verdict,
    sentence: sentenceOf(verdict.verdict, arms),
    arms,
    groups,
    must: must.map(shown),
    criteria: all.filter((one) => !one.must).map(shown),
    leftOut,
    worst: worstOf(after),
  });
}

function assigned({ conversations, arms, agent, route, outcomeOf }: OutcomesInput): {
  arms: [Served[], Served[]];
  leftOut: OutcomesReport["leftOut"];
} {
  const served: [Served[], Served[]] = [[], []];
  const leftOut = { noLibrary: 0, otherLibrary: 0, otherVersion: 0 };
  const versions = arms.map(({ library }) =>
    typeof library === "object" && "version" in library ? library.version : 0,
  );
  for (const conversation of conversations) {
    const { library } = conversation;
    const arm = versions.indexOf(library?.version ?? -1);
    if (library === undefined) leftOut.noLibrary++;
    else if ((agent ?? library.agent) !== library.agent || (route ?? library.route) !== library.route)
      leftOut.otherLibrary++;
    else if (arm < 0) leftOut.otherVersion++;
    else served[arm === 0 ? 0 : 1].push({ conversation, outcome: outcomeOf(conversation) });
  }
  return { arms: served, leftOut };
}

const rewardOf = ({ outcome }: Served): number | null => outcome.reward;
const known = (values: readonly (number | null)[]): number[] => values.filter((one) => one !== null);

function comparedGroups(
  before: readonly (number | null)[],
  after: readonly (number | null)[],
  seed: number,
): Groups {
  const { n, mean, low, high, pBetter, pWorse } = compareGroups(known(before), known(after), seed);
  const end = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { n: [n[0], n[1]], mean, low: end(low), high: end(high), pBetter, pWorse };
}

type ComparedCriterion = OutcomeCriterion & { must: boolean };

/** Criteria that conversations of both arms carry. */
function comparedCriteria(
  before: readonly Served[],
  after: readonly Served[],
  seed: number,
): ComparedCriterion[] {
  const scoresOf = (served: readonly Served[], name: string): number[] =>
    served.flatMap(({ outcome }) => outcome.criteria.get(name)?.score ?? []);
  const names = new Set([...before, ...after].flatMap(({ outcome }) => [...outcome.criteria.keys()]));
  const rows = [...names].sort().flatMap((name) => {
    const [one, two] = [scoresOf(before, name), scoresOf(after, name)];
    if (one.length === 0 || two.length === 0) return [];
    const must = [...before, ...after].some(({ outcome }) => outcome.criteria.get(name)?.must === true);
    const means: [number, number] = [meanOf(one), meanOf(two)];
    return [{ name, must, means, groups: comparedGroups(one, two, seed) }];
  });
  const adjusted = holm(rows.map(({ groups: g }) => Math.min(1, 2 * Math.min(g.pBetter, g.pWorse))));
  return rows.map((row, index) => ({ ...row, holm: adjusted[index] ?? 1 }));
}

const shown = ({ must: _, ...row }: ComparedCriterion): OutcomeCriterion => row;

function armOf({ label }: ArmSpec, served: readonly Served[]): OutcomeArm {
  const rewards = known(served.map(rewardOf));
  const times = served
    .flatMap(({ conversation: { turns } }) => turns.flatMap(({ at }) => at ?? []))
    .sort((a, b) => Date.parse(a) - Date.parse(b));
  return {
    label,
    conversations: served.length,
    graded: rewards.length,
    mean: rewards.length === 0 ? null : meanOf(rewards),
    first: times[0] ?? null,
    last: times.at(-1) ?? null,
  };
}

/** Everything that may make a difference of means something else than what the library did. */
function obstaclesOf(arms: readonly [OutcomeArm, OutcomeArm], { shares }: OutcomesInput): string[] {
  const small = arms.flatMap(({ label, graded }) =>
    graded < MIN_TESTS
      ? [
          `${label} has ${graded} conversations with an outcome, fewer than ${MIN_TESTS}: nothing is proven on so few`,
        ]
      : [],
  );
  const ungraded = arms.reduce((sum, { conversations, graded }) => sum + conversations - graded, 0);
  const missing =
    ungraded === 0
      ? []
      : [`${ungraded} conversations have no outcome, and what is missing may be what got worse`];
  return [...small, ...missing, ...apart(arms), ...imbalance(arms, shares)];
}

/** Versions that followed one another saw other people and other days. */
function apart([one, two]: readonly [OutcomeArm, OutcomeArm]): string[] {
  if (one.first === null || one.last === null || two.first === null || two.last === null) return [];
  const followed =
    Date.parse(one.last) < Date.parse(two.first) || Date.parse(two.last) < Date.parse(one.first);
  return followed ? [`${one.label} and ${two.label} were served one after the other, not side by side`] : [];
}

function sentenceOf(
  verdict: OutcomesReport["verdict"],
  [before, after]: readonly [OutcomeArm, OutcomeArm],
): string {
  const counts = `${after.graded} conversations against ${before.graded}`;
  const said = {
    proven: `${after.label} does better than ${before.label}`,
    worse: `${after.label} does worse than ${before.label}`,
    "not proven": `${after.label} is not shown to do better than ${before.label}`,
  };
  return `${said[verdict]}: ${counts}.`;
}

function worstOf(served: readonly Served[]): OutcomesReport["worst"] {
  return served
    .flatMap(({ conversation: { id }, outcome: { reward, missed } }) =>
      reward === null || reward >= 1 - TIE
        ? []
        : [{ conversation: id, outcome: reward, missed: [...missed] }],
    )
    .sort((a, b) => a.outcome - b.outcome || (a.conversation < b.conversation ? -1 : 1))
    .slice(0, NAMED);
}

/**
 * The outcome that a conversation's own scores tell: its score as a whole, else the mean of its turns', else the share of
 * its criteria that are met. Must-pass criteria count for themselves.
 */
export function loggedOutcome({ score, turns, criteria = [] }: Conversation): Outcome {
  const all = [...criteria, ...turns.flatMap((turn) => turn.criteria ?? [])];
  const ofTurns = turns.flatMap((turn) => turn.score ?? []);
  const own = criteriaOutcome(all);
  const reward = score !== undefined ? score : ofTurns.length > 0 ? meanOf(ofTurns) : own.reward;
  return { ...own, reward };
}

/** The outcome of criteria that were graded one by one: the mean over criteria, each the mean over its gradings. */
export function criteriaOutcome(
  all: readonly Pick<CriterionScore, "criterion" | "pass" | "score" | "must">[],
): Outcome {
  const graded = all.flatMap(({ criterion, pass, score, must = false }) => {
    const value = score ?? (pass === null ? null : Number(pass));
    return value === null ? [] : [{ criterion, value, must }];
  });
  const criteria = new Map(
    [...Map.groupBy(graded, ({ criterion }) => criterion)].map(([name, rows]) => [
      name,
      { score: meanOf(rows.map(({ value }) => value)), must: rows.some(({ must }) => must) },
    ]),
  );
  const counted = [...criteria.values()].filter(({ must }) => !must).map(({ score }) => score);
  return {
    reward: counted.length === 0 ? null : meanOf(counted),
    criteria,
    missed: [...criteria].flatMap(([name, { score }]) => (score < 1 - TIE ? [name] : [])),
  };
}
