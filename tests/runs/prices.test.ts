import { describe, expect, it } from "vitest";
import { PriceBook, type PricedModel, type PriceTable } from "../../src/runs/prices.ts";
import { grpoErrorOf } from "../support/refusals.ts";

const model = (id: string, more: Partial<PricedModel> = {}): PricedModel => ({
  id,
  local: false,
  reportsCost: false,
  ...more,
});
const table: PriceTable = {
  version: "t-1",
  lookUp: (name) => (name === "gpt-5" ? { input: 1, output: 10 } : undefined),
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
