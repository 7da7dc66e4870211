import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { keptScores } from "../../src/runs/scores.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpo-scores-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Scores a and b after 7 answers, closed again. */
function written(): { folder: string; file: string } {
  const folder = newFolder();
  const scores = keptScores(folder, { size: 7 });
  for (const key of ["a", "b"]) scores.put(key, [{ reply: `\ud800 ${key}`, reward: 0.1 + 0.2 }]);
  scores.close();
  return { folder, file: join(folder, "scores.sqlite") };
}

function read(folder: string, size = 7) {
  const scores = keptScores(folder, { size });
  const found = [scores.get("a"), scores.get("b"), scores.get("c")];
  scores.put("c", 3);
  expect(scores.get("c")).toBe(3);
  scores.close();
  return found;
}
const A = [{ reply: "\ud800 a", reward: 0.1 + 0.2 }];
const B = [{ reply: "\ud800 b", reward: 0.1 + 0.2 }];

it("are there for a later process, as they were", () => {
  expect(read(written().folder)).toEqual([A, B, undefined]);
});

it("one that was changed is not there", () => {
  const { folder, file } = written();
  const database = new DatabaseSync(file);
  database.exec(`UPDATE scores SET value = replace(value, '"reply"', '"answer"') WHERE key = 'a'`);
  database.close();
  expect(read(folder)).toEqual([undefined, B, undefined]);
});

it("of answers that the journal does not have are not used", () => {
  expect(read(written().folder, 6)).toEqual([undefined, undefined, undefined]);
});

it.each<[string, (file: string) => void]>([
  ["cut", (file) => writeFileSync(file, readFileSync(file).subarray(0, 5000))],
  [
    "something else",
    (file) => writeFileSync(file, "no database at all, but long enough to be taken for one".repeat(99)),
  ],
  [
    "with another table",
    (file) => {
      rmSync(file);
      const database = new DatabaseSync(file);
      database.exec("CREATE TABLE scores (x)");
      database.close();
    },
  ],
])("a file that is %s begins anew", (_what, damage) => {
  const { folder, file } = written();
  damage(file);
  expect(read(folder)).toEqual([undefined, undefined, undefined]);
});

it("where nothing can be written nothing is kept, and nothing fails", () => {
  const folder = newFolder();
  mkdirSync(join(folder, "scores.sqlite/in-the-way"), { recursive: true });
  const scores = keptScores(folder, { size: 0 });
  scores.put("a", 1);
  expect(scores.get("a")).toBeUndefined();
  scores.close();
});
