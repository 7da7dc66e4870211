import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { REPOSITORY } from "../support/workspace.ts";

const textOf = (pattern: string): string =>
  globSync(pattern, { cwd: REPOSITORY })
    .map((path) => readFileSync(`${REPOSITORY}/${path}`, "utf8"))
    .join("\n");

it("docs/errors.md has a row for every code, once, and none for a code that is gone", () => {
  const source = textOf("src/**/*.ts");
  const rows = [...textOf("docs/errors.md").matchAll(/^\| `([A-Z][A-Z_]+)` /gm)].map(
    ([, code]) => code ?? "",
  );
  const thrown = [...source.matchAll(/\b(?:code:|resultsError\()\s*"([A-Z][A-Z_]+)"/g)].map(
    ([, code]) => code ?? "",
  );
  expect([...new Set(thrown)].filter((code) => !rows.includes(code))).toEqual([]);
  expect(thrown.length).toBeGreaterThan(50);
  expect(rows.filter((code, index) => rows.indexOf(code) !== index)).toEqual([]);
  const known = source + textOf("scripts/*.ts");
  expect(rows.filter((code) => !known.includes(code))).toEqual([]);
});
