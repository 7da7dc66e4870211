import { words } from "../assertions/text.ts";
import type { Example } from "../datasets/schema.ts";

/** How a persona writes, measured on what was written for it; none of those words is in it. */
export interface Style {
  /** Fewest and most words of a usual message. */
  words: readonly [number, number];
  lowerCase: boolean;
}

/** The middle half of the written messages' lengths, and whether they know capitals. */
export function styleOf(examples: readonly Pick<Example, "query">[]): Style {
  const lengths = examples.map(({ query }) => words(query).length).sort((a, b) => a - b);
  const at = (share: number): number => lengths[Math.floor(share * (lengths.length - 1))] ?? 20;
  const lower = examples.filter(({ query }) => query === query.toLowerCase()).length;
  return {
    words: [Math.max(3, at(0.25)), Math.max(12, at(0.75))],
    lowerCase: examples.length > 0 && lower / examples.length > 0.7,
  };
}

/** A model's reply as the persona's message: no speaker's name, no stage directions, no longer than they write. */
export function inVoice(reply: string, name: string, style: Style): string {
  const [first = ""] = name.split(" ");
  const speaker = new RegExp(`^\\s*(?:${escaped(name)}|${escaped(first)}|client|user|me)\\s*:\\s*`, "iu");
  const bare = reply
    .replace(speaker, "")
    .replace(/^\s*"(.*)"\s*$/su, "$1")
    .replace(/^\s*[([*][^)\]*\n]{0,200}[)\]*]\s*/u, "")
    .replace(/\s+/gu, " ")
    .trim();
  const cut = shortened(bare, Math.ceil(style.words[1] * 1.3));
  return style.lowerCase ? cut.toLowerCase() : cut;
}

/** Whole sentences up to a number of words; a first sentence that is longer is cut itself. */
function shortened(text: string, most: number): string {
  const parts = text.match(/[^.?!]+[.?!]*["')]*\s*/gu) ?? [text];
  let kept = "";
  let count = 0;
  for (const part of parts) {
    count += words(part).length;
    if (count > most) break;
    kept += part;
  }
  return kept.trim() === "" ? text.split(" ").slice(0, most).join(" ") : kept.trim();
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/gu, "\\$&");

const OUT_OF_CHARACTER =
  /\b(?:as an ai|i(?:'m| am) an ai|language model|can(?:'t|not) (?:assist|help) with|how (?:can|may) i (?:help|assist)|(?:happy|glad|here|best|able) to (?:help|assist|listen|support|answer)|here for you|glad i could help|glad you found|(?:any|more|other) (?:\w+ )?questions|feel free to|you(?:'re| are) welcome|thank(?:s| you) for (?:sharing|reaching out|your (?:kind words|information))|it sounds like you|have you (?:considered|tried)|it(?:'s| is) important to|that(?:'s| is) (?:a )?(?:great|wonderful) (?:to hear|goal|idea|question)|integro,? (?:here|a supportive listener)|stay in character|the (?:persona|client) (?:is|would|feels))\b/iu;

/** The words in which a message speaks as an assistant or as its author, not as the person. */
export const outOfCharacter = (message: string): string | undefined =>
  OUT_OF_CHARACTER.exec(message.replaceAll("\u2019", "'"))?.[0];

/** Share of a message's four-word sequences that may be somebody's earlier ones. */
const MOST_ECHOED = 0.5;

/** Whether a message says again what was said before, by either side. */
export function isEcho(message: string, earlier: readonly string[]): boolean {
  const same = message.toLowerCase();
  const own = fours(message);
  return earlier.some((text) => {
    if (text.toLowerCase() === same) return true;
    const theirs = new Set(fours(text));
    return own.length > 0 && own.filter((gram) => theirs.has(gram)).length / own.length > MOST_ECHOED;
  });
}

/** Every four words in a row. */
export function fours(text: string): string[] {
  const all = words(text);
  return all.slice(3).map((_, index) => all.slice(index, index + 4).join(" "));
}
