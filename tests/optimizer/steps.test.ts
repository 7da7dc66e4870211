import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planSteps, screeningSet } from "../../src/optimizer/steps.ts";
import { parseSettings, type SettingsInput } from "../../src/suite/settings.ts";
import { example } from "../support/rollout-makers.ts";

const settings = (flags: Partial<SettingsInput>) => parseSettings({}, flags, "test");
const examples = (n: number) =>
  Array.from({ length: n }, (_, index) => example(`q${String(index).padStart(2, "0")}`));
const ids = (list: readonly { id: string }[]) => list.map((one) => one.id);

describe("planSteps", () => {
  it("shows every training example once an epoch, in batches", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat({ max: 1000 }),
        (n, batchSize, epochs, seed) => {
          const steps = planSteps(examples(n), settings({ batchSize, epochs, seed }));
          expect(steps).toHaveLength(epochs * Math.ceil(n / batchSize));
          for (let epoch = 1; epoch <= epochs; epoch++) {
            const own = steps.filter((one) => one.epoch === epoch);
            expect(own.map((one) => one.step)).toEqual(own.map((_, index) => index + 1));
            expect(own.every((one) => one.steps === own.length && one.batch.length <= batchSize)).toBe(true);
            expect(own.flatMap((one) => ids(one.batch)).sort()).toEqual(ids(examples(n)));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("depends on the seed and the epoch, not on the order of the examples", () => {
    const plan = (list: ReturnType<typeof examples>, seed: number) =>
      planSteps(list, settings({ batchSize: 4, epochs: 2, seed })).map((one) => ids(one.batch));
    expect(plan(examples(12).reverse(), 1)).toEqual(plan(examples(12), 1));
    expect(plan(examples(12), 2)).not.toEqual(plan(examples(12), 1));
    const [first, , , second] = plan(examples(12), 1);
    expect(first).not.toEqual(second);
  });
});

describe("screeningSet", () => {
  const batch = [
    ...["a", "b", "c", "d", "e"].map((id) => example(id, { userTypes: ["general"] })),
    example("x", { userTypes: ["crisis"] }),
    example("y", { userTypes: ["verbose", "resistant"] }),
    example("z", { userTypes: ["resistant", "verbose"] }),
  ];

  it.each([
    [0, []],
    [1, ["x"]],
    [3, ["x", "a", "y"]],
    [5, ["x", "a", "y", "b", "z"]],
    [99, ["x", "a", "y", "b", "z", "c", "d", "e"]],
  ])("of %i takes turns between sets of user types, so that a rare one is in", (size, expected) => {
    expect(ids(screeningSet(batch, size))).toEqual(expected);
  });

  it("is the same however the batch's types are listed", () => {
    const relisted = batch.map((one) => ({ ...one, userTypes: [...one.userTypes].reverse() }));
    expect(ids(screeningSet(relisted, 6))).toEqual(ids(screeningSet(batch, 6)));
  });

  it("of nothing is nothing", () => {
    expect(screeningSet([], 12)).toEqual([]);
  });
});
