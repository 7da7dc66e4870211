import type { Draw } from "./random.ts";
import { CRITERIA, chances, criterionNamed, HARMFUL, NEUTRAL, ticketIn } from "./task.ts";

/** How the model behaves. */
export interface Behaviour {
  /** Chance that a proposal is a bad one, 0..1: harmful or neutral, half and half. */
  bad: number;
  /** Guidelines in a proposal. */
  k: number;
  /** Chance that a criterion is met once its guideline is in the prompt. */
  p1: number;
  /** Guidelines each of which halves every chance; default: the one that a learner proposes. */
  harmful?: readonly string[];
}

/** A call as a shape sees it: all messages as one text. */
export interface ShapeCall {
  text: string;
  o: Behaviour;
  rand: Draw;
}

/** A kind of prompt that the model knows, and its answer in the format that such a prompt asks for. */
export interface Shape {
  name: string;
  test(text: string): boolean;
  reply(call: ShapeCall): string;
}

const FILLER =
  "Thank you for writing to us about this case. We have looked at the details that you sent and at the history of the order, and this is what we can tell you today. ";

/** The agent: filler, and a tag for each criterion that the reply happens to meet. */
export function agentReply({ text, o, rand }: ShapeCall): string {
  const ticket = ticketIn(text);
  if (ticket === undefined) return FILLER;
  const tags = chances(ticket, text, o.p1, o.harmful).flatMap((chance, index) =>
    rand() < chance ? `#${ticket.criteria[index]}` : [],
  );
  return FILLER.repeat(2) + (tags.length > 0 ? `(${tags.join(" ")})` : "(nothing more)");
}

/**
 * Guidelines for the criteria that `text` marks as failed ("FAIL x"), the most frequent first, leaving out those
 * that `current` holds; nothing left is the neutral one.
 */
export function propose(text: string, current: string, o: Behaviour, rand: Draw, k = o.k): string[] {
  const counts = new Map<string, number>();
  for (const [, name = ""] of text.matchAll(/FAIL ([a-z-]+)/g)) {
    if (criterionNamed(name) !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const have = current.toLowerCase();
  const phrases = [...counts]
    .flatMap(([name, count]) => {
      const phrase = criterionNamed(name)?.phrase ?? "";
      return have.includes(phrase) ? [] : [{ phrase, weight: count + rand() * 0.9 }];
    })
    .sort((a, b) => b.weight - a.weight)
    .slice(0, k)
    .map(({ phrase }) => (rand() < o.bad ? (rand() < 0.5 ? HARMFUL : NEUTRAL) : phrase));
  return phrases.length > 0 ? [...new Set(phrases)] : [NEUTRAL];
}

const GUIDELINES: readonly string[] = [...CRITERIA.map((one) => one.phrase), HARMFUL, NEUTRAL];

/** The guidelines that a text holds. */
export function guidelinesIn(text: string): string[] {
  const lower = text.toLowerCase();
  return GUIDELINES.filter((phrase) => lower.includes(phrase));
}

/** What stands between two marks; to the end without the second. */
export function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start);
  if (from < 0) return "";
  const until = text.indexOf(end, from + start.length);
  return text.slice(from + start.length, until < 0 ? undefined : until);
}
