import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { nodeComplaint } from "../../src/cli/node-version.ts";

it.each([
  ["18.20.1", true],
  ["20.20.2", true],
  ["22.21.9", true],
  ["22.22.0", false],
  ["24.21.0", false],
])("Node.js %s is refused in words: %s", (version, refused) => {
  const said = nodeComplaint(version);
  expect(said !== undefined).toBe(refused);
  if (refused) expect(said).toContain(version);
});

it("asks for what package.json does", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(nodeComplaint("20.0.0")).toContain(engines.node.replace(">=", "Node.js "));
});
