import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EvaluationReportSchema } from "../../src/evaluation/report.ts";
import { commandLine } from "../support/command-line.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { trainingTests } from "../support/training-config.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";

const library = (route: string, text: string): string =>
  `---\nagent: tested\nroute: ${route}\nversion: 1\n---\n- [E1] ${text}\n`;
const COMMON = library("common", "Name the feeling as painful.");
const ROUTED = { routes: ["crisis"] };
const CRISES = ["2", "5"];

function folderWith(grpo: object = {}, files: Record<string, string> = { common: COMMON }): TrainingFolder {
  const folder = trainingFolder({}, trainingTests(3));
  for (const [route, text] of Object.entries(files)) folder.write(`experiences/tested/${route}.md`, text);
  const path = join(folder.folder, "promptfooconfig.yaml");
  const config = JSON.parse(readFileSync(path, "utf8"));
  Object.assign(config.metadata.grpo, grpo);
  folder.write("promptfooconfig.yaml", JSON.stringify(config));
  return folder;
}

const asked = (folder: TrainingFolder) => folder.calls().filter(({ learner }) => learner === null);
const numbers = (folder: TrainingFolder): string[] =>
  [
    ...new Set(
      asked(folder).flatMap(({ prompt }) => /(?:train|validation|test)thing(\d)/.exec(prompt)?.[1] ?? []),
    ),
  ].sort();

describe("training a route", () => {
  it("learns from the route's examples alone, on top of the common library, which stays as it is", async () => {
    const folder = folderWith(ROUTED);
    const { result } = await folder.train({ flags: { route: "crisis" } });
    expect(numbers(folder)).toEqual(CRISES);
    expect(asked(folder).every(({ prompt }) => prompt.includes("[1] Name the feeling as painful."))).toBe(
      true,
    );
    expect(result.library.route).toBe("crisis");
    const own = readFileSync(join(folder.folder, "experiences/tested/crisis.md"), "utf8");
    expect(own).toContain("give the line 988");
    expect(folder.library()).toBe(COMMON);
    const both = asked(folder).find(({ prompt }) => /\[[23]\] When in danger/.test(prompt));
    expect(both?.prompt).toContain("[1] Name the feeling as painful.");
  });

  it("is as before where the settings name no routes: a name of a file, and nothing below it", async () => {
    const folder = folderWith();
    await folder.train({ flags: { route: "crisis", replay: 0 } });
    expect(numbers(folder).length).toBeGreaterThan(CRISES.length);
    expect(asked(folder).some(({ prompt }) => !prompt.includes("Name the feeling"))).toBe(true);
  });

  it.each<[string, object, string]>([
    ["a route that is not named", { routes: ["verbose"], route: "crisis" }, "ROUTE_UNKNOWN"],
    ["a route that no example takes", { routes: ["verbose"], route: "verbose" }, "ROUTE_WITHOUT_EXAMPLES"],
  ])("%s is refused before anything is called", async (_what, flags, code) => {
    const folder = folderWith();
    expect((await grpoErrorOf(() => folder.train({ flags }))).code).toBe(code);
    expect(folder.calls()).toEqual([]);
  });
});

describe("routed libraries against a single one", () => {
  const files = { common: COMMON, crisis: library("crisis", "When in danger, give the line 988.") };
  const compare = (folder: TrainingFolder, arms: string) =>
    commandLine(["eval", "--arms", arms, "--split", "train", "--json", "--display", "none"], folder.folder);

  it.each(["routed", "routed:detect"])("current,%s", async (arm) => {
    const folder = folderWith(ROUTED, files);
    const ended = await compare(folder, `current,${arm}`);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const report = EvaluationReportSchema.parse(JSON.parse(ended.stdout));
    expect(report.arms[1]).toMatchObject({ label: arm, library: { experiences: 2 } });
    // Nothing in these questions says that somebody is in danger, so detection finds none.
    expect(report.must.map(({ name, means }) => [name, means])).toEqual([
      ["names-line", arm === "routed" ? [0, 1] : [0, 0]],
    ]);
    const common = asked(folder).filter(({ prompt }) => prompt.includes("trainthing0"));
    expect(new Set(common.map(({ prompt }) => prompt)).size).toBe(1);
  });

  it.each<[string, object, string]>([
    ["no routes are named", {}, "ROUTES_MISSING"],
    ["one route is asked for", { ...ROUTED, route: "crisis" }, "ROUTES_MISSING"],
  ])("is refused where %s", async (_what, grpo, code) => {
    const folder = folderWith(grpo, files);
    const ended = await compare(folder, "baseline,routed");
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(code);
    expect(existsSync(join(folder.folder, "calls.jsonl"))).toBe(false);
  });
});
