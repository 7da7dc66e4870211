/** Characters that no library may hold: controls, a carriage return by itself, halves of a surrogate pair. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\r(?!\n)|\p{Surrogate}/u;

/** Characters that change how the text around them is shown: marks, embeddings, overrides, isolates. */
const BIDI_CONTROLS = "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069";
const BIDI = new RegExp(`[${BIDI_CONTROLS}]`, "u");
/** Controls, line separators, halves of a pair, and characters that no font shows: interlinear marks, tags. */
const UNPRINTABLE = new RegExp(
  `[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufff9-\\ufffb\\u{e0000}-\\u{e0fff}${BIDI_CONTROLS}]|\\p{Surrogate}|\\p{Noncharacter_Code_Point}`,
  "gu",
);

/** Where the first forbidden character is and how it is written (`U+0000`), or null. */
export function findForbidden(text: string): { index: number; name: string } | null {
  const match = FORBIDDEN.exec(text);
  return match === null ? null : { index: match.index, name: codePointName(match[0]) };
}

/** The name (`U+202E`) of the first character that reorders the text around it, or null. */
export function findReordering(text: string): string | null {
  const match = BIDI.exec(text);
  return match === null ? null : codePointName(match[0]);
}

/** One line: every run of white space becomes a single space, ends trimmed. */
export function foldWhitespace(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}

/**
 * Text that a terminal prints and does not obey: escapes, controls and reordering marks become visible
 * (`\x1b`, `\u{202e}`). Line feeds stay; a tab becomes a space.
 */
export function safeText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === "\t") return " ";
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** `safeText` with its lines put into one; other white space stays, as in columns of ours. */
export function safeColumns(text: string): string {
  return safeText(text.replace(/\s*[\r\n]+\s*/g, " "));
}

/** `safeText` on one line, for text that must not be able to start a line of its own. */
export function safeLine(text: string): string {
  return safeText(foldWhitespace(text));
}

/**
 * JSON of the same value that a terminal prints and does not obey: JSON has an escape of its own for every
 * such character, so a reader gets the very same text.
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replace(UNPRINTABLE, (character) => character.replace(/[\s\S]/g, escapedUnit))
    .replace(OLD_COMMAND, escapedUnit);
}

/** `##[name` and `##vso[name`: commands to a CI's runner, wherever they stand in a line. */
const OLD_COMMAND = /#(?=#\w*\[)/g;
const escapedUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
