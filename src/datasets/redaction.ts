import { type Found, findShapes, phonesIn, type ShapeKind } from "../library/shapes.ts";

export interface RedactionOptions {
  /** Names of people, as they are written. */
  names?: readonly string[];
  /** Telephone numbers, digits alone, that are content: those of the dataset's own good replies. */
  phones?: ReadonlySet<string>;
}

/** How many things of a kind were taken out. */
export type RedactionCounts = Partial<Record<ShapeKind, number>>;

/** The texts of one document: the same thing has the same placeholder in all of them. */
export interface Redaction {
  redact(text: string): string;
  readonly counts: RedactionCounts;
}

const PLACEHOLDER = /\[(secret|email|iban|card|phone|ip|name)-(\d{1,6})\]/g;

/** A toll-free number belongs to an organisation, mostly a line that helps. */
const TOLL_FREE = /^(?:1?8(?:00|33|44|55|66|77|88)\d{7}|0080\d+|080[08]\d+|4480[08]\d+)$/;

/**
 * Takes secrets and personal data out of texts and puts `[email-1]`, `[phone-1]`, `[name-1]` in their place;
 * everything else stays byte for byte. What has been redacted stays as it is when it is redacted again.
 * Crisis lines are content: short numbers, toll-free ones and `options.phones` stay.
 */
export function openRedaction(options: RedactionOptions = {}): Redaction {
  const counts: RedactionCounts = {};
  const numbers = new Map<string, number>();
  const used = new Map<string, number>();
  const { phones = new Set(), ...names } = options;
  const isContent = ({ kind, value }: Found): boolean =>
    kind === "phone" && (phones.has(value) || TOLL_FREE.test(value));
  const numberOf = ({ kind, value }: Found): number => {
    const key = `${kind} ${value}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const next = (used.get(kind) ?? 0) + 1;
    used.set(kind, next);
    numbers.set(key, next);
    return next;
  };
  const segment = (text: string): string => {
    let at = 0;
    let out = "";
    for (const found of findShapes(text, names)) {
      if (isContent(found)) continue;
      counts[found.kind] = (counts[found.kind] ?? 0) + 1;
      out += `${text.slice(at, found.start)}[${found.kind}-${numberOf(found)}]`;
      at = found.end;
    }
    return out + text.slice(at);
  };
  const once = (text: string): string => {
    let at = 0;
    let out = "";
    for (const { 0: placeholder, index } of text.matchAll(PLACEHOLDER)) {
      out += segment(text.slice(at, index)) + placeholder;
      at = index + placeholder.length;
    }
    return out + segment(text.slice(at));
  };
  return {
    counts,
    redact: (text) => {
      for (const [, kind = "", number] of text.matchAll(PLACEHOLDER))
        used.set(kind, Math.max(used.get(kind) ?? 0, Number(number)));
      // What was taken out may have stood in the way of what stands beside it.
      let [before, after] = [text, once(text)];
      while (after !== before) [before, after] = [after, once(after)];
      return after;
    },
  };
}

/** One text by itself. */
export const redact = (text: string, options: RedactionOptions = {}): string =>
  openRedaction(options).redact(text);

/** Telephone numbers that texts of the user's own name. */
export const phonesOf = (texts: Iterable<string>): Set<string> => new Set([...texts].flatMap(phonesIn));

const NAMES: Record<ShapeKind, string> = {
  secret: "key",
  email: "e-mail",
  iban: "account number",
  card: "card number",
  phone: "phone number",
  ip: "network address",
  name: "name",
};

/** `12 e-mails, 3 phone numbers`; `nothing` for none. */
export function describeCounts(counts: RedactionCounts): string {
  const parts = (Object.keys(NAMES) as ShapeKind[]).flatMap((kind) => {
    const count = counts[kind] ?? 0;
    return count === 0 ? [] : [`${count} ${NAMES[kind]}${count === 1 ? "" : "s"}`];
  });
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
