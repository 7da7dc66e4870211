import type { Rollout } from "../suite/rollout.ts";
import { criterionMean, headline, type PairedExample } from "./arms.ts";
import { compareTests, meanOf } from "./sign-flip.ts";

/** What the gate says of a candidate library, with the evidence that the history keeps. */
export interface GateResult {
  accepted: boolean;
  reason: string;
  n: number;
  /** Examples that were to be compared; fewer were when the gate stopped early. */
  planned: number;
  /** The candidate could no longer be accepted, so the rest was not asked. */
  stopped: boolean;
  /** Rollouts without a reward, both libraries together: such a refusal says nothing of the candidate. */
  ungraded: number;
  baseline: number;
  candidate: number;
  mean: number;
  low: number | null;
  high: number | null;
  must: MustPass[];
  /** What the gate said of earlier examples, where a run learns from some only. */
  replay?: Forgetting;
}

/** The gate's look at earlier examples, with those that the candidate does worse on. */
export interface Forgetting extends Omit<GateResult, "replay"> {
  /** The worst first, rewards 0..1. */
  forgotten: { id: string; baseline: number; candidate: number }[];
}

/** A must-pass criterion's mean under both libraries. */
type MustPass = { name: string; baseline: number; candidate: number };

/** What decides: means over the examples that both arms have. No test of significance, so it costs nothing. */
interface Evidence {
  differences: number[];
  baseline: number;
  candidate: number;
  must: MustPass[];
  ungraded: number;
}

const TIE = 1e-9;

/** What a candidate must show: that it is better, or that it is not worse than this, in reward units, and where. */
type Asked = "better" | { margin: number; on?: string };

const placeOf = (asked: Asked): string => (asked === "better" ? "validation" : (asked.on ?? "validation"));

/**
 * Accepts a candidate when its paired mean on validation is above the current library's and no must-pass
 * criterion got worse. Ties are rejected: a change that shows nothing is not worth carrying. Rows that could
 * not be graded reject, because what is missing may be what got worse. With a margin a candidate is accepted
 * that may be as good: its mean loss is at most the margin and one standard error of that mean.
 * @param rest examples that were not asked because the candidate was `hopeless`; any rejects
 */
export function gate(
  pairs: readonly PairedExample[],
  seed: number,
  rest: readonly PairedExample[] = [],
  asked: Asked = "better",
): GateResult {
  const evidence = evidenceOf(pairs);
  const { differences, baseline, candidate, must } = evidence;
  const stopped = rest.length > 0;
  const planned = pairs.length + rest.length;
  const best = stopped ? evidenceOf([...pairs, ...rest.map(atBest)]) : evidence;
  // Before the first example nothing was compared: what is known of the current library is the reason.
  const refused =
    pairs.length === 0 ? refusal(best, asked) : (refusal(evidence, asked) ?? refusal(best, asked));
  const early = `after ${pairs.length} of ${planned} examples: it could no longer be accepted`;
  const { mean, low, high } = compareTests(differences, seed);
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    accepted: refused === undefined && !stopped,
    reason: stopped
      ? [...(refused === undefined ? [] : [refused]), early].join(" ")
      : (refused ??
        `${asked === "better" ? "better" : `no worse than ${asked.margin}`} on ${placeOf(asked)}: ${change(evidence)}`),
    n: differences.length,
    planned,
    stopped,
    ungraded: best.ungraded,
    baseline,
    candidate,
    mean,
    low: finite(low),
    high: finite(high),
    must,
  };
}

/**
 * Whether `gate` would refuse with any margin, whatever the rest turns out to be: for an ungraded rollout or a
 * must-pass criterion. What a standard error will be is not known before the end.
 */
export function hopelessForAny(pairs: readonly PairedExample[], rest: readonly PairedExample[]): boolean {
  const { differences, must, ungraded } = evidenceOf([...pairs, ...rest.map(atBest)]);
  if (ungraded > 0 || differences.length === 0) return true;
  return must.some((one) => one.candidate < one.baseline - 2 * TIE);
}

/**
 * Whether `gate` would refuse whatever the candidate's rollouts of the rest turn out to be: even if each were
 * perfect. Errs towards going on where only rounding decides.
 * @param rest the examples not asked yet, with the current library's rollouts
 */
export function hopeless(pairs: readonly PairedExample[], rest: readonly PairedExample[]): boolean {
  if (hopelessForAny(pairs, rest)) return true;
  const { differences } = evidenceOf([...pairs, ...rest.map(atBest)]);
  // The sum, not the mean: an example whose real rollouts leave nothing to compare would make the mean larger.
  return differences.reduce((sum, one) => sum + one, 0) <= TIE / 2;
}

/** The best that a candidate could do on an example: all that the current library is scored on, perfect. */
function atBest(pair: PairedExample): PairedExample {
  const perfect = (one: Rollout): Rollout => ({
    ...one,
    headline: one.headline === null ? null : 1,
    criteria: one.criteria.map((criterion) => ({
      ...criterion,
      score: criterion.score === null ? null : 1,
    })),
  });
  // Ungraded ones of the current library are counted in its own arm.
  const graded = pair.baseline.filter((one) => one.reward !== null);
  return { ...pair, enhanced: graded.map(perfect) };
}

function evidenceOf(pairs: readonly PairedExample[]): Evidence {
  const scored = bothArms(pairs, headline);
  const rollouts = pairs.flatMap((pair) => [...pair.baseline, ...pair.enhanced]);
  const criteria = rollouts.flatMap((one) => one.criteria);
  const names = new Set(criteria.filter((one) => one.must).map((one) => one.name));
  return {
    differences: scored.map((one) => one.candidate - one.baseline),
    ...meansOf(scored),
    must: [...names].flatMap((name) => {
      const own = bothArms(pairs, (group) => criterionMean(group, name));
      return own.length === 0 ? [] : [{ name, ...meansOf(own) }];
    }),
    ungraded: rollouts.filter((one) => one.reward === null).length,
  };
}

interface Scored {
  baseline: number;
  candidate: number;
}

/** The examples on which both arms have what is asked for. */
function bothArms(
  pairs: readonly PairedExample[],
  scoreOf: (group: readonly Rollout[]) => number | null,
): Scored[] {
  return pairs.flatMap((pair) => {
    const [baseline, candidate] = [scoreOf(pair.baseline), scoreOf(pair.enhanced)];
    return baseline === null || candidate === null ? [] : [{ baseline, candidate }];
  });
}

const meansOf = (scored: readonly Scored[]): Scored => ({
  baseline: meanOf(scored.map((one) => one.baseline)),
  candidate: meanOf(scored.map((one) => one.candidate)),
});

function refusal(evidence: Evidence, asked: Asked): string | undefined {
  const { differences, must, ungraded } = evidence;
  const on = placeOf(asked);
  if (ungraded > 0) return `${ungraded} ${on} rollout${ungraded === 1 ? " is" : "s are"} ungraded`;
  if (differences.length === 0) return `no ${on} example is graded in both arms`;
  const worse = must.find((one) => one.candidate < one.baseline - TIE);
  if (worse !== undefined) {
    return `must-pass criterion ${worse.name} got worse on ${on}: ${worse.baseline.toFixed(2)} -> ${worse.candidate.toFixed(2)}`;
  }
  const mean = meanOf(differences);
  if (asked !== "better") {
    const error = standardError(differences);
    if (mean >= -asked.margin - error - TIE) return undefined;
    return `worse on ${on} by more than ${asked.margin} and a standard error of ${error.toFixed(3)}: ${change(evidence)}`;
  }
  if (mean > TIE) return undefined;
  return `${Math.abs(mean) <= TIE ? "no better" : "worse"} on ${on}: ${change(evidence)}`;
}

const change = ({ baseline, candidate }: Scored): string =>
  `${baseline.toFixed(3)} -> ${candidate.toFixed(3)}`;

/** Of the mean; none is known from one example. */
function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
