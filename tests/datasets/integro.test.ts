import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { datasetCheck } from "../../src/cli/dataset.ts";
import { loadPersonaFolder } from "../../src/datasets/load.ts";
import { type Split, splitDataset } from "../../src/datasets/split.ts";

const FOLDER = "datasets/integro/personas";

describe("the Integro dataset", () => {
  it("passes its own check", async () => {
    const { text, exitCode } = await datasetCheck(FOLDER);
    expect(exitCode, text).toBe(0);
  });

  it("has twelve personas, 120 examples, and crisis on every side", async () => {
    const dataset = await loadPersonaFolder(FOLDER);
    expect(dataset.personas).toHaveLength(12);
    expect(dataset.examples.length).toBeGreaterThanOrEqual(120);
    const heldOut = dataset.personas.filter((persona) => persona.heldOut).map((persona) => persona.persona);
    expect(heldOut.length / 12).toBeGreaterThanOrEqual(0.2);
    expect(heldOut).toContain("jamie");
    for (let seed = 0; seed < 5; seed++) {
      const splits = splitDataset(dataset, { seed });
      const crisis = (split: Split) =>
        dataset.examples.filter((one) => one.userTypes.includes("crisis") && splits.get(one.id) === split)
          .length;
      expect(Math.min(crisis("train"), crisis("validation"), crisis("test"))).toBeGreaterThanOrEqual(3);
    }
  });

  it("names its schema for editors, and the schema on disk is the code's", () => {
    for (const name of readdirSync(FOLDER)) {
      expect(readFileSync(`${FOLDER}/${name}`, "utf8"), name).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/\.\.\/\.\.\/schema\/persona\.schema\.json\n/,
      );
    }
    const run = spawnSync(process.execPath, ["scripts/schemas.ts", "--check"], { encoding: "utf8" });
    expect(run.status, run.stderr).toBe(0);
  });
});
