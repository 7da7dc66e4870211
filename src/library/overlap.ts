import { normaliseText } from "./experience.ts";

const RUN_WORDS = 6;
const WHOLE_TEXT_WORDS = 4;

/**
 * The first run of words that `text` shares with one of `texts`: six in a row, or all words of a text of four
 * or five. Compared by normalised words. Null when there is none.
 */
export function findOverlap(text: string, texts: readonly string[]): string | null {
  const words = ` ${normaliseText(text)} `;
  for (const other of texts) {
    const run = runsOf(other).find((each) => words.includes(` ${each} `));
    if (run !== undefined) return run;
  }
  return null;
}

function runsOf(text: string): string[] {
  const words = normaliseText(text).split(" ");
  if (words.length < WHOLE_TEXT_WORDS) return [];
  const size = Math.min(RUN_WORDS, words.length);
  return Array.from({ length: words.length - size + 1 }, (_, start) =>
    words.slice(start, start + size).join(" "),
  );
}
