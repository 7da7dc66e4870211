import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains, exact, finalNumber, markedAnswer, numeric } from "../../src/assertions/answers.ts";
import { groundTruth, groundTruthWith } from "../../src/assertions/ground-truth.ts";

describe("finalNumber", () => {
  it.each<[string, number | undefined]>([
    ["She has 3 left, so 3 + 4 = 7 in all.\n#### 7", 7],
    ["#### 1,234,567", 1_234_567],
    ["#### -42", -42],
    ["The result is \\boxed{\\frac{3}{4}}.", 0.75],
    ["\\boxed{-\\dfrac{1}{2}} units", -0.5],
    ["\\boxed{\\frac12}", 0.5],
    ["\\boxed{2\\frac{1}{2}}", 2.5],
    ["First \\boxed{3}, no, \\boxed{5}", 5],
    ["\\boxed{12\\%}", 12],
    ["\\boxed{\\$18.50}", 18.5],
    ["\\boxed{10{,}000}", 10_000],
    ["\\boxed{90^\\circ}", 90],
    ["\\boxed{5 \\text{ cm}}", 5],
    ["\\boxed{3 \\times 10^{4}}", 30_000],
    ["\\boxed{x = 7}", 7],
    ["The answer is 18 dollars. I checked 2 times.", 18],
    ["So that makes 1/4 of 20, which is 5.", 5],
    ["It costs €1,299.99", 1299.99],
    ["no number here", undefined],
    ["\\boxed{", undefined],
  ])("%s", (text, value) => {
    const found = finalNumber(text);
    if (value === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(value, 9);
  });

  it("reads back every number as people write them", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
        fc.constantFrom("#### ", "\\boxed{", "The answer is "),
        (n, lead) => {
          const written = n.toLocaleString("en-US");
          expect(finalNumber(`5 steps. ${lead}${written}${lead.endsWith("{") ? "}" : ""}`)).toBe(n);
        },
      ),
    );
  });
});

describe("methods", () => {
  it("compares numbers within a tolerance", () => {
    expect(numeric("about 3.1416", [Math.PI]).pass).toBe(false);
    expect(numeric("about 3.1416", [Math.PI], 0.001).pass).toBe(true);
    expect(numeric("0.3333333333333", [1 / 3], 1e-6).pass).toBe(true);
    expect(numeric("none", [4]).reason).toBe("gives no number, expected 4.");
  });

  it("compares texts exactly but for case, spaces and LaTeX decoration", () => {
    expect(
      exact("Thus \\boxed{\\left( 3, \\frac{\\pi}{2} \\right)}", "\\left(3,\\dfrac{\\pi}{2}\\right)").pass,
    ).toBe(true);
    expect(exact("Yes.", "yes").pass).toBe(true);
    expect(exact("yes, I think", "yes").pass).toBe(false);
    expect(exact("Paris", ["Lyon", "Paris"]).pass).toBe(true);
  });

  it("finds whole words only", () => {
    expect(contains("The capital is Paris.", "paris").pass).toBe(true);
    expect(contains("Parisians say so.", "paris").pass).toBe(false);
    expect(contains("red and green", ["red", "blue"]).reason).toBe('does not contain "blue".');
  });

  it("takes nested braces of a marked answer whole", () => {
    expect(markedAnswer("\\boxed{\\frac{\\sqrt{2}}{2}} is it")).toBe("\\frac{\\sqrt{2}}{2}");
  });
});

describe("groundTruth", () => {
  const context = (config: object, vars: object = {}, metadata: object = {}) => ({
    config,
    vars,
    test: { metadata },
  });

  it("takes the answer from the config, the variables or the metadata", async () => {
    expect((await groundTruth("#### 8", context({ method: "numeric", expected: 8 }))).pass).toBe(true);
    expect(
      (await groundTruth("#### 8", context({ method: "numeric" }, { answer: "3 + 5\n#### 8" }))).pass,
    ).toBe(true);
    expect((await groundTruth("8", context({ method: "exact" }, {}, { answer: 8 }))).pass).toBe(true);
    expect((await groundTruth("9", context({ method: "numeric", tolerance: 1 }, { answer: 8 }))).pass).toBe(
      true,
    );
  });

  it.each([
    ["ANSWER_MISSING", context({ method: "exact" })],
    ["ANSWER_NOT_A_NUMBER", context({ method: "numeric", expected: "Paris" })],
    ["ASSERTION_CONFIG", context({ method: "guess" })],
    ["ANSWER_MISSING", context({ method: "comparison", judge: "x" })],
    ["JUDGE_MISSING", context({ method: "comparison" }, {}, { good_response: "a" })],
  ])("throws %s", async (code, given) => {
    await expect(groundTruth("8", given)).rejects.toMatchObject({ code });
  });

  it("compares by judge, and is ungraded when the judge fails", async () => {
    const given = context(
      { method: "comparison", judge: "x" },
      { query: "hi" },
      { good_response: "G", bad_response: "B" },
    );
    const prompts: string[] = [];
    const judged = groundTruthWith(async () => ({
      complete: async (prompt) => {
        prompts.push(prompt);
        return '{"score": 8, "reason": "near"}';
      },
    }));
    expect(await judged("reply", given)).toEqual({ pass: true, score: 0.8, reason: "near" });
    expect(prompts[0]).toContain('<good_reference>"G"</good_reference>');
    expect(prompts[0]).toContain('<bad_reference>"B"</bad_reference>');
    const broken = groundTruthWith(() => Promise.reject(new Error("no such provider")));
    expect(await broken("reply", given)).toMatchObject({
      metadata: { graderError: true },
      reason: expect.stringContaining("no such provider"),
    });
  });
});
