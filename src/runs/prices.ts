import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import type { CallUsage } from "./usage.ts";

const dollars = z.number().nonnegative();
/** US dollars per million tokens. */
export const PriceSchema = z.strictObject({
  input: dollars,
  output: dollars,
  cachedInput: dollars.optional().describe("Of input that the provider had cached; default: as input."),
});
export type Price = z.infer<typeof PriceSchema>;

/** Prices by model id, or by the part of it that names the model; `reported`: each call's response says its cost. */
export const PricesSchema = z.record(z.string().min(1), z.union([PriceSchema, z.literal("reported")]));
export type Prices = z.infer<typeof PricesSchema>;

/** A maintained table of prices, with the version that goes into the manifest. */
export interface PriceTable {
  version: string;
  lookUp(model: string): Price | undefined;
}

/**
 * The seam for a table such as `@pydantic/genai-prices`: none is bundled yet, so a model is priced by its
 * provider or by settings. A table is read as it was shipped, never updated over the network.
 */
export function bundledTable(): PriceTable | undefined {
  return undefined;
}

/** What decides the price of a model's calls. */
export interface PricedModel {
  id: string;
  /** Runs on this machine: costs nothing. */
  local: boolean;
  /** Its provider is known to put a cost into each response. */
  reportsCost: boolean;
}

/** Where the price of a model's calls came from, for the manifest. */
export interface PriceSource {
  from: "provider" | "settings" | "table" | "local" | "unknown";
  perMillion?: Price;
  /** Version of the table. */
  table?: string;
}

export interface PriceBookOptions {
  prices?: Prices | undefined;
  table?: PriceTable | undefined;
  /** Under a cap in dollars an unknown price is refused. */
  capped?: boolean;
}

/** What each call costs: the provider's own figure, then the settings, then the table; nothing on this machine. */
export class PriceBook {
  readonly #prices: Prices;
  readonly #table: PriceTable | undefined;
  readonly #capped: boolean;
  readonly #used = new Map<string, PriceSource>();

  constructor({ prices = {}, table = bundledTable(), capped = false }: PriceBookOptions = {}) {
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
    const { perMillion: price } = source;
    if (price === undefined || usage.promptTokens + usage.completionTokens === 0) return null;
    const cached = Math.min(usage.cachedTokens, usage.promptTokens);
    const input = (usage.promptTokens - cached) * price.input + cached * (price.cachedInput ?? price.input);
    return (input + usage.completionTokens * price.output) / 1e6;
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
    for (const name of namesOf(model.id)) {
      const price = this.#table?.lookUp(name);
      if (this.#table !== undefined && price !== undefined)
        return { from: "table", perMillion: price, table: this.#table.version };
    }
    return { from: "unknown" };
  }

  #stated(id: string): Prices[string] | undefined {
    const name = namesOf(id).find((one) => Object.hasOwn(this.#prices, one));
    return name === undefined ? undefined : this.#prices[name];
  }
}

/** `openai:chat:gpt-5` is also `chat:gpt-5` and `gpt-5`; the longest name that is listed counts. */
function namesOf(id: string): string[] {
  const parts = id.split(":");
  return parts.map((_, from) => parts.slice(from).join(":"));
}
