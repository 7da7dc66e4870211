import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareOut, splitByHash, splitDataset } from "../../src/datasets/split.ts";
import { datasetOf, example } from "./fixtures.ts";

const PLAIN = { stratify: false };
const ofSplit = (splits: ReadonlyMap<string, string>, split: string) =>
  [...splits].filter(([, one]) => one === split).map(([id]) => id);

describe("splitDataset", () => {
  it("seals held-out personas whole and splits the others near the fraction", () => {
    const splits = splitDataset(datasetOf({ ann: 400, bob: 400, cy: 50 }, ["cy"]), PLAIN);
    expect(ofSplit(splits, "test")).toEqual(Array.from({ length: 50 }, (_, i) => `cy-${i + 1}`));
    expect(ofSplit(splits, "validation").length / 800).toBeCloseTo(0.25, 1);
  });

  it("never moves an example when others are added, removed or reordered", () => {
    const counts = fc.record({ ann: fc.nat(30), bob: fc.nat(30) });
    fc.assert(
      fc.property(counts, fc.nat(20), fc.integer(), (sizes, added, seed) => {
        const before = datasetOf(sizes);
        const after = datasetOf({ ...sizes, dee: added });
        after.examples.reverse();
        const [old, now] = [before, after].map((dataset) => splitDataset(dataset, { ...PLAIN, seed }));
        for (const [id, split] of old ?? []) expect(now?.get(id)).toBe(split);
      }),
    );
  });

  it("keeps what the hash chose when it tops up, and does not depend on order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer(),
        fc.float({ min: 0, max: Math.fround(0.9), noNaN: true }),
        (n, seed, validationFraction) => {
          const dataset = datasetOf({ ann: n }, [], { userTypes: ["crisis"] });
          const plain = splitDataset(dataset, { ...PLAIN, seed, validationFraction });
          const topped = splitDataset(dataset, { seed, validationFraction });
          expect(ofSplit(topped, "validation")).toEqual(expect.arrayContaining(ofSplit(plain, "validation")));
          const reversed = splitDataset(
            { ...dataset, examples: dataset.examples.toReversed() },
            { seed, validationFraction },
          );
          expect(Object.fromEntries(reversed)).toEqual(Object.fromEntries(topped));
        },
      ),
    );
  });

  it.each([
    ["crisis", 3, 0],
    ["crisis", 4, 2],
    ["crisis", 6, 3],
    ["crisis", 20, 3],
    ["verbose", 3, 0],
    ["verbose", 4, 1],
  ])(
    "%s with %i training examples has at least %i in validation, whatever the seed",
    (userType, n, least) => {
      const dataset = datasetOf({ ann: n, bob: 30 }, []);
      const examples = dataset.examples.map((one) =>
        one.persona === "ann" ? { ...one, userTypes: [userType] } : one,
      );
      for (let seed = 0; seed < 30; seed++) {
        const splits = splitDataset({ ...dataset, examples }, { seed, validationFraction: 0.01 });
        expect(
          ofSplit(splits, "validation").filter((id) => id.startsWith("ann")).length,
        ).toBeGreaterThanOrEqual(least);
      }
    },
  );

  it("splits differently under another seed, equally under the same", () => {
    const dataset = datasetOf({ ann: 40 });
    const chosen = [1, 1, 2].map((seed) => ofSplit(splitDataset(dataset, { seed }), "validation"));
    expect(chosen[0]).toEqual(chosen[1]);
    expect(chosen[0]).not.toEqual(chosen[2]);
  });

  it.each([-0.1, 1, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses the fraction %d",
    (validationFraction) => {
      const act = () =>
        splitDataset({ ...datasetOf({}), examples: [example("a-1", "a")] }, { validationFraction });
      expect(act).toThrow(expect.objectContaining({ code: "SPLIT_FRACTION_INVALID" }));
    },
  );
});

describe("splitByHash", () => {
  it("gives test its share of the whole and validation its share of the rest", () => {
    const ids = Array.from({ length: 4000 }, (_, i) => `id-${i}`);
    const splits = new Map(ids.map((id) => [id, splitByHash(id, { validation: 0.25, test: 0.2 }, 7)]));
    expect(ofSplit(splits, "test").length / 4000).toBeCloseTo(0.2, 1);
    expect(ofSplit(splits, "validation").length / 4000).toBeCloseTo(0.2, 1);
  });
});

describe("shareOut", () => {
  it.each([
    [1, 1, 0, 0],
    [2, 1, 0, 1],
    [3, 1, 1, 1],
  ])(
    "of %i leaves at least train %i, validation %i, test %i, whatever the seed",
    (n, train, validation, test) => {
      const ids = Array.from({ length: n }, (_, i) => `id-${i}`);
      for (let seed = 0; seed < 50; seed++) {
        const splits = shareOut(ids, { validation: 0.25, test: 0.2 }, seed);
        expect(ofSplit(splits, "train").length).toBeGreaterThanOrEqual(train);
        if (n !== 2) expect(ofSplit(splits, "validation").length).toBeGreaterThanOrEqual(validation);
        if (n !== 2) expect(ofSplit(splits, "test").length).toBeGreaterThanOrEqual(test);
      }
    },
  );
});
