import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EvaluateTestSuite } from "promptfoo";
import { beforeEach, expect, it, vi } from "vitest";
import { flags, learned, repeated, TESTS } from "../support/recorded-runs.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";
import { GRADE } from "../support/training-model.ts";

/** Rollouts with which a group begins. */
const BEGUN = 2;

/** Groups that promptfoo evaluated: one test, one agent. Reading the config and publishing are other evaluations. */
const seen = vi.hoisted(() => ({ groups: 0 }));
vi.mock("promptfoo", async (original) => {
  const real = await original<typeof import("promptfoo")>();
  const evaluate: typeof real.evaluate = (suite, options) => {
    const { tests, description } = suite as unknown as EvaluateTestSuite;
    if (Array.isArray(tests) && tests.length === 1 && description === undefined && options?.repeat === BEGUN)
      seen.groups++;
    return real.evaluate(suite, options);
  };
  return { ...real, evaluate };
});
beforeEach(() => {
  seen.groups = 0;
});

async function stopped(folder: TrainingFolder, writes: number): Promise<void> {
  expect(await grpoErrorOf(() => folder.trainRecorded({ flags, writes }))).toMatchObject({ code: "KILLED" });
}
const runFolder = ({ folder }: TrainingFolder): string =>
  join(folder, ".grpo/runs", readdirSync(join(folder, ".grpo/runs"))[0] ?? "");

it.each<[string, (folder: TrainingFolder) => void, { resume: true; fork?: boolean }, boolean]>([
  ["are not evaluated again", () => {}, { resume: true }, true],
  [
    "are evaluated again when what their grader imports was changed",
    (folder) => folder.write("helper.mjs", "export const feeling = 'painful'; // the same"),
    { resume: true },
    false,
  ],
  [
    "are evaluated again when nothing was kept of their scores",
    (folder) => rmSync(join(runFolder(folder), "scores.sqlite")),
    { resume: true },
    false,
  ],
  ["are evaluated again in a fork", () => {}, { resume: true, fork: true }, false],
])(
  "groups that were scored before a run was cut off %s, and it learns the same",
  async (_what, meanwhile, how, spared) => {
    const make = (): TrainingFolder => {
      const folder = trainingFolder({}, TESTS);
      folder.write("helper.mjs", "export const feeling = 'painful';");
      folder.write(
        "grade.mjs",
        `import { feeling } from "./helper.mjs";\n${GRADE.replace('"painful"', "feeling")}`,
      );
      return folder;
    };
    const whole = make();
    const { written } = await whole.trainRecorded({ flags });
    const groups = seen.groups;
    const folder = make();
    seen.groups = 0;
    await stopped(folder, written - 1);
    const calls = folder.calls().length;
    meanwhile(folder);
    seen.groups = 0;
    await folder.trainRecorded(how);
    const { library, history } = learned(folder);
    const { entry: _, ...last } = history.at(-1) ?? {};
    expect(last).toMatchObject({ text: learned(whole).history.at(-1)?.text });
    expect(library).toBe(learned(whole).library);
    expect(repeated(folder)).toBeLessThanOrEqual(calls - (written - 1));
    if (spared) expect(seen.groups).toBeLessThan(groups / 4);
    // Some of the first run were asked ahead, and in vain.
    else expect(seen.groups).toBeGreaterThan(groups / 3);
  },
);
