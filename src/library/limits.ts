import type { LibraryDocument } from "./document.ts";
import { GrpoError } from "./error.ts";
import { countWords, type Limits } from "./experience.ts";

/** One limit that a library passes; `id` is null when it is the library as a whole. */
export interface Excess {
  id: string | null;
  message: string;
}

export function findExcess(document: LibraryDocument, limits: Limits): Excess[] {
  const count = document.experiences.length;
  const excess: Excess[] = [];
  if (count > limits.maxExperiences) {
    excess.push({ id: null, message: `${count} experiences; at most ${limits.maxExperiences} are allowed.` });
  }
  for (const { id, text } of document.experiences) {
    const words = countWords(text);
    if (words <= limits.maxWords) continue;
    excess.push({ id, message: `${id} has ${words} words; at most ${limits.maxWords} are allowed.` });
  }
  return excess;
}

/** @throws GrpoError LIBRARY_OVER_CAP */
export function requireWithinLimits(document: LibraryDocument, limits: Limits, place: string): void {
  const [first] = findExcess(document, limits);
  if (first === undefined) return;
  throw new GrpoError({
    code: "LIBRARY_OVER_CAP",
    message: `The library is over its caps: ${first.message}`,
    place,
    remedy: "Shorten or delete experiences, or raise maxExperiences or maxWords.",
  });
}
