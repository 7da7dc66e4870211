import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grpoErrorOf } from "../support/refusals.ts";
import { trainingTests } from "../support/training-config.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";

const LEARNED = "---\nagent: tested\nroute: common\nversion: 1\n---\n- [E1] Name the feeling as painful.\n";
const NEW = ["train-00", "train-01", "train-02", "train-03"];

/** A folder whose library already does something, with dates on some of its training tests. */
function folderWith(dates: Record<string, string> = {}, agent = {}): TrainingFolder {
  const folder = trainingFolder(agent, trainingTests(0));
  folder.write("experiences/tested/common.md", LEARNED);
  const path = join(folder.folder, "promptfooconfig.yaml");
  const config = JSON.parse(readFileSync(path, "utf8"));
  for (const { metadata } of config.tests)
    if (dates[metadata.id] !== undefined) metadata.added = dates[metadata.id];
  folder.write("promptfooconfig.yaml", JSON.stringify(config));
  return folder;
}

/** Training questions that were rolled out to learn from them: those with the exploration's seed in every repeat. */
const learnedFrom = (folder: TrainingFolder): string[] => {
  const asked = folder
    .calls()
    .flatMap(({ learner, prompt }) => (learner === null ? (/trainthing(\d)/.exec(prompt)?.[1] ?? []) : []));
  return [...new Set(asked)].sort();
};

describe("a run that learns from some examples only", () => {
  it.each<[string, Record<string, string>, object, string[]]>([
    ["ids", {}, { exampleIds: ["train-01", "train-04"] }, ["1", "4"]],
    [
      "a day, itself included",
      { "train-02": "2026-11-30", "train-03": "2026-12-01", "train-05": "2026-12-02" },
      { since: "2026-12-01" },
      ["3", "5"],
    ],
    [
      "both",
      { "train-02": "2026-12-01", "train-03": "2026-12-01" },
      { since: "2026-12-01", exampleIds: ["train-03", "train-04"], minSupport: 1 },
      ["3"],
    ],
  ])("chosen by %s", async (_what, dates, flags, expected) => {
    const folder = folderWith(dates);
    await folder.train({ flags: { ...flags, replay: 0 } });
    expect(learnedFrom(folder)).toEqual(expected);
  });

  it("is refused a library that forgets what earlier examples taught, and told which", async () => {
    const folder = folderWith({}, { spoilt: "trainthing[4-7]" });
    const { result } = await folder.train({ flags: { exampleIds: NEW, replay: 4, gateAttempts: 1 } });
    const [gate] = result.steps[0]?.gates ?? [];
    expect(gate).toMatchObject({ accepted: false, replay: { accepted: false } });
    expect(gate?.reason).toMatch(
      /^it forgets earlier examples \(train-0[4-7].*worse on replay by more than 0.02/,
    );
    expect(gate?.replay?.forgotten.length).toBeGreaterThan(0);
    expect(folder.library()).toBe(LEARNED);
    expect(folder.history().at(-1)).toMatchObject({
      status: "rejected",
      gate: { replay: { accepted: false } },
    });
  });

  it("would take it without the guard, and takes what forgets nothing", async () => {
    const unguarded = folderWith({}, { spoilt: "trainthing[4-7]" });
    const { result } = await unguarded.train({ flags: { exampleIds: NEW, replay: 0, gateAttempts: 1 } });
    expect(result.steps[0]?.gates).toMatchObject([{ accepted: true }]);
    const folder = folderWith();
    const kept = await folder.train({ flags: { exampleIds: NEW, replay: 4, gateAttempts: 1 } });
    expect(kept.result.steps[0]?.gates).toMatchObject([
      { accepted: true, replay: { accepted: true, planned: 4 } },
    ]);
    expect(kept.result.steps[0]?.gates[0]?.reason).toContain("no worse than 0.02 on replay");
  });

  it("replays some of every user type, the same for the same seed", async () => {
    const folder = folderWith();
    const crises = new Set(["2", "5"]);
    await folder.train({ flags: { exampleIds: ["train-00", "train-01", "train-03"], replay: 2 } });
    const replayed = learnedFrom(folder).filter((one) => !["0", "1", "3"].includes(one));
    expect(replayed).toHaveLength(2);
    expect(replayed.filter((one) => crises.has(one))).toHaveLength(1);
  });

  it("learns from everything, and replays nothing, where nothing is chosen", async () => {
    const folder = folderWith();
    const { result } = await folder.train();
    expect(learnedFrom(folder)).toHaveLength(8);
    expect(result.steps[0]?.gates[0]?.replay).toBeUndefined();
  });
});

describe("what cannot be chosen is an error before anything is called", () => {
  it.each<[string, object, string, RegExp]>([
    [
      "nothing since then",
      { since: "2026-12-24" },
      "NOTHING_SELECTED",
      /the newest of 8 was added 2026-12-01/,
    ],
    [
      "an id that is not there",
      { exampleIds: ["train-00", "train-99"] },
      "EXAMPLES_UNKNOWN",
      /"train-99" is not in the tests/,
    ],
    [
      "one that is held out",
      { exampleIds: ["validation-00"] },
      "EXAMPLES_UNKNOWN",
      /"validation-00" is a validation example/,
    ],
    ["no date", { since: "yesterday" }, "SETTINGS_INVALID", /must be a date/],
  ])("%s", async (_what, flags, code, message) => {
    const folder = folderWith({ "train-00": "2026-12-01" });
    const error = await grpoErrorOf(() => folder.train({ flags }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(folder.calls()).toEqual([]);
  });
});
