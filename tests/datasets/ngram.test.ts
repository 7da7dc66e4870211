import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  jaccard,
  ngramSet,
  ngrams,
  normaliseText,
  sharedNgrams,
  shingles,
} from "../../src/datasets/ngram.ts";

describe("normaliseText", () => {
  it.each([
    ["I’m FINE.  Really?!", "i'm fine really"],
    ["well… 'okay' -- then", "well okay then"],
    ["ﬁne\u00a0day 3x", "fine day 3x"],
    ["", ""],
    ["?!", ""],
  ])("%j becomes %j", (text, expected) => expect(normaliseText(text)).toBe(expected));

  it("is idempotent", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        (text) => normaliseText(normaliseText(text)) === normaliseText(text),
      ),
    );
  });
});

describe("sharedNgrams", () => {
  it("finds the words shared in a row, across spelling, from texts or from a set", () => {
    const corpus = ["Nothing here.", "I don’t know, where to PUT it now"];
    const text = "she said: i don't know where to put it";
    const shared = ["i don't know where", "don't know where to", "know where to put", "where to put it"];
    expect(sharedNgrams(text, corpus, 4)).toEqual(shared);
    expect(sharedNgrams(text, ngramSet(corpus, 4), 4)).toEqual(shared);
    expect(sharedNgrams(text, corpus, 8)).toEqual([]);
    expect(sharedNgrams(text, [], 4)).toEqual([]);
  });

  it("does not join words across texts", () => expect(sharedNgrams("a b", ["a", "b"], 2)).toEqual([]));
  it("has no n-gram longer than the text", () => expect(ngrams("one two", 3)).toEqual([]));
  it("refuses n below 1", () => expect(() => ngrams("a", 0)).toThrow(RangeError));
});

describe("jaccard", () => {
  it.each([
    ["fine.", "Fine", 1],
    ["a b c d", "a b c e", 1 / 3],
    ["a b c", "d e f", 0],
  ])("of %j and %j is %d", (a, b, expected) =>
    expect(jaccard(shingles(a, 3), shingles(b, 3))).toBeCloseTo(expected),
  );
});
