import { describe, expect, it } from "vitest";
import { compareTests } from "../../src/evaluation/sign-flip.ts";
import {
  count,
  dollars,
  duration,
  interval,
  perCall,
  signed,
  table,
  tokens,
} from "../../src/reports/figures.ts";

it.each([
  [signed(0.421), "+0.42"],
  [signed(-0.1), "-0.10"],
  [signed(0), "+0.00"],
  [interval(compareTests([1, 1, 1, 1, 1, 1])), "+1.00 (95 % +1.00 to +1.00)"],
  [interval(compareTests([0.5, 0.25])), "+0.38 (2 tests are too few for an interval)"],
  [dollars(0.41234, 0), "$0.4123"],
  [dollars(12.3456, 0), "$12.35"],
  [dollars(0, 3), "$0.0000 and 3 calls of unknown price"],
  [duration(0), "0s"],
  [duration(59_400), "59s"],
  [duration(59_600), "1m00s"],
  [duration(187_000), "3m07s"],
  [count(560), "560"],
  [count(9_999), "9999"],
  [count(34_400), "34k"],
  [count(1_234_567), "1.2M"],
  [tokens({ promptTokens: 34_400, cachedTokens: 0, completionTokens: 560 }), "34k tokens in, 560 out"],
  [
    tokens({ promptTokens: 34_400, cachedTokens: 9000, completionTokens: 560 }),
    "34k tokens in (9000 from the provider's cache), 560 out",
  ],
  [perCall({ tokens: 118, measured: true, usdPer1000: 0.0177 }), "118 tokens a call, $0.0177 a 1,000 calls"],
  [perCall({ tokens: 118, measured: false, usdPer1000: null }), "~118 tokens a call"],
])("%s", (found, expected) => {
  expect(found).toBe(expected);
});

describe("table", () => {
  it("aligns columns, numbers to the right, without trailing space", () => {
    const text = table(
      ["criterion", "n", "difference"],
      [
        ["asks", "12", "+0.50 (95 % +0.1 to +0.9)"],
        ["names-the-feeling", "3", "-0.10"],
      ],
    );
    expect(text).toBe(
      [
        "  criterion          n   difference",
        "  asks               12  +0.50 (95 % +0.1 to +0.9)",
        "  names-the-feeling   3                      -0.10",
      ].join("\n"),
    );
  });

  it("of no rows is its header", () => {
    expect(table(["a", "b"], [])).toBe("  a  b");
  });
});
