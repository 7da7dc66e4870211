import type { Tokens } from "../optimizer/plan.ts";
import type { PriceBook, PricedModel } from "../runs/prices.ts";

/** What a model is going to be asked, all its calls together. */
export interface PlannedCalls {
  model: PricedModel;
  calls: number;
  tokens: Tokens;
}

/** What planned calls will cost, as far as prices are known: a guessed price is worse than none. */
export function plannedDollars(
  planned: readonly PlannedCalls[],
  prices: PriceBook,
  cap: number | undefined,
): string {
  const costs = planned.map(({ model, calls, tokens }) => ({
    model,
    usd: costOf(prices, model, calls, tokens),
  }));
  const known = costs.reduce((sum, { usd }) => sum + (usd ?? 0), 0);
  const unknown = [...new Set(costs.filter(({ usd }) => usd === null).map(({ model }) => model.id))];
  const parts = [
    ...(known > 0 ? [`about $${known.toFixed(2)}`] : []),
    ...(unknown.length > 0 ? [`unknown for ${unknown.join(" and ")} (\`prices:\` in the settings)`] : []),
  ];
  const limit = cap === undefined ? "no cap (--max-cost)" : `cap $${cap}`;
  return `${parts.length === 0 ? "none: the models run on this machine" : parts.join(", ")}; ${limit}`;
}

/** Call by call, because long calls may cost more a token. */
function costOf(prices: PriceBook, model: PricedModel, calls: number, tokens: Tokens): number | null {
  if (calls === 0) return 0;
  const one = prices.estimate(model, tokens.promptTokens / calls, tokens.completionTokens / calls);
  return one === null ? null : one * calls;
}
