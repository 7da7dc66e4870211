import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { describeCounts, openRedaction, phonesOf, redact } from "../../src/datasets/redaction.ts";

describe("redact", () => {
  it.each([
    ["Write to Ann.O'Hara+x@mail.example.org.", "Write to Ann.O'[email-1]."],
    ["a@b.org, c@d.org and A@B.ORG", "[email-1], [email-2] and [email-1]"],
    ["Call me on 555-867-5309 or (212) 555 0134.", "Call me on [phone-1] or [phone-2]."],
    ["my number is 8675309", "my number is [phone-1]"],
    ["+44 7700 900123, 07700 900123, 06 12 34 56 78", "[phone-1], [phone-2], [phone-3]"],
    ["Card 4111 1111 1111 1111, not 4111 1111 1111 1112", "Card [card-1], not 4111 1111 1111 1112"],
    ["Pay DE89 3704 0044 0532 0130 00 TODAY", "Pay [iban-1] TODAY"],
    ["from 203.0.113.77 and version 1.2.3.4", "from [ip-1] and version 1.2.3.4"],
    ["http://user:hunter2@host/x?api_key=abc123", "http://[secret-1]@host/x?api_key=[secret-2]"],
    ["token ghp_abcdefghijklmnopqrstuvwx", "token [secret-1]"],
  ])("%s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it("takes out names that are given, whole, in parts and in capitals, and nothing that only holds them", () => {
    const names = ["Dr. Bobby Sullivan", "Ann"];
    expect(redact("Bobby met ANN and Dr. Bobby Sullivan. Anna and annals, Dr. Who.", { names })).toBe(
      "[name-1] met [name-2] and [name-1]. Anna and annals, Dr. Who.",
    );
  });

  it.each([
    "Call or text 988, or 116 123 in the UK; text HOME to 741741.",
    "Free: 0800 1111 222, 1-800-273-8255, (888) 555-0100.",
    "It was in 2019-2021, on 2024-01-15, at 3.14159265, for 1 000 000 people.",
    "0 1 1 2 3 5 8 13 21; 010101010101",
  ])("leaves what is no personal data: %s", (text) => {
    expect(redact(text)).toBe(text);
  });

  it("leaves the numbers of the dataset's own good replies", () => {
    const phones = phonesOf(["Our line is 212-555-0134."]);
    expect(redact("Ring 212 555 0134 or 212-555-0135.", { phones })).toBe("Ring 212 555 0134 or [phone-1].");
  });

  it("gives one thing one placeholder in all texts of a document, and counts", () => {
    const { redact: clean, counts } = openRedaction({ names: ["Ann"] });
    expect([clean("Ann, a@b.org"), clean("[email-4] c@d.org"), clean("Ann a@b.org")]).toEqual([
      "[name-1], [email-1]",
      "[email-4] [email-5]",
      "[name-1] [email-1]",
    ]);
    expect(describeCounts(counts)).toBe("3 e-mails, 2 names");
    expect(describeCounts({})).toBe("nothing");
  });
});

const PIECES = [
  "a@b.org",
  "+1 212 555 0134",
  "4111 1111 1111 1111",
  "DE89370400440532013000",
  "203.0.113.77",
  "sk-abcdefghijklmnop1234",
  "Ann",
  "[email-1]",
  "call ",
  "://u:p@",
  "0",
  "1-",
  "(",
  " ",
  "@",
  ".",
  "é",
  "\ud800",
];
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), { maxLength: 12 })
    .map((all) => all.join("")),
);

describe("for every text", () => {
  const names = ["Ann", "name", "email-1"];
  it("redacting again changes nothing, and nothing but the finds is changed", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = redact(text, { names });
        expect(redact(once, { names })).toBe(once);
        // What stands between placeholders is the text's own, in its order, byte for byte.
        let at = 0;
        for (const part of once.split(/\[(?:secret|email|iban|card|phone|ip|name)-\d+\]/)) {
          const found = text.indexOf(part, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + part.length;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** Built to make a pattern go back, or start again, over and over. */
const HOSTILE = [
  "a",
  "a.",
  "a@a.",
  "a@b.co+",
  "a@b.org ",
  "9",
  "9 ",
  "1-",
  "+1 212 555 0134 ",
  "+1 212 555 0134(",
  "AA11",
  "AA11 AAAA ",
  "4111 1111 1111 1111 ",
  "1.1.1.",
  "eyJ",
  "eyJ-",
  "eyJaaaaaaaa.",
  "sk-",
  "://a:b",
  "Bearer ",
  "Ann",
  "Ann ",
  "[email-1]",
  "call ",
  "(",
];

describe("work grows with the length of the text", () => {
  afterEach(() => vi.restoreAllMocks());

  /** How far matches are looked for, and how long they are. */
  function work(text: string): number {
    let steps = 0;
    const { exec } = RegExp.prototype;
    vi.spyOn(RegExp.prototype, "exec").mockImplementation(function (this: RegExp, input: string) {
      const from = this.global ? this.lastIndex : 0;
      const match = exec.call(this, input);
      steps += 1 + (match === null ? input.length - from : match.index - from + match[0].length);
      return match;
    });
    redact(text, { names: ["Ann"] });
    vi.restoreAllMocks();
    return steps;
  }

  it.each(HOSTILE)("%j: four times the text, no more than six times the matching", (unit) => {
    const [small, large] = [4_000, 16_000].map((size) => work(unit.repeat(Math.ceil(size / unit.length))));
    expect((large ?? 0) / (small ?? 1)).toBeLessThan(6);
  });

  // Going back within one match cannot be counted; where it grew with the square this would not end.
  it.each(HOSTILE)("%j: a long text comes to its end", { timeout: 120_000 }, (unit) => {
    const text = unit.repeat(Math.ceil(250_000 / unit.length));
    expect(redact(redact(text)).length).toBeGreaterThan(0);
  });
});
