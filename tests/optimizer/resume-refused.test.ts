import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/runs/events.ts";
import { flags, learned, manifests, repeated, TESTS } from "../support/recorded-runs.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { type RecordedOptions, type TrainingFolder, trainingFolder } from "../support/training-folder.ts";

/** What the agent says that a call costs; a cap in dollars asks for it before the first one. */
const prices = { "training-agent": "reported" as const };

async function cutOff(options: RecordedOptions = {}): Promise<TrainingFolder> {
  const folder = trainingFolder({}, TESTS);
  await grpoErrorOf(() => folder.trainRecorded({ flags, writes: 9, ...options }));
  return folder;
}

describe("a run is resumed as what it was", () => {
  it("remembers its flags; caps and concurrency may change", async () => {
    const folder = await cutOff();
    await folder.trainRecorded({ resume: true, flags: { concurrency: 2, maxCostUsd: 5, prices } });
    expect(manifests(folder)).toMatchObject([{ flags: { groupSize: 3, epochs: 2 }, status: "finished" }]);
  });

  it.each([
    ["maxCostUsd", 0.001, "The cap of $0.012 would be passed: $0.012 used"],
    ["maxCalls", 1, "The cap of 12 calls would be passed: 12 calls used"],
    ["maxTokens", 15, "The cap of 180 tokens would be passed: 180 tokens used"],
  ] as const)("counts against %s what was spent before", async (cap, each, message) => {
    const folder = trainingFolder({}, TESTS);
    const stopped = () =>
      folder.trainRecorded({ flags: { ...flags, prices, concurrency: 1, [cap]: 12 * each } });
    expect(await grpoErrorOf(stopped)).toMatchObject({ code: "BUDGET_REACHED", exitCode: 4 });
    expect(folder.calls()).toHaveLength(12);
    expect(manifests(folder)).toMatchObject([{ status: "stopped", code: "BUDGET_REACHED" }]);
    const again = await grpoErrorOf(() => folder.trainRecorded({ resume: true }));
    expect(again).toMatchObject({ code: "BUDGET_REACHED", exitCode: 4 });
    expect(again.message).toContain(message);
    const more = { resume: true as const, flags: { [cap]: 20 * each } };
    expect(await grpoErrorOf(() => folder.trainRecorded(more))).toMatchObject({ code: "BUDGET_REACHED" });
    expect(folder.calls()).toHaveLength(20);
    await folder.trainRecorded({ resume: true, flags: { [cap]: 1000 * each } });
    expect(manifests(folder)).toMatchObject([{ status: "finished" }]);
    expect(repeated(folder)).toBe(0);
  });

  it("counts against the cap in calls what was asked before, tries without an answer included", async () => {
    const folder = trainingFolder({ fails: "train worry [0-2]", error: "HTTP 503: overloaded" }, TESTS);
    for (const maxCalls of [9, 15]) {
      const train = () =>
        folder.trainRecorded({ ...(maxCalls > 9 && { resume: true }), flags: { ...flags, maxCalls } });
      expect(await grpoErrorOf(train)).toMatchObject({ code: "BUDGET_REACHED", exitCode: 4 });
      expect(folder.calls()).toHaveLength(maxCalls);
    }
  });

  it.each<[string, (folder: TrainingFolder) => void, NonNullable<RecordedOptions["flags"]>, string]>([
    ["a setting", () => {}, { groupSize: 4 }, "setting groupSize (3, now 4)"],
    ["a script", (folder) => folder.write("grade.mjs", "export default () => true;"), {}, "file grade.mjs"],
    ["an example", replace("worry 1 keeps", "worry one keeps"), {}, "1 train example (train-01)"],
    ["the prompt", replace("You listen.", "You hear."), {}, "prompt"],
    [
      "the model",
      replace('"label":"agent","config":{', '"label":"agent","config":{"latency":1,'),
      {},
      "model of the agent",
    ],
    ["a learner's prompt", contrastPrompt, { prompts: { contrast: "own.yaml" } }, "learner prompt contrast"],
  ])("%s that differs is refused and named, before any call", async (_what, change, given, expected) => {
    const folder = await cutOff();
    change(folder);
    const calls = folder.calls().length;
    const error = await grpoErrorOf(() => folder.trainRecorded({ resume: true, flags: given }));
    expect(error).toMatchObject({ code: "RESUME_DIFFERS", exitCode: 3 });
    expect(error.message).toContain(expected);
    expect(folder.calls()).toHaveLength(calls);
  });

  it("--fork takes the answers into a new run that may differ", async () => {
    const folder = await cutOff();
    const [old] = manifests(folder);
    const { notes } = await folder.trainRecorded({ resume: true, fork: true, flags: { epochs: 1 } });
    expect(repeated(folder)).toBeLessThanOrEqual(8);
    expect(manifests(folder)).toMatchObject([
      { id: old?.id, status: "stopped", code: "KILLED" },
      { forkedFrom: old?.id, reused: 9, status: "finished" },
    ]);
    expect(notes.join()).toContain(`forked from ${old?.id}: 9 answers`);
  });

  it("a new run says that another was not finished; a finished one is not resumed", async () => {
    const folder = await cutOff();
    const [old] = manifests(folder);
    const { notes } = await folder.trainRecorded({ flags });
    expect(notes.join()).toMatch(
      new RegExp(`run ${old?.id} was not finished \\(KILLED\\); this is a new one`),
    );
    const [, done] = manifests(folder);
    expect(await grpoErrorOf(() => folder.trainRecorded({ resume: done?.id ?? "" }))).toMatchObject({
      code: "RUN_FINISHED",
    });
    folder.remove("experiences");
    expect((await folder.trainRecorded({ flags })).notes.join()).not.toContain("was not finished");
  });

  it("nothing to resume, and an id that is not there", async () => {
    const folder = trainingFolder({}, TESTS);
    expect(await grpoErrorOf(() => folder.trainRecorded({ resume: true }))).toMatchObject({
      code: "NO_RUN_TO_RESUME",
    });
    expect(await grpoErrorOf(() => folder.trainRecorded({ resume: "x" }))).toMatchObject({
      code: "RUN_UNKNOWN",
    });
    expect(await grpoErrorOf(() => folder.trainRecorded({ fork: true }))).toMatchObject({ code: "USAGE" });
  });

  it("a grader that answers otherwise without the journal knowing diverges, and nothing is written", async () => {
    const folder = trainingFolder({}, TESTS);
    folder.write("mood.txt", "1");
    folder.write("inner.mjs", readFileSync(join(folder.folder, "grade.mjs"), "utf8"));
    folder.write(
      "grade.mjs",
      `import { existsSync } from "node:fs";
       import grade from "./inner.mjs";
       export default (output, context) => existsSync(new URL("./mood.txt", import.meta.url))
         ? grade(output, context)
         : grade("988 painful? " + output.length, { ...context, test: { ...context.test, metadata: { crisis: false } } });`,
    );
    await expect(folder.trainRecorded({ flags, storeWrites: 1 })).rejects.toThrow("killed");
    const before = learned(folder);
    folder.remove("mood.txt");
    expect(await grpoErrorOf(() => folder.trainRecorded({ resume: true }))).toMatchObject({
      code: "RESUME_DIVERGED",
      exitCode: 3,
    });
    expect(learned(folder)).toEqual(before);
  });
});

describe("a library that somebody else changes", () => {
  const edited = "---\nagent: tested\nroute: common\nversion: 0\n---\n- [E1] A person wrote this.\n";

  it("between kill and resume stops the run at once, exit 5", async () => {
    const folder = await cutOff();
    folder.write("experiences/tested/common.md", edited);
    const calls = folder.calls().length;
    expect(await grpoErrorOf(() => folder.trainRecorded({ resume: true }))).toMatchObject({
      code: "LIBRARY_CONFLICT",
      exitCode: 5,
    });
    expect(folder.calls()).toHaveLength(calls);
    expect(folder.library()).toBe(edited);
    await folder.trainRecorded({ resume: true, fork: true });
    expect(folder.library()).toContain("- [E1] A person wrote this.");
  });

  it("while it is under way is not written over: the candidate is kept beside it", async () => {
    const folder = trainingFolder({}, TESTS);
    const edit = (event: RunEvent) =>
      event.type === "phase-done" &&
      event.phase === "validation" &&
      folder.write("experiences/tested/common.md", edited);
    const error = await grpoErrorOf(() => folder.trainRecorded({ flags, runtime: { events: edit } }));
    expect(error).toMatchObject({ code: "LIBRARY_CONFLICT", exitCode: 5 });
    expect(error.message).toContain("common.md.candidate");
    expect(error.details).toMatch(
      /^on the disk, since the run last saw it:\n {2}\+ \[E1\] A person wrote this\.\nwhat the run would have changed:\n(?: {2}\+ \[E\d\] .*\n)+changed by both: E1$/,
    );
    expect(folder.library()).toBe(edited);
    const candidate = readFileSync(join(folder.folder, "experiences/tested/common.md.candidate"), "utf8");
    expect(candidate).toMatch(/- \[E1\] /);
    expect(manifests(folder)).toMatchObject([{ status: "stopped", code: "LIBRARY_CONFLICT" }]);
  });

  it("is kept to one run at a time", async () => {
    const folder = trainingFolder({ latency: 20 }, TESTS);
    const first = folder.trainRecorded({ flags });
    await expect.poll(() => folder.calls().length).toBeGreaterThan(0);
    const error = await grpoErrorOf(() => folder.trainRecorded({ flags }));
    expect(error).toMatchObject({ code: "LIBRARY_IN_TRAINING", exitCode: 5 });
    await first;
    expect(manifests(folder)).toHaveLength(1);
  });
});

it("no key reaches the disk: not from the config, the environment, or a response", async () => {
  const secret = "sk-test-0123456789abcdef0123";
  const folder = trainingFolder({ apiKey: secret, always: "Hm." } as object, TESTS);
  const model = readFileSync(join(folder.folder, "agent.mjs"), "utf8").replace(
    'finishReason: "stop",',
    `finishReason: "stop", metadata: { http: { status: 200, headers: { "x-request": "${secret}" } } }, raw: { authorization: "Bearer ${secret}" },`,
  );
  folder.write("agent.mjs", model);
  await folder.trainRecorded({ flags: { ...flags, epochs: 1 } });
  const files = readdirSync(join(folder.folder, ".grpo"), { recursive: true, withFileTypes: true });
  const texts = files
    .filter((one) => one.isFile())
    .map((one) => readFileSync(join(one.parentPath, one.name), "latin1"));
  expect(texts.length).toBeGreaterThanOrEqual(3);
  expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  // A renewed key is no other model.
  folder.write(
    "promptfooconfig.yaml",
    readFileSync(join(folder.folder, "promptfooconfig.yaml"), "utf8").replace(
      secret,
      "sk-renewed-0123456789abcdef",
    ),
  );
  const calls = folder.calls().length;
  await folder.trainRecorded({ resume: manifests(folder)[0]?.id ?? "", fork: true });
  expect(folder.calls()).toHaveLength(calls);
});

function replace(from: string, to: string): (folder: TrainingFolder) => void {
  return (folder) => {
    const text = readFileSync(join(folder.folder, "promptfooconfig.yaml"), "utf8");
    expect(text).toContain(from);
    folder.write("promptfooconfig.yaml", text.replace(from, to));
  };
}

function contrastPrompt(folder: TrainingFolder): void {
  const own = new URL("../../src/optimizer/prompts/contrast.yaml", import.meta.url);
  folder.write("own.yaml", readFileSync(own, "utf8").replace("You write ONE", "You must write ONE"));
}
