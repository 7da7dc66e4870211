import type { LibraryCost } from "../evaluation/report.ts";

/** A mean difference with its interval; the ends are null or infinite when there are too few tests for one. */
export interface IntervalFigures {
  n: number;
  /** Independent units where tests share one; n when it is left out. */
  units?: number;
  mean: number;
  low: number | null;
  high: number | null;
}

/** A signed difference of rewards, for example `+0.42`. */
export const signed = (value: number): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(2)}`;

/** `+0.42 (95 % +0.31 to +0.55)`, or that there are too few tests for an interval. */
export function interval({ mean, low, high, n, units = n }: IntervalFigures): string {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high))
    return `${signed(mean)} (${units} ${units === n ? "tests" : "clusters"} are too few for an interval)`;
  return `${signed(mean)} (95 % ${signed(low)} to ${signed(high)})`;
}

/** `$0.42`, or that it is not known. */
export function dollars(costUsd: number, unpriced: number): string {
  const known = `$${costUsd.toFixed(costUsd < 1 ? 4 : 2)}`;
  return unpriced === 0 ? known : `${known} and ${unpriced} calls of unknown price`;
}

/** `12k tokens in (9000 from the provider's cache), 3400 out`. */
export function tokens(usage: {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}): string {
  const { promptTokens, cachedTokens, completionTokens } = usage;
  const cached = cachedTokens === 0 ? "" : ` (${count(cachedTokens)} from the provider's cache)`;
  return `${count(promptTokens)} tokens in${cached}, ${count(completionTokens)} out`;
}

/** `118 tokens a call, $0.0177 a 1,000 calls`: what a library adds; `~` where it is an estimate. */
export function perCall({ tokens: added, measured, usdPer1000 }: LibraryCost): string {
  const price = usdPer1000 === null ? "" : `, ${dollars(usdPer1000, 0)} a 1,000 calls`;
  return `${measured ? "" : "~"}${added} tokens a call${price}`;
}

/** `3m07s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60
    ? `${seconds}s`
    : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

/** `1.2M`, `34k`, `560`. */
export function count(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  return value >= 1e4 ? `${Math.round(value / 1e3)}k` : String(value);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|\ufe0f|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;

/** Columns of a terminal that the text takes: two for Chinese, Japanese, Korean and emoji. */
function cells(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Rows of cells as aligned columns; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) =>
    all.reduce((widest, row) => Math.max(widest, cells(row[column] ?? "")), 0),
  );
  const numeric = (cell: string): boolean => /^[-+]?[\d.]/.test(cell);
  const padded = (cell: string, column: number): string => {
    const space = " ".repeat(Math.max(0, (widths[column] ?? 0) - cells(cell)));
    return numeric(cell) ? `${space}${cell}` : `${cell}${space}`;
  };
  return all.map((row) => `  ${row.map(padded).join("  ").trimEnd()}`).join("\n");
}
