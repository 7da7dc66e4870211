import { describe, expect, it } from "vitest";
import { flags, learned, manifests, repeated, TESTS } from "../support/recorded-runs.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { type RecordedOptions, trainingFolder } from "../support/training-folder.ts";

async function undisturbed(agent = {}, options: RecordedOptions = { flags }) {
  const folder = trainingFolder(agent, TESTS);
  const { result, written } = await folder.trainRecorded(options);
  return { ...learned(folder), calls: folder.calls().length, written, steps: result.steps };
}

describe("a run that is stopped and resumed", () => {
  it.each([
    [1, "odd"],
    [4, "even"],
  ])(
    "after every write of its journal ends as one that was not: %i calls at a time, %s writes",
    {
      timeout: 180_000,
    },
    async (concurrency, which) => {
      const whole = await undisturbed({}, { flags: { ...flags, concurrency } });
      expect(new Set(whole.history.map((one) => one.status)).size).toBe(2);
      expect(whole.written).toBe(whole.calls);
      for (let writes = which === "odd" ? 1 : 2; writes <= whole.written; writes += 2) {
        const folder = trainingFolder({}, TESTS);
        const stopped = { flags: { ...flags, concurrency }, writes };
        expect(await grpoErrorOf(() => folder.trainRecorded(stopped))).toMatchObject({ code: "KILLED" });
        const before = folder.calls().length;
        await folder.trainRecorded({ resume: true });
        expect(learned(folder), `stopped after write ${writes}`).toEqual({
          library: whole.library,
          history: whole.history,
          looks: whole.looks,
        });
        expect(repeated(folder), `calls repeated after write ${writes}`).toBeLessThanOrEqual(before - writes);
        // A call may begin between a reply and its write: both are in flight.
        expect(before - writes).toBeLessThanOrEqual(2 * concurrency);
        expect(manifests(folder)).toMatchObject([
          { status: "finished", usage: { calls: expect.any(Number) } },
        ]);
      }
    },
  );

  it.each([
    ["accepts", {}],
    ["refuses every candidate", { deaf: "validation" }],
  ])("after every write of a library's history that %s", async (_what, agent) => {
    const whole = await undisturbed(agent);
    const writes = whole.history.length + whole.looks.length;
    expect(writes).toBeGreaterThan(1);
    for (let storeWrites = 1; storeWrites <= writes; storeWrites++) {
      const folder = trainingFolder(agent, TESTS);
      await expect(folder.trainRecorded({ flags, storeWrites })).rejects.toThrow("killed");
      await folder.trainRecorded({ resume: true });
      expect(learned(folder), `stopped after write ${storeWrites}`).toEqual({
        library: whole.library,
        history: whole.history,
        looks: whole.looks,
      });
      expect(repeated(folder)).toBe(0);
    }
  });

  it("and stopped again, and again", async () => {
    const whole = await undisturbed();
    const folder = trainingFolder({}, TESTS);
    const one = { flags: { ...flags, concurrency: 1 }, writes: 5 };
    await grpoErrorOf(() => folder.trainRecorded(one));
    for (let left = whole.written - 5; left > 5; left -= 5)
      expect(await grpoErrorOf(() => folder.trainRecorded({ resume: true, writes: 5 }))).toMatchObject({
        code: "KILLED",
      });
    const { runtime } = await folder.trainRecorded({ resume: true });
    expect(learned(folder).library).toBe(whole.library);
    expect(learned(folder).history).toEqual(whole.history);
    expect(runtime.limiter.usage.total()).toMatchObject({
      calls: whole.calls,
      costUsd: expect.closeTo(whole.calls / 1000),
    });
  });

  it("fails where it failed, as far as a candidate rests on it, and tries the rest again", async () => {
    const twoSteps = { ...flags, batchSize: 4, maxOperations: 6, advantage: "contrast" as const };
    const agent = { outage: "trainthing1|validationthing2" };
    const folder = trainingFolder(agent, TESTS);
    folder.write("outage", "");
    await expect(folder.trainRecorded({ flags: twoSteps, storeWrites: 1 })).rejects.toThrow("killed");
    const [entry] = folder.history();
    folder.remove("outage");
    const { result } = await folder.trainRecorded({ resume: true });
    expect(result.steps[0]?.kinds.incomplete).toBe(1);
    expect(result.steps[1]?.kinds.incomplete).toBe(0);
    expect(folder.history()[0]).toEqual(entry);

    const early = trainingFolder(agent, TESTS);
    early.write("outage", "");
    await grpoErrorOf(() => early.trainRecorded({ flags: twoSteps, writes: 12 }));
    early.remove("outage");
    expect((await early.trainRecorded({ resume: true })).result.steps[0]?.kinds.incomplete).toBe(0);
  });
});
