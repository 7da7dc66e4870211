import { expect, it } from "vitest";
import { HistoryEntrySchema } from "../../src/library/index.ts";
import { trainingTests } from "../support/training-config.ts";
import { trainingFolder } from "../support/training-folder.ts";

it("an accepted version keeps what each of its operations was measured to do", async () => {
  const folder = trainingFolder({}, trainingTests(0));
  await folder.train({ flags: { advantage: "principles" } });
  const version = folder.history().find(({ status }) => status === "accepted");
  const added = version?.operations.filter(({ op }) => op === "ADD") ?? [];
  expect(added.length).toBeGreaterThan(1);
  for (const { effect } of added) {
    expect(effect).toMatchObject({ with: expect.any(Number), without: expect.any(Number) });
    expect(effect?.low).toBeLessThan(effect?.mean ?? Number.NaN);
    expect(effect?.high).toBeGreaterThan(effect?.mean ?? Number.NaN);
  }
});

it("effects are checked, and entries without any can be read", async () => {
  const folder = trainingFolder({}, trainingTests(0));
  await folder.train();
  const [entry] = folder.history();
  const withEffect = (effect: unknown) => ({ ...entry, operations: [{ op: "KEEP", id: "E1", effect }] });
  const whole = { mean: 0.1, low: 0, high: 0.2, with: 4, without: 4 };
  expect(HistoryEntrySchema.safeParse(withEffect(undefined)).success).toBe(true);
  expect(HistoryEntrySchema.safeParse(withEffect(whole)).success).toBe(true);
  expect(HistoryEntrySchema.safeParse(withEffect({ ...whole, with: -1 })).success).toBe(false);
  expect(HistoryEntrySchema.safeParse(withEffect({ mean: 0.1 })).success).toBe(false);
});
