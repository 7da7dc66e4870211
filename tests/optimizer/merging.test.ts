import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Advantage } from "../../src/optimizer/advantage.ts";
import { type AskMerge, MergeSchema, mergeCalls, merged } from "../../src/optimizer/merging.ts";
import { planTraining } from "../../src/optimizer/plan.ts";
import { loadSuite } from "../../src/suite/suite.ts";
import { workspace } from "../support/workspace.ts";

const principle = (index: number, text = `Say thing number ${index}.`): Advantage => ({
  text,
  exampleIds: [`q${index}`],
  draw: 0,
});
const principles = (n: number): Advantage[] => Array.from({ length: n }, (_, index) => principle(index));

/** A learner that makes `parts` principles of every group, which together stand for all of it. */
function merging(parts = 3): AskMerge & { sizes: number[] } {
  const sizes: number[] = [];
  const ask: AskMerge = async (texts) => {
    sizes.push(texts.length);
    const numbers = texts.map((_, index) => index + 1);
    return {
      ok: true,
      value: {
        principles: Array.from({ length: parts }, (_, part) => ({
          text: `Part ${part} of:  ${texts[0]}`,
          from: numbers.filter((number) => number % parts === part),
        })),
      },
    };
  };
  return Object.assign(ask, { sizes });
}

describe("a step's principles", () => {
  it("that one prompt can hold stay as they are, in their order, and cost no call", async () => {
    const ask = merging();
    const few = [...principles(31), principle(0)];
    expect(await merged(few, ask)).toEqual(few);
    expect(ask.sizes).toEqual([]);
  });

  it("that are too many are merged in groups of about sqrt(n)", async () => {
    const ask = merging();
    expect(await merged(principles(96), ask)).toHaveLength(30);
    expect(ask.sizes).toEqual([9, 10, 9, 10, 10, 9, 10, 9, 10, 10]);
  });

  it("end few, each with all that stands behind it, in the calls that were planned", async () => {
    const many = fc.integer({ min: 33, max: 1200 });
    await fc.assert(
      fc.asyncProperty(many, fc.integer({ min: 1, max: 3 }), async (n, parts) => {
        const ask = merging(parts);
        const given = principles(n);
        const left = await merged(given, ask);
        expect(left.length).toBeLessThanOrEqual(32);
        expect(left.flatMap((one) => one.exampleIds).sort()).toEqual(
          given.map((one) => one.exampleIds[0]).sort(),
        );
        expect(left.flatMap((one) => one.mergedFrom ?? []).sort()).toEqual(
          given.map((one) => one.text).sort(),
        );
        expect(ask.sizes.length).toBeLessThanOrEqual(mergeCalls(n));
        expect(Math.max(...ask.sizes)).toBeLessThanOrEqual(Math.ceil(Math.sqrt(n)));
      }),
      { numRuns: 40 },
    );
  });

  it("that say the same words are said once without a call, those of most examples first", async () => {
    const ask = merging();
    const same = Array.from({ length: 30 }, (_, index) =>
      principle(index, index % 2 ? "Ask less." : "ask less"),
    );
    const left = await merged([principle(90), ...same, principle(91), principle(92)], ask);
    expect(left.map((one) => [one.text, one.exampleIds.length])).toEqual([
      ["ask less", 30],
      ["Say thing number 90.", 1],
      ["Say thing number 91.", 1],
      ["Say thing number 92.", 1],
    ]);
    expect(left[0]?.mergedFrom).toEqual(["ask less", "Ask less."]);
    expect(ask.sizes).toEqual([]);
  });

  it("a group that cannot be merged stays as it is, and nothing further is asked", async () => {
    const good = merging();
    const ask: AskMerge = async (texts, round, index) =>
      index === 0 ? { ok: false, reason: "cut" } : good(texts, round, index);
    const left = await merged(principles(200), ask);
    expect(left.slice(0, 13)).toEqual(principles(13));
    expect(left).toHaveLength(13 + 14 * 3);
    expect(good.sizes).toHaveLength(14);
  });

  it("numbers that there are not stand for no example, and none twice", async () => {
    const ask: AskMerge = async () => ({
      ok: true,
      value: { principles: [{ text: "  All\n of it. ", from: [0, 1, 1, -2, 99] }] },
    });
    const [first] = await merged(principles(36), ask);
    expect(first).toEqual({
      text: "All of it.",
      exampleIds: ["q0"],
      draw: 0,
      mergedFrom: ["Say thing number 0."],
    });
  });

  it("an answer without any principle is none: nothing taught is dropped by silence", () => {
    expect(MergeSchema.safeParse({ principles: [] }).success).toBe(false);
  });
});

describe("the plan", () => {
  const callsOf = async (examples: number, form: "principles" | "contrast", flags = {}) => {
    const test = (split: string, index: number) => ({
      vars: { q: `${split} ${index}` },
      metadata: { id: `${split}-${index}`, split },
      assert: [{ type: "contains", value: "x" }],
    });
    const { folder } = workspace({
      "promptfooconfig.json": {
        prompts: ["Answer {{q}}"],
        providers: ["echo"],
        tests: [
          ...Array.from({ length: examples }, (_, index) => test("train", index)),
          test("validation", 0),
        ],
        metadata: { grpo: { agent: "x", epochs: 1, batchSize: 64, groupSize: 3 } },
      },
    });
    return planTraining(await loadSuite(`${folder}/promptfooconfig.json`, flags), form).learnerCalls;
  };

  it("counts merging as if every group taught three principles", async () => {
    expect(mergeCalls(30)).toBe(0);
    expect(mergeCalls(33)).toBe(6);
    expect(await callsOf(10, "principles")).toBe(10 * 4 + 1);
    expect(await callsOf(11, "principles")).toBe(11 * 4 + 1 + 6);
    // 192 are 42 after 14 calls, and 21 after another 7.
    expect(await callsOf(64, "principles")).toBe(64 * 4 + 1 + 14 + 7);
    const plain = { schedule: "plain", candidates: 1 };
    expect(await callsOf(64, "principles", plain)).toBe(64 * 4 + 1);
    expect(await callsOf(64, "contrast")).toBe(await callsOf(10, "contrast"));
  });
});
