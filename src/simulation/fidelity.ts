import { feelingsIn } from "../assertions/feelings.ts";
import { contentStems, words } from "../assertions/text.ts";
import type { Conversation } from "../datasets/conversation.ts";
import type { Dataset, Persona } from "../datasets/schema.ts";
import { HINTS_FROM, TELLS_FROM } from "./persona-state.ts";
import { fours, isEcho, outOfCharacter } from "./persona-style.ts";

/** How true a log's personas are to what was written of them. Shares are 0..1; null: nothing to measure it on. */
export interface Fidelity {
  conversations: number;
  /** Messages that a model wrote: openings are not counted. */
  messages: number;
  /** Conversations whose talk is nearest, in style, to the persona's own examples; by chance `chance`. */
  ownStyle: number | null;
  chance: number;
  /** Messages that speak as an assistant, or say again what was said. */
  outOfCharacter: number | null;
  /** Messages said before the person could hint at what they hide, and those that say some of it all the same. */
  closed: { messages: number; disclose: number };
  /** The same from where they tell it. */
  open: { messages: number; disclose: number };
  /** Answers of resistant personas to a push, and those that disclose. */
  resistantPushed: { messages: number; disclose: number };
  /** Mean and greatest share of four-word sequences that two conversations with one persona have in common. */
  overlap: { pairs: number; mean: number; most: number } | null;
}

/** Stems of what is hidden, and of nothing that everybody knows of the persona, that make a disclosure. */
const DISCLOSES = 2;

export function fidelityOf(
  conversations: readonly Conversation[],
  { personas, examples }: Pick<Dataset, "personas" | "examples">,
): Fidelity {
  const known = conversations.flatMap((one) => {
    const persona = personas.find(({ persona: id }) => id === one.persona);
    return persona === undefined ? [] : [{ persona, one, said: messagesOf(one) }];
  });
  const all = known.flatMap(({ said, persona }) => said.map((one) => ({ ...one, persona })));
  const styled = known.filter(({ said }) => said.length > 0);
  const styles = personas.map(({ persona }) => ({
    persona,
    style: features(examples.filter((one) => one.persona === persona).map(({ query }) => query)),
  }));
  const own = styled.filter(
    ({ said, persona }) => nearest(features(said.map(({ text }) => text)), styles) === persona.persona,
  );
  const count = (list: typeof all) => ({
    messages: list.length,
    disclose: list.filter(({ text, persona }) => discloses(text, persona)).length,
  });
  return {
    conversations: known.length,
    messages: all.length,
    ownStyle: styled.length === 0 ? null : own.length / styled.length,
    chance: personas.length === 0 ? 0 : 1 / personas.length,
    outOfCharacter:
      all.length === 0
        ? null
        : all.filter(({ text, earlier }) => outOfCharacter(text) !== undefined || isEcho(text, earlier))
            .length / all.length,
    closed: count(all.filter(({ openness }) => openness < HINTS_FROM)),
    open: count(all.filter(({ openness }) => openness >= TELLS_FROM)),
    resistantPushed: count(
      all.filter(({ stance, persona }) => stance === "pushed" && persona.userTypes.includes("resistant")),
    ),
    overlap: overlapOf(known),
  };
}

/** What the persona's model wrote, with the state in which it did. */
function messagesOf({
  turns,
}: Conversation): { text: string; earlier: string[]; openness: number; stance: string }[] {
  return turns.flatMap(({ role, content }, index) => {
    const state = turns[index - 1]?.state;
    return role === "user" && state !== undefined
      ? [
          {
            text: content,
            earlier: turns.slice(0, index).map((one) => one.content),
            openness: state.openness,
            stance: state.stance,
          },
        ]
      : [];
  });
}

function discloses(text: string, { hidden, background, voice }: Persona): boolean {
  const open = new Set(contentStems(`${background} ${voice} ${hidden?.wants ?? ""}`));
  const secret = new Set(contentStems(hidden?.hides ?? "").filter((stem) => !open.has(stem)));
  return new Set(contentStems(text).filter((stem) => secret.has(stem))).size >= DISCLOSES;
}

const HEDGES = /\b(?:maybe|perhaps|sort of|kind of|i guess|i suppose|dunno|probably|mostly|tbh|nvm|lol)\b/giu;

/** Length, capitals, questions, punctuation, feelings and hedges: nothing of what is said. */
function features(texts: readonly string[]): number[] {
  const text = texts.join("\n");
  const count = Math.max(1, words(text).length);
  const hits = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  return [
    Math.log(count / Math.max(1, texts.length)),
    (20 * hits(/\p{Lu}/gu)) / count,
    (20 * hits(/\?/gu)) / count,
    (10 * hits(/[,;:()]/gu)) / count,
    (20 * feelingsIn(text).length) / count,
    (20 * hits(HEDGES)) / count,
  ];
}

function nearest(
  style: readonly number[],
  styles: readonly { persona: string; style: readonly number[] }[],
): string | undefined {
  const distance = (other: readonly number[]): number =>
    style.reduce((sum, value, index) => sum + Math.abs(value - (other[index] ?? 0)), 0);
  return styles.toSorted((a, b) => distance(a.style) - distance(b.style))[0]?.persona;
}

function overlapOf(
  known: readonly { persona: Persona; said: readonly { text: string }[] }[],
): Fidelity["overlap"] {
  const grams = known.map(({ persona, said }) => ({
    persona: persona.persona,
    grams: new Set(said.flatMap(({ text }) => fours(text))),
  }));
  const shares = grams.flatMap((one, index) =>
    grams
      .slice(index + 1)
      .filter((other) => other.persona === one.persona && one.grams.size > 0 && other.grams.size > 0)
      .map((other) => {
        const common = [...one.grams].filter((gram) => other.grams.has(gram)).length;
        return common / Math.min(one.grams.size, other.grams.size);
      }),
  );
  if (shares.length === 0) return null;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return { pairs: shares.length, mean, most: Math.max(...shares) };
}
