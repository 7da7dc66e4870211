/** Units as servers and their error texts write them, in milliseconds. */
const UNITS: readonly [RegExp, number][] = [
  [/^(ms|milli)/i, 1],
  [/^s/i, 1000],
  [/^m/i, 60_000],
  [/^h/i, 3_600_000],
];
const UNIT = "(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h)";
const SPAN = new RegExp(`(\\d+(?:\\.\\d+)?)\\s*(${UNIT})?(?![a-z])`, "gi");
/** "retry after 7s", "Please try again in 1m30.5s", "resets in 20 seconds", "retry-after: 3". */
const HINT = new RegExp(
  `(?:retry[- ]after|try again (?:in|after)|retry in|resets? in)["':=\\s]{0,4}((?:\\d+(?:\\.\\d+)?\\s*${UNIT}?\\s*)+)(?![a-z0-9])`,
  "i",
);

/**
 * How long a server asks to wait, in milliseconds from `now` (Unix milliseconds): a `retry-after-ms` or
 * `Retry-After` header (seconds or a date), else what the error's text says. Undefined where nothing tells.
 */
export function retryAfterOf(headers: unknown, text: string, now: number): number | undefined {
  const named = headerReader(headers);
  const milliseconds = Number(named("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  const header = named("retry-after");
  return (header === undefined ? undefined : parseRetryAfter(header, now)) ?? spanIn(text);
}

/** The value of a Retry-After header: whole or decimal seconds, or a date; a date that is past is 0. */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // Date.parse takes "-5" for a year: a date has a month's name, or is written as ISO 8601.
  const date = /[a-z]{3}|\d{4}-\d\d-\d\d/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(date) ? Math.max(0, date - now) : undefined;
}

function spanIn(text: string): number | undefined {
  const found = HINT.exec(text)?.[1];
  if (found === undefined) return undefined;
  let sum = 0;
  for (const [, amount, unit] of found.matchAll(SPAN)) {
    const factor = UNITS.find(([name]) => name.test(unit ?? "s"))?.[1] ?? 1000;
    sum += Number(amount) * factor;
  }
  return sum;
}

/** Headers as promptfoo gives them (a plain object, any case) or as fetch does. */
function headerReader(headers: unknown): (name: string) => string | undefined {
  if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
  if (typeof headers !== "object" || headers === null) return () => undefined;
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  return (name) => lower.get(name);
}
