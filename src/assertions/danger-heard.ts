import { DANGER } from "./danger.ts";
import { find, plain } from "./text.ts";

/** The words in which a person plainly says that their life is in danger, if they do; veiled ones are not heard. */
export function dangerHeard(message: string): string | undefined {
  // The pattern speaks of "you", as a reply does.
  const turned = plain(message)
    .replace(/\bmyself\b/giu, "yourself")
    .replace(/\bmy\b/giu, "your")
    .replace(/\b(?:i'm|im|i am)\b/giu, "you're")
    .replace(/\bi was\b/giu, "you were")
    .replace(/\bi\b/giu, "you")
    .replace(/\b(do|did|does|could|would|should|can)nt\b/giu, "$1n't");
  return find(turned, DANGER)?.words;
}
