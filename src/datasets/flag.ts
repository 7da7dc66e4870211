import {
  type Conversation,
  type CriterionScore,
  type Flag,
  itemId,
  type LoggedTurn,
  replies,
} from "./conversation.ts";
import { majority } from "./label-report.ts";
import type { Label } from "./labels.ts";

/** What can be said of a conversation without a model; injected, because datasets know no criteria. */
export interface FlagGrades {
  /** By turn; what a log says itself of the same criterion and grader counts before it. */
  turns: ReadonlyMap<number, readonly CriterionScore[]>;
  /** Of the conversation as a whole. */
  whole: readonly CriterionScore[];
}

export interface FlagOptions {
  /** Scores under this are flagged, 0..1. */
  below: number;
  /** Criteria whose every miss is flagged, beside those that must be met. */
  criteria: ReadonlySet<string>;
  /** Criteria that must be met, whether or not a log says so. */
  must: ReadonlySet<string>;
  grade: (conversation: Conversation) => FlagGrades;
  /** What people said, of the wording and the turns of today. */
  labels: readonly Label[];
}

/** How many flags there are of a kind. */
export type FlagCounts = Record<Flag["why"], number>;

/** The conversations that should be looked at, worst first, each with its reasons and its grades. */
export function flagConversations(
  conversations: readonly Conversation[],
  options: FlagOptions,
): { flagged: Conversation[]; counts: FlagCounts } {
  const labels = Map.groupBy(options.labels, ({ item }) => item);
  const counts: FlagCounts = { must: 0, criterion: 0, score: 0, disagreement: 0, label: 0 };
  const flagged: Conversation[] = [];
  for (const conversation of conversations) {
    const graded = withGrades(conversation, options.grade(conversation));
    const turns = replies(graded).flatMap(({ turn, id }) =>
      turn === null ? [] : flagsOf(graded.turns[turn] ?? {}, turn, labels.get(id) ?? [], options),
    );
    const whole = flagsOf(graded, null, labels.get(itemId(graded.id, null)) ?? [], options);
    const flags = [...whole, ...turns].toSorted((a, b) => ORDER.indexOf(a.why) - ORDER.indexOf(b.why));
    for (const { why } of flags) counts[why]++;
    if (flags.length > 0) flagged.push({ ...graded, flags });
  }
  return { flagged: flagged.toSorted(bySeverity), counts };
}

const ORDER: readonly Flag["why"][] = ["must", "label", "criterion", "disagreement", "score"];

function bySeverity(a: Conversation, b: Conversation): number {
  for (const why of ORDER) {
    const count = ({ flags = [] }: Conversation): number => flags.filter((flag) => flag.why === why).length;
    if (count(a) !== count(b)) return count(b) - count(a);
  }
  return 0;
}

function withGrades(conversation: Conversation, { turns, whole }: FlagGrades): Conversation {
  const added = (own: readonly CriterionScore[], more: readonly CriterionScore[]): CriterionScore[] => [
    ...own,
    ...more.filter((one) => !own.some(({ criterion, by }) => criterion === one.criterion && by === one.by)),
  ];
  const criteria = added(conversation.criteria ?? [], whole);
  return {
    ...conversation,
    ...(criteria.length === 0 ? {} : { criteria }),
    turns: conversation.turns.map((turn, index): LoggedTurn => {
      const of = added(turn.criteria ?? [], turns.get(index) ?? []);
      return of.length === 0 ? turn : { ...turn, criteria: of };
    }),
  };
}

interface Scored {
  score?: number | null | undefined;
  criteria?: CriterionScore[] | undefined;
}

function flagsOf(
  { score, criteria = [] }: Scored,
  turn: number | null,
  labels: readonly Label[],
  options: FlagOptions,
): Flag[] {
  const missed = criteria.filter(({ pass }) => pass === false);
  const isMust = ({ criterion, must }: CriterionScore): boolean =>
    must === true || options.must.has(criterion);
  const misses = missed
    .filter((one) => isMust(one) || options.criteria.has(one.criterion))
    .map((one): Flag => flag(turn, isMust(one) ? "must" : "criterion", one.criterion, said(one)));
  const graded = criteria.filter(({ pass }) => pass !== null);
  // Recorded scores count as they are: null is ungraded, and not low.
  const value =
    score !== undefined
      ? score
      : graded.length === 0
        ? null
        : (graded.length - missed.length) / graded.length;
  const unmet = [...new Set(missed.map(({ criterion }) => criterion))];
  const low =
    value !== null && value < options.below
      ? [
          flag(
            turn,
            "score",
            undefined,
            `score ${value.toFixed(2)}${unmet.length === 0 ? "" : `: misses ${unmet.join(", ")}`}`,
          ),
        ]
      : [];
  return [...misses, ...low, ...disagreements(graded, turn), ...labelFlags(graded, turn, labels)];
}

const flag = (
  turn: number | null,
  why: Flag["why"],
  criterion: string | undefined,
  reason: string,
): Flag => ({
  turn,
  why,
  ...(criterion === undefined ? {} : { criterion }),
  reason: reason.slice(0, 4_000),
});

const said = ({ criterion, by, reason = "" }: CriterionScore): string =>
  `${criterion} missed (${by})${reason === "" ? "" : `: ${reason}`}`;

/** Graders who differ: a rule and a judge mostly. */
function disagreements(graded: readonly CriterionScore[], turn: number | null): Flag[] {
  return [...Map.groupBy(graded, ({ criterion }) => criterion)].flatMap(([criterion, list]) => {
    if (new Set(list.map(({ pass }) => pass)).size < 2) return [];
    const views = list.map(
      ({ by, pass, reason = "" }) => `${by} ${pass ? "met" : "missed"}${reason === "" ? "" : ` (${reason})`}`,
    );
    return [flag(turn, "disagreement", criterion, `${criterion}: ${views.join("; ")}`)];
  });
}

/** What people call bad, and where a grader says otherwise than people. */
function labelFlags(
  graded: readonly CriterionScore[],
  turn: number | null,
  labels: readonly Label[],
): Flag[] {
  return [...Map.groupBy(labels, ({ criterion }) => criterion)].flatMap(([criterion, list]) => {
    const people = majority(list);
    if (people === undefined) return [];
    const reasons = list
      .filter(({ answer, reason }) => answer === people && reason !== "")
      .map(({ reason }) => reason);
    const because = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
    const against = graded.filter((one) => one.criterion === criterion && one.pass !== (people === "good"));
    return [
      ...(people === "bad" ? [flag(turn, "label", criterion, `${criterion}: people say bad${because}`)] : []),
      ...against.map((one) =>
        flag(
          turn,
          "disagreement",
          criterion,
          `${criterion}: people say ${people}${because}; ${one.by} says ${one.pass ? "met" : "missed"}`,
        ),
      ),
    ];
  });
}
