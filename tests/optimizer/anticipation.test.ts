import { describe, expect, it } from "vitest";
import { mostAhead } from "../../src/optimizer/anticipation.ts";
import { loadSuite } from "../../src/suite/suite.ts";
import { trainingTests } from "../support/training-config.ts";
import { type AgentConfig, trainingFolder } from "../support/training-folder.ts";

/** Long enough for a place to be seen to be free. */
const SLOW: AgentConfig = { latency: 40 };
const flags = { advantage: "principles", epochs: 2, groupSize: 3 } as const;

describe("what a run asks ahead", () => {
  it.each<[string, AgentConfig]>([
    ["is accepted", {}],
    ["is refused", { deaf: "validation" }],
  ])("changes nothing that is learned where a candidate %s", async (_what, agent) => {
    const [fast, slow] = [
      trainingFolder(agent, trainingTests(4)),
      trainingFolder({ ...agent, ...SLOW }, trainingTests(4)),
    ];
    const learned = [await fast.train({ flags }), await slow.train({ flags })].map(({ result }) => result);
    expect(slow.library()).toBe(fast.library());
    expect(learned[1]?.steps).toEqual(learned[0]?.steps);
    expect(learned[1]?.test?.pairs).toEqual(learned[0]?.test?.pairs);
  });

  it("is asked once: who needs it finds the answer", async () => {
    const folder = trainingFolder(SLOW, trainingTests(4));
    await folder.train({ flags });
    const asked = folder.calls().map(({ prompt, seed }) => `${seed} ${prompt}`);
    expect(asked).toHaveLength(new Set(asked).size);
  });

  it("is the sealed test's baseline, unless a cap leaves the calls to learning", async () => {
    const first = async (runtime: object) => {
      const folder = trainingFolder(SLOW, trainingTests(4));
      await folder.train({ flags: { ...flags, epochs: 1 }, runtime });
      const isTest = folder.calls().map(({ prompt }) => prompt.includes("testthing"));
      return isTest.indexOf(true) < isTest.lastIndexOf(false);
    };
    expect(await first({})).toBe(true);
    expect(await first({ maxCalls: 100_000 })).toBe(false);
  });

  it("is nothing with the paper's schedule, or when it is switched off", async () => {
    const folder = trainingFolder();
    const path = `${folder.folder}/promptfooconfig.yaml`;
    expect(mostAhead(await loadSuite(path, { schedule: "plain" }))).toBe(0);
    expect(mostAhead(await loadSuite(path, { ahead: false }))).toBe(0);
    expect(mostAhead(await loadSuite(path, { concurrency: 5 }))).toBe(10);
  });
});
