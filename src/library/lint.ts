import type { LibraryDocument } from "./document.ts";
import { type Experience, type Limits, normaliseText } from "./experience.ts";
import { findExcess } from "./limits.ts";
import { findOverlap } from "./overlap.ts";
import { findReordering, safeLine } from "./text.ts";

/** `error`: keep it out of a library. `warning`: a person should look. */
export interface Finding {
  /** null: the library as a whole. */
  id: string | null;
  code: "over-cap" | "near-duplicate" | "copied-text" | PatternCode;
  severity: "error" | "warning";
  message: string;
}

type PatternCode = "role-marker" | "template-expression" | "url" | "phone-number" | "reordering-character";

const PATTERNS: { code: PatternCode; severity: Finding["severity"]; pattern: RegExp; says: string }[] = [
  {
    code: "role-marker",
    severity: "error",
    pattern: /(?:^|[\s"'(])(?:system|assistant|user|developer|human|ai)\s*:(?!\/)|<\|[^|]*\|>|\[\/?INST\]/i,
    says: "looks like a chat role",
  },
  {
    code: "template-expression",
    severity: "error",
    pattern: /\{\{|\}\}|\{%|%\}|\$\{/,
    says: "is a template expression",
  },
  { code: "url", severity: "warning", pattern: /\b(?:https?:\/\/|www\.)\S+/i, says: "is a web address" },
  {
    code: "phone-number",
    severity: "warning",
    pattern: /(?<![\w.])\+?\(?\d[\d\s().-]{5,}\d(?![\w])|\b(?:call|text|dial|phone)\s+\d{3,}\b/i,
    says: "looks like a telephone number; check that it is right",
  },
];

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
  const findings = PATTERNS.flatMap(({ code, severity, pattern, says }): Finding[] => {
    const match = pattern.exec(text)?.[0];
    if (match === undefined) return [];
    return [{ id, code, severity, message: `${id}: "${safeLine(match)}" ${says}.` }];
  });
  const character = findReordering(text);
  if (character === null) return findings;
  const message = `${id} holds ${character}, which changes the order in which text is shown.`;
  return [...findings, { id, code: "reordering-character", severity: "error", message }];
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
