import type { Comparison } from "../evaluation/report.ts";
import { interval, signed } from "./figures.ts";
import { html } from "./html.ts";

/** Reward difference per side of zero that a chart spans: the widest end, rounded up to a tenth. */
export function reach(comparisons: readonly Comparison[]): number {
  const ends = comparisons.flatMap(({ low, high, mean }) => [low ?? mean, high ?? mean]);
  const widest = ends.reduce((most, one) => Math.max(most, Math.abs(one)), 0.05);
  return Math.ceil(widest * 10 - 1e-9) / 10;
}

const at = (value: number, span: number, width: number, margin: number): number =>
  Math.round((margin + ((value + span) / (2 * span)) * (width - 2 * margin)) * 10) / 10;

const tone = ({ low, high }: Comparison): string => {
  if (low !== null && low > 0) return "better";
  return high !== null && high < 0 ? "worse" : "open";
};

/** The interval of the mean difference around zero, with its figures as text. */
export function intervalChart(comparison: Comparison): string {
  const { mean, low, high } = comparison;
  const span = reach([comparison]);
  const x = (value: number): number => at(value, span, 320, 24);
  const label = `Mean difference ${interval(comparison)}`;
  const bar =
    low === null || high === null ? "" : `<line class="bar" x1="${x(low)}" x2="${x(high)}" y1="26" y2="26"/>`;
  const tick = (value: number, y: number, kind: string): string =>
    `<text class="${kind}" x="${x(value)}" y="${y}">${signed(value)}</text>`;
  const ends =
    low === null || high === null
      ? ""
      : `<line class="end" x1="${x(low)}" x2="${x(low)}" y1="20" y2="32"/><line class="end" x1="${x(high)}" x2="${x(high)}" y1="20" y2="32"/>`;
  return `<svg class="chart ${tone(comparison)}" viewBox="0 0 320 64" role="img" aria-label="${html(label)}">
<line class="axis" x1="24" x2="296" y1="44" y2="44"/><line class="zero" x1="${x(0)}" x2="${x(0)}" y1="14" y2="44"/>
${bar}${ends}<circle class="dot" cx="${x(mean)}" cy="26" r="5"/>
${tick(mean, 11, "mean")}${tick(-span, 59, "tick")}<text class="tick" x="${x(0)}" y="59">0, no change</text>${tick(span, 59, "tick")}
</svg>`;
}

/** The same for a table's row, on a scale that the whole table shares; its figures stand beside it. */
export function intervalMark(comparison: Comparison, span: number): string {
  const { mean, low, high } = comparison;
  const x = (value: number): number => at(value, span, 120, 6);
  const bar =
    low === null || high === null ? "" : `<line class="bar" x1="${x(low)}" x2="${x(high)}" y1="10" y2="10"/>`;
  return `<svg class="mark ${tone(comparison)}" viewBox="0 0 120 20" width="120" height="20" aria-hidden="true"><line class="zero" x1="${x(0)}" x2="${x(0)}" y1="1" y2="19"/>${bar}<circle class="dot" cx="${x(mean)}" cy="10" r="4"/></svg>`;
}
