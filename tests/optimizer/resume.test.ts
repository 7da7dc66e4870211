import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/runs/events.ts";
import { interruption } from "../../src/runs/interrupt.ts";
import { flags, learned, manifests, repeated, TESTS } from "../support/recorded-runs.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { type RecordedOptions, trainingFolder } from "../support/training-folder.ts";

async function undisturbed(agent = {}, options: RecordedOptions = { flags }) {
  const folder = trainingFolder(agent, TESTS);
  const { result, written } = await folder.trainRecorded(options);
  return { ...learned(folder), calls: folder.calls().length, written, steps: result.steps };
}

describe("a run that is stopped and resumed", () => {
  it("after every write of a library's history that refuses every candidate", async () => {
    const agent = { deaf: "validation" };
    const whole = await undisturbed(agent);
    const writes = whole.history.length + whole.looks.length;
    expect(writes).toBeGreaterThan(1);
    for (let storeWrites = 1; storeWrites <= writes; storeWrites++) {
      const folder = trainingFolder(agent, TESTS);
      await expect(folder.trainRecorded({ flags, storeWrites })).rejects.toThrow("killed");
      await folder.trainRecorded({ resume: true });
      const { library, history, looks } = whole;
      expect(learned(folder), `stopped after write ${storeWrites}`).toEqual({ library, history, looks });
      expect(repeated(folder)).toBe(0);
    }
  });

  it("by a signal keeps the answers that were under way, the learner's too", async () => {
    const folder = trainingFolder({ latency: 60 }, TESTS);
    const stop = new AbortController();
    const events = (event: RunEvent): void => {
      if (event.type === "call" && event.stage === "advantage") stop.abort(interruption());
    };
    const stopped = () => folder.trainRecorded({ flags, runtime: { signal: stop.signal, events } });
    expect(await grpoErrorOf(stopped)).toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    const before = folder.calls().length;
    expect(manifests(folder)).toMatchObject([{ code: "INTERRUPTED", usage: { calls: before } }]);
    await folder.trainRecorded({ resume: true });
    expect(repeated(folder)).toBe(0);
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
