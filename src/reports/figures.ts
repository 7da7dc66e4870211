import type { PairedComparison } from "../evaluation/sign-flip.ts";

/** A signed difference of rewards, for example `+0.42`. */
export const signed = (value: number): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(2)}`;

/** `+0.42 (95 % +0.31 to +0.55)`, or that there are too few tests for an interval. */
export function interval({ mean, low, high, n }: PairedComparison): string {
  if (!Number.isFinite(low) || !Number.isFinite(high))
    return `${signed(mean)} (${n} tests are too few for an interval)`;
  return `${signed(mean)} (95 % ${signed(low)} to ${signed(high)})`;
}

/** `$0.42`, or that it is not known. */
export function dollars(costUsd: number, unpriced: number): string {
  const known = `$${costUsd.toFixed(costUsd < 1 ? 4 : 2)}`;
  return unpriced === 0 ? known : `${known} and ${unpriced} calls of unknown price`;
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

/** Rows of cells as aligned columns; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const numeric = (cell: string): boolean => /^[-+]?[\d.]/.test(cell);
  return all
    .map((row) =>
      row
        .map((cell, i) => (numeric(cell) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join("\n");
}
