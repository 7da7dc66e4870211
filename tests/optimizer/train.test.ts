import { describe, expect, it } from "vitest";
import { verdictOf } from "../../src/evaluation/verdict.ts";
import { parseLibrary } from "../../src/library/index.ts";
import { planTraining } from "../../src/optimizer/plan.ts";
import { memoryJournal } from "../../src/runs/journal.ts";
import { loadSuite } from "../../src/suite/suite.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { trainingTests } from "../support/training-config.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";

const FORMS = ["contrast", "principles"] as const;
const texts = (folder: TrainingFolder) =>
  parseLibrary(folder.library() ?? "", "library").experiences.map((one) => one.text);

describe.each(FORMS)("training by %s", (advantage) => {
  it("learns a library, with its evidence, and proves it on the sealed test", async () => {
    const folder = trainingFolder({}, trainingTests(12));
    const { result, runtime } = await folder.train({ flags: { advantage } });

    expect(result.steps.map((one) => one.outcome)).toEqual(["accepted"]);
    expect(result.steps[0]?.failures).toEqual([]);
    expect(texts(folder).sort()).toEqual([
      "End with a question.",
      "Name the feeling as painful.",
      "When in danger, give the line 988.",
    ]);
    expect(result.library).toMatchObject({ version: 1, source: folder.library() });

    const [entry, ...more] = folder.history();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      status: "accepted",
      version: 1,
      author: "train",
      text: folder.library(),
      gate: { accepted: true, n: 4, candidate: 1 },
    });
    expect(entry?.evidence.length).toBeGreaterThan(0);
    for (const line of entry?.evidence ?? []) {
      expect(line.exampleId).toMatch(/^train-/);
      expect([2, 3]).toContain((line["rewards"] as unknown[]).length);
    }
    expect(new Set(entry?.evidence.map((line) => line["experience"]))).toEqual(
      new Set(result.library.experiences.map((one) => one.id)),
    );

    const arms = result.test?.arms;
    expect(arms).toMatchObject({
      baseline: 0,
      enhanced: 1,
      comparison: { n: 12, better: 12 },
      ungraded: { baseline: 0, enhanced: 0 },
    });
    expect(arms === undefined ? "" : verdictOf(arms).verdict).toBe("proven");
    expect(arms?.criteria.find((one) => one.name === "names-line")).toMatchObject({
      must: true,
      baseline: 0,
      enhanced: 1,
      comparison: { n: 4 },
    });

    const calls = folder.calls();
    expect(runtime.limiter.usage.total().calls).toBe(calls.length);
    expect(calls.length).toBeLessThanOrEqual(
      planTraining(await loadSuite("promptfooconfig.yaml", { advantage }), advantage).calls,
    );
  });

  it("shows the learner nothing of validation or of the sealed test", async () => {
    const folder = trainingFolder();
    await folder.train({ flags: { advantage } });
    const learner = folder.calls().filter((one) => one.learner !== null);
    expect(learner.length).toBeGreaterThan(0);
    expect(
      learner.filter((one) => /validation|test ?thing|test worry|Reference of/i.test(one.prompt)),
    ).toEqual([]);
    expect(learner.some((one) => one.prompt.includes("train worry") || advantage === "contrast")).toBe(true);
  });

  it("gives the same library for the same seed, whatever answers first", async () => {
    const libraries: (string | null)[] = [];
    for (const latency of [0, 4, 8]) {
      const folder = trainingFolder({ latency });
      await folder.train({
        flags: { advantage, batchSize: 4, seed: 5, screenSize: 2 },
        runtime: { concurrency: latency === 4 ? 3 : 16 },
      });
      libraries.push(folder.library());
    }
    expect(libraries[0]).toContain("- [E1]");
    expect(libraries[1]).toBe(libraries[0]);
    expect(libraries[2]).toBe(libraries[0]);
  });

  it("leaves the library alone when a second epoch has nothing left to teach", async () => {
    const folder = trainingFolder();
    const { result } = await folder.train({ flags: { advantage, epochs: 2 } });
    expect(result.steps.map((one) => one.outcome)).toEqual(["accepted", "nothing to learn"]);
    expect(result.steps[1]?.kinds).toEqual({ informative: 0, "all-bad": 0, solved: 8, incomplete: 0 });
    expect(folder.history()).toHaveLength(1);
  });

  it("remembers a candidate that validation refused, and keeps the library as it was", async () => {
    const folder = trainingFolder({ deaf: "validation" });
    const { result } = await folder.train({ flags: { advantage, gateAttempts: 1 } });
    expect(result.steps[0]).toMatchObject({ outcome: "rejected", gates: [{ accepted: false, mean: 0 }] });
    expect(folder.library()).toBeNull();
    expect(folder.history()).toMatchObject([
      {
        status: "rejected",
        version: null,
        gate: { accepted: false },
        reason: expect.stringContaining("no better on validation"),
      },
    ]);
    expect(folder.history()[0]?.text).toContain("Name the feeling as painful.");
    expect(result.library.experiences).toEqual([]);
    expect(result.test?.arms.comparison).toMatchObject({ n: 1, same: 1 });
  });
});

describe("what cannot be graded", () => {
  it("is counted and never 0: one training and one sealed question always fail", async () => {
    const folder = trainingFolder({ fails: "trainthing3|testthing0" }, trainingTests(13));
    const { result, events } = await folder.train();
    const [step] = result.steps;
    expect(step?.kinds.incomplete).toBe(1);
    expect(step?.outcome).toBe("accepted");
    const arms = result.test?.arms;
    expect(arms).toMatchObject({
      ungraded: { baseline: 1, enhanced: 1 },
      enhanced: 1,
      comparison: { n: 12, better: 12 },
    });
    expect(arms === undefined ? "" : verdictOf(arms).verdict).toBe("not proven");
    expect(result.test?.pairs.find((one) => one.id === "test-00")?.enhanced).toMatchObject([
      { reward: null, ungraded: expect.stringContaining("the model fell over") },
    ]);
    expect(events).toContainEqual({ type: "phase-progress", phase: "rollouts", done: 3, ungraded: 3 });
  });

  it("on validation refuses the candidate: what is missing may be what got worse", async () => {
    const folder = trainingFolder({ fails: "validationthing1" });
    const { result } = await folder.train();
    expect(result.steps[0]?.outcome).toBe("rejected");
    expect(result.steps[0]?.gates[0]?.reason).toBe(
      "1 validation rollout is ungraded after 0 of 4 examples: it could no longer be accepted",
    );
    expect(folder.library()).toBeNull();
  });

  it("everywhere ends the run with the agent's own words", async () => {
    const error = await grpoErrorOf(() => trainingFolder({ fails: "." }).train());
    expect(error).toMatchObject({ code: "ALL_UNGRADED", exitCode: 3 });
    expect(error.message).toContain("the model fell over");
  });
});

/** The training agent puts its cost into each response. */
const REPORTED = { "training-agent": "reported" } as const;

describe("how a run ends early", () => {
  it("with nothing to learn when every reply is perfect", async () => {
    const error = await grpoErrorOf(() =>
      trainingFolder({ always: "Call 988. That sounds painful. How is it?" }).train(),
    );
    expect(error).toMatchObject({ code: "NOTHING_INFORMATIVE", exitCode: 3 });
  });

  it.each<[string, Parameters<typeof trainingFolder>[0], Parameters<TrainingFolder["train"]>[0], object]>([
    [
      "at the cap",
      {},
      { runtime: { maxCostUsd: 0.03, prices: REPORTED } },
      { code: "BUDGET_REACHED", exitCode: 4 },
    ],
    [
      "when the provider refuses",
      { fails: "trainthing2", error: "API error: 401 Unauthorized" },
      {},
      { code: "PROVIDER_REFUSED", exitCode: 6 },
    ],
    [
      "when it is interrupted",
      {},
      { runtime: { signal: AbortSignal.abort() } },
      { code: "INTERRUPTED", exitCode: 130 },
    ],
  ])("%s", async (_what, agent, options, expected) => {
    const folder = trainingFolder(agent);
    expect(await grpoErrorOf(() => folder.train(options))).toMatchObject(expected);
    expect(folder.library()).toBeNull();
  });

  it("never over the cap", async () => {
    const folder = trainingFolder();
    await grpoErrorOf(() =>
      folder.train({ runtime: { maxCostUsd: 0.03, concurrency: 3, prices: REPORTED } }),
    );
    expect(folder.calls()).toHaveLength(30);
  });

  it("rather than write over a person's edit made meanwhile", async () => {
    const folder = trainingFolder();
    const edited = "---\nagent: tested\nroute: common\nversion: 0\n---\n- [E1] A person wrote this.\n";
    const error = await grpoErrorOf(() =>
      folder.train({
        runtime: {
          events: (event) =>
            event.type === "phase-done" &&
            event.phase === "validation" &&
            folder.write("experiences/tested/common.md", edited),
        },
      }),
    );
    expect(error.code).toBe("LIBRARY_CONFLICT");
    expect(folder.library()).toBe(edited);
  });
});

describe("what was paid for", () => {
  it("is not paid for again: a second run on the same journal calls nothing and learns the same", async () => {
    const journal = memoryJournal();
    const folder = trainingFolder();
    await folder.train({ runtime: { journal } });
    const [calls, library] = [folder.calls(), folder.library()];
    folder.remove("experiences");
    const { runtime } = await folder.train({ runtime: { journal } });
    expect(folder.calls()).toEqual(calls);
    expect(runtime.limiter.usage.total().calls).toBe(0);
    expect(folder.library()).toBe(library);
  });

  it("as baseline is the agent's own prompt, byte for byte, and the library only enters the system message", async () => {
    const folder = trainingFolder();
    await folder.train();
    const sealed = folder.calls().filter((one) => one.prompt.includes("testthing0"));
    const user = { role: "user", content: "My test worry 0 keeps growing about testthing0 daily" };
    expect(sealed.map((one) => one.prompt)).toContain(
      `[{"role":"system","content":"You listen."},{"role":"user","content":${JSON.stringify(user.content)}}]`,
    );
    const enhanced = sealed
      .map((one) => JSON.parse(one.prompt))
      .filter(([system]) => system.content !== "You listen.");
    expect(enhanced).toEqual([
      [{ role: "system", content: expect.stringMatching(/^You listen\.\n\n[\s\S]*painful/) }, user],
    ]);
  });
});

it("a learner that never answers usably leaves the library alone, with every failure said", async () => {
  const folder = trainingFolder({ learner: "I would rather not." });
  const { result } = await folder.train();
  expect(result.steps[0]?.outcome).toBe("nothing to learn");
  expect(result.steps[0]?.failures).toHaveLength(9);
  expect(folder.history()).toEqual([]);
});

it("a learner that copies a question has its text refused, said with the reason", async () => {
  const folder = trainingFolder({
    learner: '{"instruction": "When it keeps growing about testthing0 daily, ask."}',
  });
  const { result } = await folder.train();
  expect(result.steps[0]?.outcome).toBe("no candidate");
  expect(result.steps[0]?.refused[0]?.reason).toMatch(/copies "keeps growing about testthing0 daily"/);
  expect(folder.library()).toBeNull();
});

it("compares candidates with the library under the agent's own settings, not with what it does while exploring", async () => {
  const folder = trainingFolder({
    eager: true,
    learner: '{"instruction": "When it hurts, name it as painful."}',
  });
  const { result } = await folder.train();
  expect(result.steps[0]).toMatchObject({ outcome: "accepted", kinds: { solved: 6, "all-bad": 2 } });
  expect(texts(folder)).toEqual(["When it hurts, name it as painful."]);
});

it("tries the next candidate when the gate refuses the best, and remembers each", async () => {
  const folder = trainingFolder({ deaf: "validation" });
  const { result } = await folder.train({ flags: { gateAttempts: 3 } });
  const refused = result.steps[0]?.gates ?? [];
  expect(refused.length).toBeGreaterThan(1);
  expect(folder.history().map((one) => one.status)).toEqual(refused.map(() => "rejected"));
});

it("writes down what each step cost, not the run so far", async () => {
  const folder = trainingFolder({ cost: 0.01, deaf: "validation" }, trainingTests(0));
  const { runtime } = await folder.train({ flags: { batchSize: 4, gateAttempts: 1 } });
  const costs = folder.history().map((one) => one.costUsd ?? Number.NaN);
  expect(costs).toHaveLength(2);
  expect(Math.min(...costs)).toBeGreaterThan(0);
  expect(costs.reduce((sum, one) => sum + one, 0)).toBeCloseTo(runtime.limiter.usage.total().costUsd);
});

it("without a sealed test the library is learned and nothing is claimed", async () => {
  const folder = trainingFolder({}, trainingTests(0));
  const { result } = await folder.train();
  expect(result.test).toBeUndefined();
  expect(result.library.version).toBe(1);
});
