import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";
import { asked, BAD, evaluatedFolder, type ToyFolder } from "../support/evaluated-folder.ts";
import { resultsOf, rows } from "../support/results-files.ts";
import { REPOSITORY, type Workspace, workspace } from "../support/workspace.ts";

const plan = (space: Workspace, line = "") =>
  commandLine(["plan", "--display", "none", ...line.split(" ").filter(Boolean)], space.folder);

describe("before anything is called", () => {
  it("says calls, dollars, and what repeats show", async () => {
    const space = evaluatedFolder({ tests: 40 });
    const before = space.snapshot();
    const { code, stdout, stderr } = await plan(space, "--repeats 7");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^config .*promptfooconfig\.json\nagent {7}toy\ntests {7}40 x 7 repeats x 2 arms\n/,
    );
    expect(stdout).toContain("\ncalls       560 of the agent, graders not counted\n");
    const shown = [...stdout.matchAll(/^ +(\d+) +\+(0\.\d\d)$/gm)].map(([, k, d]) => [Number(k), Number(d)]);
    expect(shown.map(([repeats]) => repeats)).toEqual([1, 3, 5, 7, 10]);
    expect(shown.map(([, difference]) => difference)).toEqual(
      shown.map(([, difference]) => difference ?? 0).toSorted((a, b) => b - a),
    );
    expect(stdout).toMatch(/\+0\.08 takes \d+ tests x 7/);
    expect(stdout).toMatch(/nothing was called\n$/);
    expect(space.snapshot()).toEqual(before);
  });

  it.each<[string, string, ToyFolder, RegExp]>([
    [
      "another split",
      "--split train",
      {},
      /\ntests {7}2 x 1 repeats .*\n(.*\n)*shows {7}nothing: 2 tests are fewer than 12/,
    ],
    ["all of them", "--split all", {}, /\ntests {7}16 x 1 /],
    ["a split without tests", "", { tests: 0 }, /\ntests {7}0 x 1 .*\n(.*\n)*shows {7}nothing/],
    ["no price", "", {}, /\ndollars {5}unknown for toy-agent \(`prices:` in the settings\); no cap/],
    [
      "a price in the settings",
      "",
      { settings: { maxCostUsd: 2, prices: { "toy-agent": { input: 10, output: 20 } } } },
      /\ndollars {5}about \$0\.26; cap \$2/,
    ],
    ["a price in the config", "", { agent: { cost: 0.001 } }, /\ndollars {5}about \$18\.89; no cap/],
  ])("with %s", async (_what, line, parts, expected) => {
    const { code, stdout } = await plan(evaluatedFolder(parts), line);
    expect(code).toBe(0);
    expect(stdout).toMatch(expected);
  });
});

describe("--headroom", () => {
  it("rolls out the training split alone, group size times, without the library", async () => {
    const space = evaluatedFolder({ library: [BAD] });
    const { code, stdout } = await plan(space, "--headroom --group-size 4");
    expect(code).toBe(0);
    expect(asked(space).toSorted()).toEqual([
      ...Array(4).fill("Answer train-00"),
      ...Array(4).fill("Answer train-01"),
    ]);
    expect(stdout).toMatch(/headroom {4}mean@1 0\.50, best of 4 1\.00 on 2 tests: .* gains 0\.50\n/);
    expect(stdout).toMatch(/ {12}2 tests have replies that differ, 0 are always solved, 0 never differ\n$/);
    expect(stdout).not.toContain("nothing was called");
  });

  it.each<[string, string, ToyFolder, RegExp]>([
    [
      "everything is solved",
      "",
      { agent: { always: true } },
      /there is nothing to learn: every reply is right/,
    ],
    ["one reply is all there is", "--group-size 1", {}, /one repeat tells nothing of that/],
    [
      "no reply is graded",
      "",
      { agent: { error: "no such model" } },
      /headroom {4}unknown: no rollout is graded/,
    ],
  ])("says so when %s", async (_what, line, parts, expected) => {
    const { code, stdout } = await plan(evaluatedFolder(parts), `--headroom ${line}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(expected);
  });

  it("ends with the provider's refusal", async () => {
    const { code, stderr } = await plan(
      evaluatedFolder({ agent: { error: "HTTP 401 invalid api key" } }),
      "--headroom",
    );
    expect(code).toBe(6);
    expect(stderr).toContain("PROVIDER_REFUSED");
  });
});

describe("--results", () => {
  const ids = Array.from({ length: 12 }, (_, index) => `t${index}`);
  it("measures the noise and the headroom in what is there, and reads no config", async () => {
    const mixed = [0, 1].flatMap((column) =>
      [0, 1].flatMap((repeat) =>
        rows(ids, [column], 1, { score: repeat }).map((one) => ({
          ...one,
          response: { output: "x", metadata: { repeatIndex: repeat } },
        })),
      ),
    );
    const space = workspace({
      "promptfooconfig.yaml": "{",
      "both.json": resultsOf({ rows: mixed, repeats: 2 }),
    });
    const { code, stdout, stderr } = await plan(space, "--results both.json --repeats 4");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^results {5}both\.json: 12 tests x 2\nshows .*12 tests show .*noise as measured/);
    expect(stdout).toMatch(/headroom {4}mean@1 0\.50, best of 2 1\.00 on 12 tests/);
    expect(stdout).toMatch(/nothing was called\n$/);
  });

  it("of too few tests shows nothing", async () => {
    const file = join(REPOSITORY, "tests/fixtures/results/two-arms.json");
    const { code, stdout } = await plan(workspace(), `--results ${file} --split all`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/shows {7}nothing: \d tests are fewer than 12/);
  });

  it("takes the split that the results are of, unless one is asked for", async () => {
    const space = workspace({
      "t.json": resultsOf({ rows: rows(ids, [0, 1], 2, { metadata: { split: "train" } }), repeats: 2 }),
    });
    expect(await plan(space, "--results t.json")).toMatchObject({ code: 0 });
    const { code, stderr } = await plan(space, "--results t.json --split test");
    expect(code).toBe(3);
    expect(stderr).toMatch(/^\nRESULTS_SPLIT /);
  });
});
