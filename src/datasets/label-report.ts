import { cohenKappa, krippendorffAlpha, rawAgreement, type Share, wilson } from "./agreement.ts";
import { type Conversation, itemId } from "./conversation.ts";
import { type Answer, type Label, type Question, standing, textHash } from "./labels.ts";

/** From here on a coefficient is said. */
const ENOUGH = 20;

type Said = Exclude<Answer, "not-sure">;

/** How far raters agree on one criterion. */
export interface CriterionAgreement {
  criterion: string;
  raters: string[];
  /** Items with an answer. */
  items: number;
  /** Items that two raters or more have answered; "not sure" is no answer here. */
  doubleLabelled: number;
  /** Share of pairs of answers that are the same, 0..1. */
  raw: number | null;
  /** Kappa for two raters, alpha for more; null under 20 double-labelled items, and where nothing varies. */
  coefficient: { name: "kappa" | "alpha"; value: number } | null;
  /** Share of "bad" among the answers good and bad, 0..1. */
  baseRate: number | null;
  notSure: number;
  tooFew: boolean;
}

/** How far a grader agrees with people on one criterion; a miss is what people call bad. */
export interface JudgeAgreement {
  criterion: string;
  by: string;
  /** Items that both have judged. */
  n: number;
  agreement: Share | null;
  /** Share of what people call bad that the grader fails. */
  sensitivity: Share | null;
  /** Share of what people call good that the grader passes. */
  specificity: Share | null;
  /** Items on which people are divided evenly: left out. */
  divided: number;
  tooFew: boolean;
}

export interface Disagreement {
  item: string;
  criterion: string;
  answers: { rater: string; answer: Answer; reason: string }[];
}

export interface LabelReport {
  criteria: CriterionAgreement[];
  judges: JudgeAgreement[];
  disagreements: Disagreement[];
  /** Answers left out: to another wording of the criterion, to other turns, to an item that is not in the log. */
  leftOut: { wording: number; text: number; item: number };
}

type Rated = Label & { rater: string; answer: Answer };

/** What several raters' labels of a log say. `questions` is the wording that holds today. */
export function reportLabels(
  conversations: readonly Conversation[],
  raters: ReadonlyMap<string, readonly Label[]>,
  questions: ReadonlyMap<string, Question>,
): LabelReport {
  const leftOut = { wording: 0, text: 0, item: 0 };
  const labels = currentLabels(conversations, raters, questions, leftOut);
  const names = [...new Set(labels.map(({ criterion }) => criterion))].sort();
  const verdicts = gradersOf(conversations);
  return {
    criteria: names.map((name) => agreementOn(name, labels)),
    judges: names.flatMap((name) => judgesOn(name, labels, verdicts)),
    disagreements: disagreementsOf(labels),
    leftOut,
  };
}

/** The answers that hold: of today's wording, about today's turns. */
export function currentLabels(
  conversations: readonly Conversation[],
  raters: ReadonlyMap<string, readonly Label[]>,
  questions: ReadonlyMap<string, Question>,
  leftOut: LabelReport["leftOut"] = { wording: 0, text: 0, item: 0 },
): Rated[] {
  const texts = new Map(
    conversations.flatMap((conversation) =>
      [null, ...conversation.turns.keys()].map((turn): [string, string] => {
        const id = itemId(conversation.id, turn);
        return [id, textHash({ id, conversation, turn })];
      }),
    ),
  );
  return [...raters].flatMap(([rater, labels]) =>
    standing(labels).flatMap((label): Rated[] => {
      const text = texts.get(label.item);
      const question = questions.get(label.criterion);
      if (label.answer === null) return [];
      if (text === undefined) leftOut.item++;
      else if (text !== label.text) leftOut.text++;
      else if (question !== undefined && question.rubric !== label.rubric) leftOut.wording++;
      else return [{ ...label, answer: label.answer, rater }];
      return [];
    }),
  );
}

const isSaid = (answer: Answer): answer is Said => answer !== "not-sure";

function agreementOn(criterion: string, all: readonly Rated[]): CriterionAgreement {
  const labels = all.filter((label) => label.criterion === criterion);
  const said = labels.filter(({ answer }) => isSaid(answer));
  const units = [...Map.groupBy(said, ({ item }) => item).values()].filter((unit) => unit.length >= 2);
  const pairs = units.flatMap((unit) => pairsOf(unit.toSorted((a, b) => (a.rater < b.rater ? -1 : 1))));
  const raters = [...new Set(labels.map(({ rater }) => rater))].sort();
  const tooFew = units.length < ENOUGH;
  const name = raters.length === 2 ? "kappa" : "alpha";
  const value =
    name === "kappa"
      ? cohenKappa(pairs)
      : krippendorffAlpha(units.map((unit) => unit.map(({ answer }) => answer)));
  const bad = said.filter(({ answer }) => answer === "bad").length;
  const judged = said.filter(({ answer }) => answer !== "does-not-apply").length;
  return {
    criterion,
    raters,
    items: new Set(labels.map(({ item }) => item)).size,
    doubleLabelled: units.length,
    raw: rawAgreement(pairs),
    coefficient: tooFew || value === null ? null : { name, value },
    baseRate: judged === 0 ? null : bad / judged,
    notSure: labels.length - said.length,
    tooFew,
  };
}

function pairsOf(unit: readonly Rated[]): [string, string][] {
  return unit.flatMap((a, index) => unit.slice(index + 1).map((b): [string, string] => [a.answer, b.answer]));
}

function disagreementsOf(labels: readonly Rated[]): Disagreement[] {
  const groups = Map.groupBy(labels, ({ item, criterion }) => JSON.stringify([item, criterion]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || new Set(group.map(({ answer }) => answer)).size < 2) return [];
    const answers = group.map(({ rater, answer, reason }) => ({ rater, answer, reason }));
    return [{ item: first.item, criterion: first.criterion, answers }];
  });
}

/** item, criterion and grader to what it says; ungraded is nothing said. */
type Verdicts = Map<string, { criterion: string; by: string; item: string; pass: boolean }>;

function gradersOf(conversations: readonly Conversation[]): Verdicts {
  const verdicts: Verdicts = new Map();
  for (const { id, turns, criteria } of conversations) {
    const places: [number | null, typeof criteria][] = [
      [null, criteria],
      ...turns.map((turn, index): [number, typeof criteria] => [index, turn.criteria]),
    ];
    for (const [turn, list] of places)
      for (const { criterion, by, pass } of list ?? []) {
        const item = itemId(id, turn);
        if (pass !== null) verdicts.set(JSON.stringify([item, criterion, by]), { criterion, by, item, pass });
      }
  }
  return verdicts;
}

/** What most raters say of an item; undefined when as many say good as bad, or nobody either. */
export function majority(labels: readonly { answer: Answer | null }[]): "good" | "bad" | undefined {
  const good = labels.filter(({ answer }) => answer === "good").length;
  const bad = labels.filter(({ answer }) => answer === "bad").length;
  if (good === bad) return undefined;
  return good > bad ? "good" : "bad";
}

function judgesOn(criterion: string, labels: readonly Rated[], verdicts: Verdicts): JudgeAgreement[] {
  const people = Map.groupBy(
    labels.filter((label) => label.criterion === criterion && /^(?:good|bad)$/.test(label.answer)),
    ({ item }) => item,
  );
  const own = [...verdicts.values()].filter(
    (verdict) => verdict.criterion === criterion && people.has(verdict.item),
  );
  return [...Map.groupBy(own, ({ by }) => by)].map(([by, list]) => {
    const judged = list.flatMap(({ item, pass }) => {
      const human = majority(people.get(item) ?? []);
      return human === undefined ? [] : [{ human, pass }];
    });
    const bad = judged.filter(({ human }) => human === "bad");
    const good = judged.filter(({ human }) => human === "good");
    const caught = bad.filter(({ pass }) => !pass).length;
    const passed = good.filter(({ pass }) => pass).length;
    return {
      criterion,
      by,
      n: judged.length,
      agreement: wilson(caught + passed, judged.length),
      sensitivity: wilson(caught, bad.length),
      specificity: wilson(passed, good.length),
      divided: list.length - judged.length,
      tooFew: judged.length < ENOUGH,
    };
  });
}
