import { z } from "zod";
import { GrpoError } from "./error.ts";

/** One thing learned: a stable id (`E1`, never reused) and its text on one line. */
export const ExperienceSchema = z.object({
  id: z.string().regex(/^E[1-9]\d{0,5}$/),
  text: z.string().min(1),
});
export type Experience = z.infer<typeof ExperienceSchema>;

/** How much a library may hold. `maxWords` is per experience. */
export const LimitsSchema = z.object({
  maxExperiences: z.int().min(1).default(20),
  maxWords: z.int().min(1).default(32),
});
export type Limits = z.infer<typeof LimitsSchema>;

/** Agents and routes name folders and files, so nothing that could leave the root folder. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]*$/;

/** @throws GrpoError LIBRARY_NAME_INVALID */
export function requireName(kind: "agent" | "route", name: string): string {
  if (NAME_PATTERN.test(name) && name.length <= 100) return name;
  throw new GrpoError({
    code: "LIBRARY_NAME_INVALID",
    message: `${JSON.stringify(name)} cannot name ${kind === "agent" ? "an agent" : "a route"}.`,
    place: kind,
    remedy: "Use lower-case letters, digits, '.', '_' and '-', starting with a letter or a digit.",
  });
}

/** The number in an id: 7 for `E7`. */
export function idNumber(id: string): number {
  return Number(id.slice(1));
}

/**
 * What two texts share when they say the same words: NFKC, lower case, punctuation and white space folded to
 * one space. Symbols and emoji count as words.
 */
export function normaliseText(text: string): string {
  const lower = text.normalize("NFKC").toLowerCase().normalize("NFKC");
  return lower.replace(/[\p{P}\p{C}\s]+/gu, " ").trim();
}

const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])\S)+/gu;

/**
 * Words as people count them: runs between white space that hold a letter or a digit. A Chinese or Japanese
 * character counts as one word, since those scripts do not separate words.
 */
export function countWords(text: string): number {
  return (text.match(WORD) ?? []).filter((run) => /[\p{L}\p{N}]/u.test(run)).length;
}
