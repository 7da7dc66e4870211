import { describe, expect, it } from "vitest";
import type { PairedExample } from "../../src/evaluation/arms.ts";
import { libraryCost, priceOfCalls } from "../../src/evaluation/library-cost.ts";
import { estimatedPromptTokens } from "../../src/library/index.ts";
import { PriceBook } from "../../src/runs/prices.ts";
import type { Rollout } from "../../src/suite/rollout.ts";
import { library } from "../library/helpers.ts";
import { pair, rollout } from "../support/rollout-makers.ts";

const LIBRARY = library("- [E1] Name the feeling.\n");
const model = { id: "m", local: false, reportsCost: false };
const price = priceOfCalls(new PriceBook({ prices: { m: { input: 2, output: 100 } } }), model);

/** An answer to a prompt of so many tokens; null: its provider does not tell. */
const asked = (promptTokens: number | null): Rollout => ({
  ...rollout(1),
  ...(promptTokens === null
    ? {}
    : { usage: { promptTokens, completionTokens: 500, cachedTokens: 0, costUsd: 1 } }),
});
const cost = (pairs: PairedExample[], over: Partial<Parameters<typeof libraryCost>[0]> = {}) =>
  libraryCost({ library: LIBRARY, pairs, side: "enhanced", measurable: true, price, ...over });

describe("what a library adds to a call", () => {
  it("is what the provider counted more with it, the same examples compared, whatever was answered", () => {
    const pairs = [
      pair("short", [asked(100), asked(102)], [asked(140), asked(142)]),
      pair("long", [asked(9000)], [asked(9042)]),
    ];
    expect(cost(pairs)).toEqual({ tokens: 41, measured: true, usdPer1000: expect.closeTo(0.082, 9) });
  });

  it("counts the arm that has it, also where that is the first", () => {
    const pairs = [pair("a", asked(140), asked(100))];
    expect(cost(pairs, { side: "baseline" })).toMatchObject({ tokens: 40, measured: true });
  });

  it("leaves out what one arm does not tell, as an answer from promptfoo's cache", () => {
    const pairs = [pair("a", asked(0), asked(140)), pair("b", asked(100), [asked(130), asked(null)])];
    expect(cost(pairs)).toMatchObject({ tokens: 30, measured: true });
  });

  const estimate = estimatedPromptTokens(LIBRARY);
  it.each<[string, PairedExample[], object]>([
    ["no provider tells", [pair("a", asked(null), asked(null))], {}],
    ["the other arm asks another model", [pair("a", asked(100), asked(700))], { measurable: false }],
    ["nothing was rolled out", [], {}],
  ])("is estimated from its text where %s", (_what, pairs, over) => {
    const usdPer1000 = expect.closeTo((estimate * 2) / 1000, 9);
    expect(cost(pairs, over)).toEqual({ tokens: estimate, measured: false, usdPer1000 });
  });

  it("is not known of a library without text where nothing tells", () => {
    expect(cost([pair("a", asked(null), asked(9))], { library: null })).toBeNull();
  });

  it("is nothing for an empty library", () => {
    const empty = { tokens: 0, measured: true, usdPer1000: 0 };
    expect(cost([], { library: library("") })).toEqual(empty);
  });

  it("has no price where the model's is not known, and costs nothing on this machine", () => {
    const pairs = [pair("a", asked(100), asked(140))];
    const of = (local: boolean) => priceOfCalls(new PriceBook(), { ...model, local });
    expect(cost(pairs, { price: of(false) })).toMatchObject({ tokens: 40, usdPer1000: null });
    expect(cost(pairs, { price: of(true) })).toMatchObject({ tokens: 40, usdPer1000: 0 });
  });
});

it("an estimate counts bytes, because other scripts take more tokens a character", () => {
  const of = (text: string) => estimatedPromptTokens({ experiences: [{ id: "E1", text }] });
  const base = of("x");
  expect(of("名前を呼ぶ。".repeat(10)) - base).toBeGreaterThan(2 * (of("abcdef".repeat(10)) - base));
});
