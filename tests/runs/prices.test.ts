import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bundledTable, namesOf, type PriceTable, type ServedModel } from "../../src/runs/price-table.ts";
import { PriceBook, type PricedModel } from "../../src/runs/prices.ts";
import { grpoErrorOf } from "../support/refusals.ts";

const model = (id: string, more: Partial<PricedModel> = {}): PricedModel => ({
  id,
  local: false,
  reportsCost: false,
  ...more,
});
const table: PriceTable = {
  version: "t-1",
  lookUp: ({ id }) =>
    namesOf(id).includes("gpt-5")
      ? {
          perMillion: { input: 1, output: 10 },
          costOf: ({ promptTokens, completionTokens }) => (promptTokens + 10 * completionTokens) / 1e6,
        }
      : undefined,
};
const prices = { "gpt-5": { input: 2, output: 20, cachedInput: 0.5 }, "custom:x": "reported" } as const;
const tokens = { promptTokens: 1_000_000, completionTokens: 100_000, cachedTokens: 0 };

describe("what a call costs", () => {
  it.each<[string, PriceBook, PricedModel, Partial<typeof tokens>, unknown, number | null]>([
    ["the provider's own figure first", new PriceBook({ prices, table }), model("openai:gpt-5"), {}, 7, 7],
    ["an own figure of nothing", new PriceBook({ prices, table }), model("openai:gpt-5"), {}, 0, 0],
    ["then the settings", new PriceBook({ prices, table }), model("openai:chat:gpt-5"), {}, undefined, 4],
    [
      "cached input at its price",
      new PriceBook({ prices }),
      model("gpt-5"),
      { cachedTokens: 400_000 },
      undefined,
      3.4,
    ],
    ["then the table", new PriceBook({ table }), model("openai:chat:gpt-5"), {}, undefined, 2],
    [
      "cached input as input where no price is given",
      new PriceBook({ table }),
      model("gpt-5"),
      { cachedTokens: 5 },
      undefined,
      2,
    ],
    [
      "nothing on this machine",
      new PriceBook({ table }),
      model("ollama:gpt-5", { local: true }),
      {},
      undefined,
      0,
    ],
    ["unknown else", new PriceBook({ prices, table }), model("openai:gpt-6"), {}, undefined, null],
    [
      "unknown where a figure was promised",
      new PriceBook({ prices }),
      model("custom:x"),
      {},
      undefined,
      null,
    ],
    ["an own figure that is none", new PriceBook({ prices }), model("openai:gpt-6"), {}, Number.NaN, null],
    ["a negative one", new PriceBook({ prices }), model("openai:gpt-6"), {}, -1, null],
    [
      "unknown where no tokens are told",
      new PriceBook({ prices }),
      model("gpt-5"),
      { promptTokens: 0, completionTokens: 0 },
      undefined,
      null,
    ],
    ["no model is called constructor", new PriceBook({ prices }), model("constructor"), {}, undefined, null],
  ])("%s", (_what, book, priced, used, own, expected) => {
    const cost = book.costOf(priced, { ...tokens, ...used }, own);
    if (expected === null) expect(cost).toBeNull();
    else expect(cost).toBeCloseTo(expected, 9);
  });

  it("is kept with where it came from", () => {
    const book = new PriceBook({ prices, table });
    book.costOf(model("openai:gpt-5"), tokens, undefined);
    book.costOf(model("custom:x"), tokens, 1);
    book.costOf(model("custom:x"), tokens, undefined);
    book.costOf(model("ollama:y", { local: true }), tokens, 0);
    book.costOf(model("other"), tokens, undefined);
    expect(book.priceSources()).toEqual({
      "openai:gpt-5": { from: "settings", perMillion: prices["gpt-5"] },
      "custom:x": { from: "provider" },
      "ollama:y": { from: "local" },
      other: { from: "unknown" },
    });
    const fromTable = new PriceBook({ table });
    fromTable.costOf(model("gpt-5"), tokens, undefined);
    expect(fromTable.priceSources()["gpt-5"]).toEqual({
      from: "table",
      perMillion: { input: 1, output: 10 },
      table: "t-1",
    });
  });
});

describe("the bundled table", () => {
  it.each<[string, ServedModel, "known" | "unknown"]>([
    [
      "a model at its vendor's address",
      { id: "openai:chat:gpt-5-mini", url: "https://api.openai.com/v1" },
      "known",
    ],
    ["a plain name at an address", { id: "gpt-5-mini", url: "https://api.openai.com/v1" }, "known"],
    [
      "a reseller's name",
      { id: "openrouter:openai/gpt-5-mini", url: "https://openrouter.ai/api/v1" },
      "known",
    ],
    ["a vendor by promptfoo's name", { id: "anthropic:messages:claude-sonnet-4-5" }, "known"],
    ["a colon in a name", { id: "bedrock:anthropic.claude-3-5-haiku-20241022-v1:0" }, "known"],
    [
      "the same name on another server",
      { id: "openai:chat:gpt-5-mini", url: "http://127.0.0.1:8080/v1" },
      "unknown",
    ],
    ["a name alone", { id: "gpt-5-mini" }, "unknown"],
    ["a model that nobody lists", { id: "openai:chat:gpt-99", url: "https://api.openai.com/v1" }, "unknown"],
    [
      "somebody's fine-tuned model",
      { id: "openai:chat:ft:gpt-4o-mini:me", url: "https://api.openai.com/v1" },
      "unknown",
    ],
    ["a custom provider", { id: "file://agent.mjs" }, "unknown"],
  ])("%s", (_what, served, expected) => {
    const quote = bundledTable.lookUp(served);
    expect(quote === undefined ? "unknown" : "known").toBe(expected);
    if (quote === undefined) return;
    const { input, output } = quote.perMillion;
    expect(input).toBeGreaterThan(0);
    expect(quote.costOf({ promptTokens: 2000, completionTokens: 500, cachedTokens: 0 })).toBeCloseTo(
      (2000 * input + 500 * output) / 1e6,
      9,
    );
    expect(quote.costOf({ promptTokens: 2000, completionTokens: 0, cachedTokens: 9999 })).toBeLessThan(
      (2000 * input) / 1e6,
    );
  });

  it("names the version that is installed", () => {
    const installed = new URL("../../node_modules/@pydantic/genai-prices/package.json", import.meta.url);
    const { name, version } = JSON.parse(readFileSync(installed, "utf8")) as Record<string, string>;
    expect(bundledTable.version).toBe(`${name} ${version}`);
  });
});

describe("before a model's first call under a cap in dollars", () => {
  const book = new PriceBook({ prices, table, capped: true });
  it.each<[string, PricedModel]>([
    ["a price of the settings", model("openai:responses:gpt-5")],
    ["a provider that tells, by the settings", model("custom:x")],
    ["a provider that tells, by itself", model("openai:gpt-6", { reportsCost: true })],
    ["a model on this machine", model("ollama:y", { local: true })],
  ])("%s will do", (_what, priced) => {
    expect(() => book.requireKnown(priced)).not.toThrow();
  });

  it("nothing at all is refused, naming the model and `prices:`", async () => {
    const error = await grpoErrorOf(() => book.requireKnown(model("openai:gpt-6")));
    expect(error).toMatchObject({
      code: "PRICE_UNKNOWN",
      exitCode: 3,
      place: 'metadata.grpo.prices["openai:gpt-6"]',
    });
    expect(error.describe()).toMatch(/openai:gpt-6.*`prices:`/);
  });

  it("without one nobody asks", () => {
    expect(() => new PriceBook().requireKnown(model("openai:gpt-6"))).not.toThrow();
  });
});
