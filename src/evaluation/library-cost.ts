import { estimatedPromptTokens, type LibraryDocument } from "../library/index.ts";
import type { PriceBook, PricedModel } from "../runs/prices.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { PairedExample } from "./arms.ts";
import type { LibraryCost } from "./report.ts";

/** A call whose size nothing tells: only models that cost more when calls are long make a difference of it. */
const CALL = { prompt: 1000, completion: 300 };

/** The price of a call of so many tokens, US dollars; null where it is not known. */
export type CallPrice = (promptTokens: number, completionTokens: number) => number | null;

export interface LibraryCostInput {
  /** Null where its text is not at hand. */
  library: LibraryDocument | null;
  pairs: readonly PairedExample[];
  /** The arm that has the library. */
  side: "baseline" | "enhanced";
  /** The other arm asks the same model with the same prompt, and no library. */
  measurable: boolean;
  price?: CallPrice | undefined;
}

/**
 * What a library adds to each call in production: the prompt tokens that the provider counted more with it than
 * without, else an estimate from its text. Null where neither can be had.
 */
export function libraryCost(input: LibraryCostInput): LibraryCost | null {
  const { library, pairs, side, measurable, price } = input;
  if (library?.experiences.length === 0) return { tokens: 0, measured: true, usdPer1000: 0 };
  const other = side === "baseline" ? "enhanced" : "baseline";
  const measured = measurable ? meanOf(pairs.flatMap((pair) => addedTokens(pair[side], pair[other]))) : null;
  const tokens = measured ?? (library === null ? null : estimatedPromptTokens(library));
  if (tokens === null) return null;
  const without = pairs.flatMap((pair) => pair[other]);
  const prompt = measurable ? (meanPromptTokens(without) ?? CALL.prompt) : CALL.prompt;
  const dollars = (promptTokens: number): number | null => price?.(promptTokens, CALL.completion) ?? null;
  const [less, more] = [dollars(prompt), dollars(prompt + tokens)];
  return {
    tokens: Math.max(0, Math.round(tokens)),
    measured: measured !== null,
    usdPer1000: less === null || more === null ? null : Math.max(0, more - less) * 1000,
  };
}

/** What a model's calls cost, as far as the book tells beforehand. */
export const priceOfCalls =
  (prices: PriceBook, model: PricedModel): CallPrice =>
  (promptTokens, completionTokens) =>
    prices.estimate(model, promptTokens, completionTokens);

/** Of one example, where both arms tell. */
function addedTokens(own: readonly Rollout[], other: readonly Rollout[]): number[] {
  const [more, less] = [meanPromptTokens(own), meanPromptTokens(other)];
  return more === null || less === null ? [] : [more - less];
}

/** Of the calls whose provider tells it: an answer from promptfoo's cache does not. */
const meanPromptTokens = (rollouts: readonly Rollout[]): number | null =>
  meanOf(rollouts.flatMap(({ usage }) => (usage === undefined ? [] : usage.promptTokens || [])));

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
