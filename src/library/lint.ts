import type { LibraryDocument } from "./document.ts";
import { type Experience, type Limits, normaliseText } from "./experience.ts";
import { findExcess } from "./limits.ts";
import { findOverlap } from "./overlap.ts";
import { type ScreenCode, type ScreenFinding, screenText } from "./screening.ts";
import { safeLine } from "./text.ts";

/** `error`: keep it out of a library. `warning`: a person should look. */
export interface Finding {
  /** null: the library as a whole. */
  id: string | null;
  code: "over-cap" | "near-duplicate" | "copied-text" | ScreenCode;
  severity: "error" | "warning";
  message: string;
}

/** Short numbers too, which a learned text may hold: a wrong crisis line is worth a look. */
const NUMBER_TO_CALL = /(?<![\w.])\+?\(?\d[\d\s().-]{5,}\d(?![\w])|\b(?:call|text|dial|phone)\s+\d{3,}\b/i;

/** Share of the words of both that two experiences have in common before they count as saying the same. */
const NEAR_DUPLICATE = 0.7;

/**
 * What is doubtful about a library. `texts` are those it must not quote (examples, replies): runs of six equal
 * words, or a whole text of at least four, count.
 */
export function lintLibrary(
  document: LibraryDocument,
  limits: Limits,
  texts: readonly string[] = [],
): Finding[] {
  const overCap = findExcess(document, limits).map(
    (excess): Finding => ({ ...excess, code: "over-cap", severity: "error" }),
  );
  const each = document.experiences.flatMap((experience) => [
    ...lintPatterns(experience),
    ...lintOverlap(experience, texts),
  ]);
  return [...overCap, ...each, ...lintNearDuplicates(document.experiences)];
}

function lintPatterns({ id, text }: Experience): Finding[] {
  const found = screenText(text);
  const number = found.some((one) => one.code === "phone-number") ? null : NUMBER_TO_CALL.exec(text);
  return [...found, ...(number === null ? [] : [numberToCall(number[0])])].map(
    ({ code, severity, match, says }) => ({
      id,
      code,
      severity,
      message: match === null ? `${id} ${says}.` : `${id}: "${safeLine(match)}" ${says}.`,
    }),
  );
}

function numberToCall(match: string): ScreenFinding {
  const says = "looks like a telephone number; check that it is right";
  return { code: "phone-number", severity: "warning", match, says };
}

function lintOverlap({ id, text }: Experience, texts: readonly string[]): Finding[] {
  const overlap = findOverlap(text, texts);
  if (overlap === null) return [];
  return [{ id, code: "copied-text", severity: "error", message: `${id} quotes an example: "${overlap}".` }];
}

function lintNearDuplicates(experiences: readonly Experience[]): Finding[] {
  const words = experiences.map(({ text }) => new Set(normaliseText(text).split(" ")));
  return experiences.flatMap(({ id }, index) =>
    experiences.slice(0, index).flatMap((earlier, before): Finding[] => {
      const share = sharedWords(words[index] ?? new Set(), words[before] ?? new Set());
      if (share < NEAR_DUPLICATE) return [];
      const message = `${id} shares ${Math.round(share * 100)} % of its words with ${earlier.id}.`;
      return [{ id, code: "near-duplicate", severity: "warning", message }];
    }),
  );
}

/** Common words over all words of both, 0..1. */
function sharedWords(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const all = a.union(b).size;
  return all === 0 ? 0 : a.intersection(b).size / all;
}
