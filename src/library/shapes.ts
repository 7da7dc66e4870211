/**
 * What secrets and personal data look like in a text. Every pattern is bounded in length and looked at once a
 * position, so that no text, however long, makes one slow.
 */
export const PERSONAL_KINDS = ["email", "iban", "card", "phone", "ip", "name"] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];
export type ShapeKind = "secret" | PersonalKind;

/** A place in a text; `value` is what two spellings of the same thing share. */
export interface Found {
  kind: ShapeKind;
  start: number;
  end: number;
  value: string;
}

export interface ShapeOptions {
  /** Names of people, as they are written; their parts count too. */
  names?: readonly string[];
}

/** Keys and tokens by their shape, wherever they stand. */
export const SECRET_SHAPES =
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\bBearer\s+(?=[a-z._~+/=-]{0,200}\d)[\w.~+/=-]{8,}|(?<=:\/\/)[^\s/@:]+:[^\s/@]+(?=@)|(?<=[?&](?:key|api[-_]?key|token|access_token)=)[^&\s"]+|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bA(?:KIA|SIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}|(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/gi;

/** What may not stand before a match for it to be a thing of its own. */
const WORD_BEFORE = /[\p{L}\p{N}_]/u;

interface Shape {
  kind: PersonalKind;
  /** Bounded, global. */
  pattern: RegExp;
  /** A character before a match that makes it part of something else. */
  before: RegExp;
  /** The thing found, or null for a look-alike; `end` may be earlier than the match's. */
  accept: (written: string, context: string) => { value: string; length: number } | null;
}

const SHAPES: readonly Shape[] = [
  {
    kind: "email",
    pattern:
      /[\p{L}\p{N}_%+-][\p{L}\p{N}._%+-]{0,63}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}_%+-])/gu,
    before: /[\p{L}\p{N}_%+-]/u,
    accept: (written) => ({ value: written.toLowerCase(), length: written.length }),
  },
  {
    kind: "iban",
    pattern: /[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?/g,
    before: WORD_BEFORE,
    accept: ibanIn,
  },
  {
    kind: "card",
    pattern: /\d(?:[ -]?\d){12,18}(?![\p{L}\p{N}_])/gu,
    before: /[\p{L}\p{N}_.+-]/u,
    accept: (written) => {
      const value = written.replace(/\D/g, "");
      return /^[2-6]/.test(value) && passesLuhn(value) ? { value, length: written.length } : null;
    },
  },
  {
    kind: "phone",
    pattern: /\+?\(?\d[\d ()./\-\u00a0\u2010-\u2015]{5,22}\d(?![\p{L}\p{N}_%])/gu,
    before: /[\p{L}\p{N}_.,/@#$€£-]/u,
    accept: (written, context) =>
      isPhone(written, context) ? { value: digitsOf(written), length: written.length } : null,
  },
  {
    kind: "ip",
    pattern: /\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}_]|\.\d)/gu,
    before: /[\p{L}\p{N}_.-]/u,
    accept: (written) => (isAddress(written) ? { value: written, length: written.length } : null),
  },
];

/** Every thing of these kinds in a text, in order, none overlapping another. */
export function findShapes(text: string, options: ShapeOptions = {}): Found[] {
  let found = Array.from(text.matchAll(SECRET_SHAPES), ({ 0: value, index: start }): Found => {
    return { kind: "secret", start, end: start + value.length, value };
  });
  for (const shape of SHAPES) found = withoutOverlap(found, findOne(text, shape));
  return withoutOverlap(found, findNames(text, options.names ?? []));
}

/** Both in order of place; of `others` those that share no character with one of `first`. */
function withoutOverlap(first: readonly Found[], others: readonly Found[]): Found[] {
  let at = 0;
  const apart = others.filter(({ start, end }) => {
    while ((first[at]?.end ?? Number.POSITIVE_INFINITY) <= start) at++;
    return (first[at]?.start ?? Number.POSITIVE_INFINITY) >= end;
  });
  return [...first, ...apart].sort((a, b) => a.start - b.start);
}

/** Telephone numbers, digits alone. */
export const phonesIn = (text: string): string[] =>
  findShapes(text).flatMap((one) => (one.kind === "phone" ? [one.value] : []));

/** After a match the next one may begin at once, as it could once the match has been replaced. */
function findOne(text: string, { kind, pattern, before, accept }: Shape): Found[] {
  const found: Found[] = [];
  let lastEnd = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const { index: start } = match;
    const isApart = start === lastEnd || !before.test(text.slice(start - 1, start));
    const accepted = isApart ? accept(match[0], text.slice(Math.max(lastEnd, start - 48), start)) : null;
    if (accepted === null) {
      pattern.lastIndex = start + 1;
      continue;
    }
    lastEnd = start + accepted.length;
    pattern.lastIndex = lastEnd;
    found.push({ kind, start, end: lastEnd, value: accepted.value });
  }
  return found;
}

/** The longest beginning that is an account number: the words after it may be in capitals too. */
function ibanIn(written: string): { value: string; length: number } | null {
  for (let length = written.length; length >= 15; length--) {
    if (/[A-Z0-9]/.test(written[length] ?? "") || written[length - 1] === " ") continue;
    const value = written.slice(0, length).replaceAll(" ", "");
    if (value.length >= 15 && value.length <= 34 && passesMod97(value)) return { value, length };
  }
  return null;
}

function passesMod97(iban: string): boolean {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0 && /[1-9]/.test(digits);
}

const digitsOf = (text: string): string => text.replace(/\D/g, "");

const DATE = /^\(?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))(?!\d)/;
const YEARS = /^(?:19|20)\d\d *[-/\u2010-\u2015] *(?:19|20)?\d\d$/;
const NORTH_AMERICAN = /^(?:1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}$/;
const SPOKEN_OF =
  /(?:call|text|dial|phone|ring|mobile|cell|tel|telephone|whatsapp|number|contact|fax|sms)(?:'s|:|\.)?(?:\s[\p{L}']{1,12}){0,3}[\s:.("'-]{0,4}$/iu;

/** A number to call, and not a date, a sum, a sequence or an order number. */
function isPhone(written: string, before: string): boolean {
  const digits = digitsOf(written);
  if (digits.length < 7 || digits.length > 15) return false;
  if (DATE.test(written) || YEARS.test(written) || /^\d+\.\d+$/.test(written)) return false;
  const groups = written.match(/\d+/g) ?? [];
  if (groups.slice(1).some((group) => group.length < 2) || groups.length > 6) return false;
  if (written.startsWith("+") || NORTH_AMERICAN.test(written)) return true;
  if (/^\(?0/.test(written) && digits.length >= 9 && !/^[01]+$/.test(digits)) return true;
  return SPOKEN_OF.test(before);
}

/** Four numbers with few digits are a version or a heading. */
function isAddress(written: string): boolean {
  const parts = written.split(".");
  return parts.every((part) => Number(part) <= 255) && parts.join("").length >= 6;
}

const TITLE = /^(?:Dr|Mr|Mrs|Ms|Miss|Prof|Sir|Herr|Frau)\.?$/i;

/** A name as it is written or in capitals; each part with a capital stands for the whole. */
function findNames(text: string, names: readonly string[]): Found[] {
  const spellings = new Map<string, string>();
  for (const name of names) {
    const parts = name.split(/\s+/).filter((part) => part.length >= 3 && /^\p{Lu}/u.test(part));
    for (const spelling of [name.trim(), ...parts.filter((part) => !TITLE.test(part))]) {
      if (spelling === "" || spelling.length > 120) continue;
      for (const form of [spelling, spelling.toUpperCase()])
        if (!spellings.has(form)) spellings.set(form, name);
    }
  }
  if (spellings.size === 0) return [];
  const longestFirst = [...spellings.keys()].sort((a, b) => b.length - a.length);
  const any = longestFirst.map((one) => one.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${any})(?![\\p{L}\\p{N}_])`, "gu");
  return Array.from(text.matchAll(pattern), ({ 0: written, index: start }) => ({
    kind: "name" as const,
    start,
    end: start + written.length,
    value: spellings.get(written) ?? written,
  }));
}
