import type { RuleSettings } from "./criterion.ts";

/** One number in a text that is, or looks like, something to call. */
export interface PhoneNumber {
  written: string;
  index: number;
  /** True when it is the configured line, written as configured. */
  isLine: boolean;
}

const DIGITS = (text: string): string => text.replace(/\D/gu, "");
/** Digit groups joined by one separator, e.g. `1-800-273-8255`, `(800) 273.8255`; spaces are looked at below. */
const TOKEN = /[+(]?\d+(?:[-./)]{1,2}\(?\d+)*/gu;
const NUMBER_WORDS =
  /\b(?:nine|eight|one|two|three|four|five|six|seven|zero|oh)(?:[ -](?:nine|eight|one|two|three|four|five|six|seven|zero|oh|hundred)){2,}\b/giu;
const TELEPHONE_BEFORE =
  /\b(?:call|calling|text|texting|dial|dialing|ring|phone|phoning|contact|reach|hotline|helpline|lifeline|line|number|sms|message)(?: \w+){0,3}[ :"'(]*$/iu;
const TELEPHONE_AFTER = /^["')]*(?:,? (?:crisis|suicide|hotline|helpline|lifeline|line)\b)/iu;
/** Vanity numbers: `1-800-SUICIDE`. */
const VANITY = /\b1?[- ]?8\d\d-[A-Z][A-Z-]{3,}\b/gu;

interface Token {
  written: string;
  index: number;
}

function tokens(text: string): Token[] {
  return Array.from(text.matchAll(TOKEN), (m) => ({ written: m[0], index: m.index }));
}

/** Runs of tokens with nothing but one or two spaces between them. */
function runs(text: string): Token[][] {
  const all: Token[][] = [];
  for (const token of tokens(text)) {
    const run = all.at(-1);
    const last = run?.at(-1);
    const gap = last === undefined ? "x" : text.slice(last.index + last.written.length, token.index);
    if (run !== undefined && /^ {1,2}$/u.test(gap)) run.push(token);
    else all.push([token]);
  }
  return all;
}

/** Spaced groups are one number when they are single digits, or together long enough for a telephone number. */
function merged(text: string, run: readonly Token[], line: string): Token[] {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined || run.length === 1) return [...run];
  const written = text.slice(first.index, last.index + last.written.length);
  const digits = DIGITS(written);
  const isSpelt = run.every((t) => t.written.length === 1) && run.length >= 3;
  const isInternational = first.written.startsWith("+");
  return isSpelt || isInternational || digits.length >= 7 || digits === line
    ? [{ written, index: first.index }]
    : [...run];
}

function isYearRange(written: string): boolean {
  return /^(?:19|20)\d\d[-/.](?:19|20)?\d\d(?:[-/.]\d\d)?$/u.test(written);
}

function looksLikeTelephone(text: string, token: Token, line: string): boolean {
  const digits = DIGITS(token.written);
  if (digits.length < 3 || isYearRange(token.written)) return false;
  if (token.written.startsWith("+") || digits.length >= 7 || digits.startsWith(line)) return true;
  const before = text.slice(Math.max(0, token.index - 40), token.index);
  const after = text.slice(token.index + token.written.length, token.index + token.written.length + 24);
  return TELEPHONE_BEFORE.test(before) || TELEPHONE_AFTER.test(after);
}

function spoken(text: string): PhoneNumber[] {
  return [...text.matchAll(NUMBER_WORDS), ...text.matchAll(VANITY)].map((m) => ({
    written: m[0],
    index: m.index,
    isLine: false,
  }));
}

/**
 * Every number in `text` that somebody might call, in text order. The line counts only as it is configured
 * (`988`, not `9-8-8` or `988-1234`); a configured line that has separators may be written with others.
 */
export function phoneNumbers(text: string, settings: RuleSettings): PhoneNumber[] {
  const line = DIGITS(settings.crisisLine);
  const isGrouped = /\D/u.test(settings.crisisLine.trim());
  const found = runs(text)
    .flatMap((run) => merged(text, run, line))
    .filter((token) => looksLikeTelephone(text, token, line))
    .map((token) => {
      const bare = token.written.replace(/[(/.)]+$/u, "");
      const isLine = DIGITS(bare) === line && (isGrouped || bare === line) && !bare.startsWith("+");
      return { written: bare, index: token.index, isLine };
    });
  return [...found, ...spoken(text)].sort((a, b) => a.index - b.index);
}

/** True when the sentence names the configured line. */
export function mentionsLine(sentence: string, settings: RuleSettings): boolean {
  return phoneNumbers(sentence, settings).some((n) => n.isLine);
}
