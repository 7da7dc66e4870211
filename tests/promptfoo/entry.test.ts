import { expect, it } from "vitest";
import * as entry from "../../src/index.ts";

it("the entry that promptfoo opens has named exports and no default, which would hide them", () => {
  expect(Object.keys(entry)).not.toContain("default");
  expect(Object.keys(entry)).toEqual(
    expect.arrayContaining(["ExperienceProvider", "LocalModel", "groundTruth", "personaTests", "rubric"]),
  );
});
