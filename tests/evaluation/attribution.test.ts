import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributeEffects, type InclusionRow, inclusionPlan } from "../../src/evaluation/attribution.ts";
import { cholesky, inverseOf, logDeterminant, product } from "../../src/evaluation/linear.ts";
import { type Random, seededRandom } from "../../src/runs/random.ts";

/** Rollouts of a made-up agent: each example has its own level, each experience its own effect. */
function rollouts(
  effects: Record<string, number>,
  groups: number,
  repeats: number,
  random: Random,
): InclusionRow[] {
  const ids = Object.keys(effects);
  return Array.from({ length: groups }, (_, group) => {
    const level = 0.4 + 0.2 * random.next();
    return inclusionPlan(ids, repeats, 0.5, random).map((included) => {
      const mean = [...included].reduce((sum, id) => sum + (effects[id] ?? 0), level);
      const noise = (random.next() + random.next() - 1) * 0.3;
      return { group: `g${group}`, reward: Math.min(1, Math.max(0, mean + noise)), included };
    });
  }).flat();
}

describe("which rollout gets which experience", () => {
  it("every experience is in its share of each group, and in no other's company more often than by chance", () => {
    const random = seededRandom(3, "plan");
    const ids = ["E1", "E2", "E3"];
    const plans = Array.from({ length: 400 }, () => inclusionPlan(ids, 3, 0.5, random));
    for (const plan of plans) {
      expect(plan).toHaveLength(3);
      for (const id of ids) expect([1, 2]).toContain(plan.filter((one) => one.has(id)).length);
    }
    const rows = plans.flat();
    const share = (test: (row: Set<string>) => boolean) => rows.filter(test).length / rows.length;
    expect(share((row) => row.has("E1"))).toBeCloseTo(0.5, 1);
    expect(share((row) => row.has("E1") && row.has("E2"))).toBeCloseTo(0.25, 1);
  });

  it("a share of one or none is all or nothing", () => {
    const random = seededRandom(1);
    expect(inclusionPlan(["E1"], 2, 1, random)).toEqual([new Set(["E1"]), new Set(["E1"])]);
    expect(inclusionPlan(["E1"], 2, 0, random)).toEqual([new Set(), new Set()]);
  });
});

describe("the measured effect of an experience", () => {
  it("finds the one that harms and the one that helps among those that do nothing", () => {
    const effects = { E1: 0, E2: -0.3, E3: 0, E4: 0.2, E5: 0 };
    const found = attributeEffects(Object.keys(effects), rollouts(effects, 30, 2, seededRandom(5, "r")));
    expect(found.map(({ id }) => id)).toEqual(Object.keys(effects));
    const by = Object.fromEntries(found.map((one) => [one.id, one]));
    expect(by["E2"]).toMatchObject({ with: 30, without: 30 });
    expect(by["E2"]?.harmful).toBeGreaterThan(0.99);
    expect(by["E2"]?.high).toBeLessThan(0);
    expect(by["E4"]?.harmful).toBeLessThan(0.02);
    for (const id of ["E1", "E3", "E5"]) expect(Math.abs(by[id]?.effect ?? 1)).toBeLessThan(0.1);
  });

  it("its interval holds the truth about as often as it says", () => {
    const effects = { E1: -0.1, E2: 0, E3: 0.05, E4: 0.15, E5: 0, E6: 0.02 };
    const random = seededRandom(11, "coverage");
    let inside = 0;
    const sets = 200;
    for (let set = 0; set < sets; set++) {
      for (const { id, low, high } of attributeEffects(
        Object.keys(effects),
        rollouts(effects, 20, 2, random),
      )) {
        const truth = effects[id as keyof typeof effects];
        if (low <= truth && truth <= high) inside++;
      }
    }
    expect(inside / (sets * 6)).toBeGreaterThan(0.9);
  });

  it("is smaller than what a few rollouts seem to show", () => {
    const rows: InclusionRow[] = [
      { group: "a", reward: 1, included: new Set(["E1"]) },
      { group: "a", reward: 0, included: new Set() },
    ];
    const [only] = attributeEffects(["E1"], rows);
    expect(only?.effect).toBeGreaterThan(0);
    expect(only?.effect).toBeLessThan(0.5);
    expect(only?.low).toBeLessThan(0);
  });

  it.each<[string, InclusionRow[]]>([
    ["no rollouts", []],
    ["groups of one", [{ group: "a", reward: 0.5, included: new Set(["E1"]) }]],
    [
      "always there",
      [
        { group: "a", reward: 0.2, included: new Set(["E1"]) },
        { group: "a", reward: 0.9, included: new Set(["E1"]) },
      ],
    ],
  ])("is nothing, and open, with %s", (_what, rows) => {
    const [only] = attributeEffects(["E1"], rows);
    expect(Math.abs(only?.effect ?? 1)).toBeLessThan(0.03);
    expect(only?.harmful).toBeCloseTo(0.5, 0);
    expect(only?.low).toBeLessThan(-0.1);
    expect(only?.high).toBeGreaterThan(0.1);
  });

  it("does not depend on the order of rollouts", () => {
    const effects = { E1: 0.1, E2: -0.2 };
    const rows = rollouts(effects, 12, 2, seededRandom(2));
    const plain = attributeEffects(["E1", "E2"], rows);
    attributeEffects(["E1", "E2"], rows.toReversed()).forEach((one, index) => {
      expect(one.effect).toBeCloseTo(plain[index]?.effect ?? Number.NaN, 6);
    });
  });
});

it("inverse and determinant of positive definite matrices", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 36, maxLength: 36 }),
      (size, values) => {
        const at = (i: number, j: number): number => values[i * 6 + j] ?? 0;
        const index = Array.from({ length: size }, (_, i) => i);
        const matrix = index.map((i) =>
          index.map((j) => index.reduce((sum, k) => sum + at(i, k) * at(j, k), i === j ? 1 : 0)),
        );
        const root = cholesky(matrix);
        const inverse = inverseOf(root);
        for (const i of index) {
          const unit = product(
            matrix,
            inverse.map((row) => row[i] ?? 0),
          );
          unit.forEach((value, j) => {
            expect(value).toBeCloseTo(Number(i === j), 6);
          });
        }
        if (size === 2) {
          const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = matrix;
          expect(logDeterminant(root)).toBeCloseTo(Math.log(a * d - b * c), 6);
        }
      },
    ),
    { numRuns: 200 },
  );
});
