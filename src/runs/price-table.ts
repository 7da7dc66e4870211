import { calcPrice } from "@pydantic/genai-prices";
import type { CallUsage } from "./usage.ts";

/** US dollars per million tokens. */
interface Rates {
  input: number;
  output: number;
}

/** What a table knows of one model. */
export interface Quote {
  /** Of a short call; longer ones may cost more a token. */
  perMillion: Rates;
  /** US dollars of one call. */
  costOf(usage: Omit<CallUsage, "costUsd">): number;
}

/** Where a model is served: without one of them a name alone does not tell whose price counts. */
export interface ServedModel {
  id: string;
  /** Address of its API. */
  url?: string | undefined;
}

/** A maintained table of prices, with the version that goes into the manifest. */
export interface PriceTable {
  version: string;
  lookUp(model: ServedModel): Quote | undefined;
}

/** promptfoo's names of vendors whose providers do not tell their address, by the table's names. */
const VENDORS: Record<string, string> = {
  anthropic: "anthropic",
  bedrock: "aws",
  cohere: "cohere",
  google: "google",
  mistral: "mistral",
  vertex: "google",
};

/** `@pydantic/genai-prices` as it was shipped: its updates over the network are never switched on. */
export const bundledTable: PriceTable = {
  version: "@pydantic/genai-prices 0.1.8",
  lookUp: ({ id, url }) => {
    const [vendor = "", ...rest] = id.split(":");
    const where = url === undefined ? { providerId: VENDORS[vendor] } : { providerApiUrl: url };
    if (url === undefined && where.providerId === undefined) return undefined;
    const names = url === undefined ? rest.map((_, from) => rest.slice(from).join(":")) : namesOf(id);
    const name = names.find((one) => priceOf(one, where, 1, 1, 0) !== undefined);
    if (name === undefined) return undefined;
    const cost = (input: number, output: number, cached: number): number =>
      priceOf(name, where, input, output, cached) ?? 0;
    return {
      // A thousand tokens: below the length at which some models cost more.
      perMillion: { input: cost(1000, 0, 0) * 1000, output: cost(0, 1000, 0) * 1000 },
      costOf: ({ promptTokens, completionTokens, cachedTokens }) =>
        cost(promptTokens, completionTokens, Math.min(cachedTokens, promptTokens)),
    };
  },
};

/** `openai:chat:gpt-5` is also `chat:gpt-5` and `gpt-5`; the longest name that is listed counts. */
export function namesOf(id: string): string[] {
  const parts = id.split(":");
  return parts.map((_, from) => parts.slice(from).join(":"));
}

type Where = { providerId?: string | undefined } | { providerApiUrl: string };

function priceOf(
  name: string,
  where: Where,
  input: number,
  output: number,
  cached: number,
): number | undefined {
  const usage = { input_tokens: input, output_tokens: output, cache_read_tokens: cached };
  const options = "providerApiUrl" in where ? where : { providerId: where.providerId ?? "" };
  return calcPrice(usage, name, options)?.total_price;
}
