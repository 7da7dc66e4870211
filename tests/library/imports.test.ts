import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const FOLDER = join(import.meta.dirname, "../../src/library");
const ALLOWED = new Set(["js-yaml", "yaml", "zod", "diff", "pg"]);

function importsOf(file: string): string[] {
  const source = readFileSync(join(FOLDER, file), "utf8");
  const found = source.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|\brequire\(\s*)["']([^"']+)["']/g);
  return [...found].map((match) => match[1] ?? "");
}

it("the library imports node, itself, four small packages and, when asked for a database, pg, so that production can use it alone", () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  expect(files.length).toBeGreaterThan(10);
  const foreign = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => !name.startsWith("node:") && !ALLOWED.has(name))
      .filter((name) => !(name.startsWith("./") && files.includes(name.slice(2))))
      .map((name) => `${file} imports ${name}`),
  );
  expect(foreign).toEqual([]);
});
