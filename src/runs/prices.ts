import { GrpoError } from "../library/error.ts";
import type { Price, PriceSource, Prices } from "./price.ts";
import { bundledTable, namesOf, type PriceTable, type Quote, type ServedModel } from "./price-table.ts";
import type { CallUsage } from "./usage.ts";

/** What decides the price of a model's calls. */
export interface PricedModel extends ServedModel {
  /** Runs on this machine: costs nothing. */
  local: boolean;
  /** Its provider is known to put a cost into each response. */
  reportsCost: boolean;
  /** What its provider would say that a call costs, US dollars, where it can be asked beforehand. */
  ownPrice?: (promptTokens: number, completionTokens: number) => number | undefined;
}

export interface PriceBookOptions {
  prices?: Prices | undefined;
  table?: PriceTable;
  /** Under a cap in dollars an unknown price is refused. */
  capped?: boolean;
}

/** What each call costs: the provider's own figure, then the settings, then the table; nothing on this machine. */
export class PriceBook {
  readonly #prices: Prices;
  readonly #table: PriceTable;
  readonly #capped: boolean;
  readonly #used = new Map<string, PriceSource>();
  readonly #quotes = new Map<string, Quote | undefined>();

  constructor({ prices = {}, table = bundledTable, capped = false }: PriceBookOptions = {}) {
    this.#prices = prices;
    this.#table = table;
    this.#capped = capped;
  }

  /** Before a model's first call. @throws GrpoError PRICE_UNKNOWN under a cap in dollars */
  requireKnown(model: PricedModel): void {
    if (!this.#capped || this.#expected(model).from !== "unknown") return;
    throw new GrpoError({
      code: "PRICE_UNKNOWN",
      message: `Nothing tells what a call of ${model.id} costs, so the cost cap could not be kept.`,
      place: `metadata.grpo.prices["${model.id}"]`,
      remedy: `Add it under \`prices:\`, in US dollars per million tokens ("${model.id}": { input: 1, output: 4 }), or as \`reported\` where its provider tells the cost of each call; or run without a cap in dollars.`,
    });
  }

  /**
   * US dollars of one call; null is unknown. `own` is what the provider says it cost.
   * A call that tells no tokens has no price by tokens.
   */
  costOf(model: PricedModel, usage: Omit<CallUsage, "costUsd">, own: unknown): number | null {
    if (typeof own === "number" && Number.isFinite(own) && own >= 0) {
      this.#used.set(model.id, { from: model.local && own === 0 ? "local" : "provider" });
      return own;
    }
    const source = this.#byTokens(model);
    // One call without a figure does not hide where the others' came from.
    if (source.from !== "unknown" || !this.#used.has(model.id)) this.#used.set(model.id, source);
    if (source.from === "local") return 0;
    if (usage.promptTokens + usage.completionTokens === 0) return null;
    return this.#quoteOf(model)?.costOf(usage) ?? null;
  }

  /** What a call of so many tokens would cost; null is unknown before it is made. */
  estimate(model: PricedModel, promptTokens: number, completionTokens: number): number | null {
    const own = model.ownPrice?.(promptTokens, completionTokens);
    if (own !== undefined) return own;
    if (this.#byTokens(model).from === "local") return 0;
    return this.#quoteOf(model)?.costOf({ promptTokens, completionTokens, cachedTokens: 0 }) ?? null;
  }

  /** What was used, by model id. */
  priceSources(): Record<string, PriceSource> {
    return Object.fromEntries(this.#used);
  }

  #expected(model: PricedModel): PriceSource {
    return model.reportsCost || this.#stated(model.id) === "reported"
      ? { from: "provider" }
      : this.#byTokens(model);
  }

  #byTokens(model: PricedModel): PriceSource {
    const stated = this.#stated(model.id);
    if (typeof stated === "object") return { from: "settings", perMillion: stated };
    if (model.local) return { from: "local" };
    const listed = this.#listed(model);
    return listed === undefined
      ? { from: "unknown" }
      : { from: "table", perMillion: listed.perMillion, table: this.#table.version };
  }

  #quoteOf(model: PricedModel): Quote | undefined {
    const stated = this.#stated(model.id);
    return typeof stated === "object" ? quoteOf(stated) : this.#listed(model);
  }

  /** The table is asked once a model. */
  #listed(model: PricedModel): Quote | undefined {
    const key = `${model.id} ${model.url ?? ""}`;
    if (!this.#quotes.has(key)) this.#quotes.set(key, this.#table.lookUp(model));
    return this.#quotes.get(key);
  }

  #stated(id: string): Prices[string] | undefined {
    const name = namesOf(id).find((one) => Object.hasOwn(this.#prices, one));
    return name === undefined ? undefined : this.#prices[name];
  }
}

/** A price that the settings state. */
const quoteOf = (price: Price): Quote => ({
  perMillion: price,
  costOf: ({ promptTokens, completionTokens, cachedTokens }) => {
    const cached = Math.min(cachedTokens, promptTokens);
    const input = (promptTokens - cached) * price.input + cached * (price.cachedInput ?? price.input);
    return (input + completionTokens * price.output) / 1e6;
  },
});
