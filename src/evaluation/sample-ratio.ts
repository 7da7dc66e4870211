import type { OutcomeArm } from "./outcomes-report.ts";

/** Below this probability of chance alone the assignment itself is in doubt. */
const DOUBTFUL = 0.001;

/**
 * Whether the arms got other numbers of conversations than they were to get (a sample ratio mismatch): then something
 * besides chance decides who is served what, or which conversations are logged, and means cannot be compared.
 * @param shares of the conversations, by arm; half each when it is left out
 */
export function imbalance(
  [one, two]: readonly [OutcomeArm, OutcomeArm],
  shares: readonly [number, number] = [1, 1],
): string[] {
  const total = one.conversations + two.conversations;
  const expected = shares[0] / (shares[0] + shares[1]);
  if (total === 0) return [];
  const z = (one.conversations - total * expected) / Math.sqrt(total * expected * (1 - expected));
  if (twoSidedNormal(z) >= DOUBTFUL) return [];
  return [
    `${one.label} served ${one.conversations} conversations and ${two.label} ${two.conversations}, where ${(100 * expected).toFixed(0)} % and ${(100 - 100 * expected).toFixed(0)} % were meant (chance alone: less than 1 in 1,000); say what was meant with --shares`,
  ];
}

/** The probability of a normal value at least this far from zero (Abramowitz and Stegun 7.1.26, error below 2e-7). */
function twoSidedNormal(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const terms = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  return terms.reduce((sum, one) => (sum + one) * t, 0) * Math.exp(-x * x);
}
