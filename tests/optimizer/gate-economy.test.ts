import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/runs/events.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { trainingTests } from "../support/training-config.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";

const library = (...texts: string[]): string =>
  `---\nagent: tested\nroute: common\nversion: 1\n---\n${texts.map((text, index) => `- [E${index + 1}] ${text}\n`).join("")}`;
const ALL = ["Name the feeling as painful.", "End with a question.", "When in danger, give the line 988."];
const onValidation = (folder: TrainingFolder) =>
  folder
    .calls()
    .filter((one) => one.learner === null && one.prompt.includes("validationthing"))
    .map((one) => one.prompt);
const REFUSED_BEFORE = "it was part of a candidate that the gate refused";

describe("the gate spends no more than it needs", () => {
  it("pays the current library's rollouts once, for all candidates of a step and of the next after a rejection", async () => {
    const folder = trainingFolder({ deaf: "validation" }, trainingTests(0));
    const { result } = await folder.train({ flags: { batchSize: 4, gateAttempts: 2 } });
    expect(result.steps.map((one) => [one.outcome, one.gates.length])).toEqual([
      ["rejected", 2],
      ["rejected", 2],
    ]);
    const baseline = onValidation(folder).filter((one) => one.includes('"content":"You listen."'));
    expect(baseline).toHaveLength(4);
    expect(new Set(baseline).size).toBe(4);
    expect(new Set(onValidation(folder)).size).toBe(onValidation(folder).length);
  });

  it("asks nothing of a candidate that has nothing left to win", async () => {
    const learner = '{"instruction": "Be warm to whoever writes here."}';
    const folder = trainingFolder({ deaf: "train", learner }, trainingTests(0));
    folder.write("experiences/tested/common.md", library(...ALL));
    const { result } = await folder.train({ flags: { gateAttempts: 1 } });
    expect(result.steps[0]?.gates).toMatchObject([
      {
        accepted: false,
        stopped: true,
        planned: 4,
        n: 0,
        reason:
          "no better on validation: 1.000 -> 1.000 after 0 of 4 examples: it could no longer be accepted",
      },
    ]);
    expect(onValidation(folder)).toHaveLength(4);
    expect(onValidation(folder).filter((one) => one.includes("Be warm"))).toEqual([]);
    expect(folder.history().at(-1)).toMatchObject({
      status: "rejected",
      reason: expect.stringContaining("after 0 of 4 examples"),
      gate: { planned: 4, stopped: true },
    });
  });
});

describe("what the gate refused", () => {
  it("is not proposed again from the same library", async () => {
    const folder = trainingFolder({ deaf: "validation" }, trainingTests(0));
    const first = await folder.train({ flags: { gateAttempts: 1 } });
    expect(first.result.steps[0]?.refused.map((one) => one.reason)).not.toContain(REFUSED_BEFORE);
    const again = await folder.train({ flags: { gateAttempts: 3 } });
    expect(again.result.steps[0]?.refused.map((one) => one.reason)).toContain(REFUSED_BEFORE);
    const texts = folder.history().map((one) => one.text);
    expect(texts.length).toBeGreaterThan(1);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("is not asked twice in a step when two candidates say the same", async () => {
    const folder = trainingFolder({ deaf: "validation" }, trainingTests(0));
    await folder.train({ flags: { advantage: "principles", candidates: 5, gateAttempts: 5 } });
    const texts = folder.history().map((one) => one.text);
    expect(texts.length).toBeLessThan(5);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("for an ungraded rollout was not judged, and may be tried again", async () => {
    const folder = trainingFolder({ fails: "validationthing1" }, trainingTests(0));
    await folder.train({ flags: { gateAttempts: 1 } });
    const again = await folder.train({ flags: { gateAttempts: 1 } });
    expect(again.result.steps[0]?.refused.map((one) => one.reason)).not.toContain(REFUSED_BEFORE);
    const [one, other] = folder.history();
    expect(other?.text).toBe(one?.text);
  });
});

describe("looks at the sealed test", () => {
  it("are counted in the history, whatever was learned", async () => {
    const folder = trainingFolder({}, trainingTests(2));
    const { result } = await folder.train();
    expect(result.test?.look).toBe(1);
    const [version] = folder.history();
    expect(folder.looks()).toMatchObject([
      { by: "train", hash: version?.hash, version: 1, tests: 2, verdict: "not proven" },
    ]);
  });

  it("of an empty library have no hash, and further ones are counted", async () => {
    const folder = trainingFolder({ deaf: "validation" });
    expect((await folder.train()).result.test?.look).toBe(1);
    expect(folder.looks()).toMatchObject([{ hash: null, version: 0, tests: 1 }]);
    expect((await folder.train()).result.test?.look).toBe(2);
  });

  it("that cannot be written stop the run, which goes on from there: nothing is paid for again", async () => {
    const folder = trainingFolder({ deaf: "validation" });
    const whole = join(folder.folder, "experiences");
    const away = join(folder.folder, "away");
    const blocked = (event: RunEvent): void => {
      if (event.type !== "phase-done" || event.phase !== "test") return;
      if (existsSync(whole)) renameSync(whole, away);
      writeFileSync(whole, "a file where the folder should be");
    };
    const error = await grpoErrorOf(() => folder.trainRecorded({ runtime: { events: blocked } }));
    expect(error).toMatchObject({ code: expect.stringMatching(/^LIBRARY_/), exitCode: 3 });
    const calls = folder.calls().length;
    rmSync(whole);
    if (existsSync(away)) renameSync(away, whole);
    await folder.trainRecorded({ resume: true });
    expect(folder.calls()).toHaveLength(calls);
    expect(folder.looks()).toHaveLength(1);
  });

  it("are not made without a sealed test", async () => {
    const folder = trainingFolder({}, trainingTests(0));
    await folder.train();
    expect(folder.looks()).toEqual([]);
  });
});
