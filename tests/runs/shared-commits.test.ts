import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createJournal, openJournal } from "../../src/runs/journal-sqlite.ts";
import { SharedCommits } from "../../src/runs/shared-commits.ts";

describe("rows that arrive together", () => {
  it("share a commit, in order of arrival, and are known of only after it", async () => {
    const commits: string[][] = [];
    const known: string[] = [];
    const shared = new SharedCommits<string>((rows) => {
      expect(known).toEqual(commits.flat());
      commits.push([...rows]);
    });
    const add = (row: string) => shared.add(row).then(() => known.push(row));
    const all = [add("a"), Promise.resolve().then(() => add("b")), add("c")];
    expect(commits).toEqual([]);
    await turn();
    all.push(add("d"));
    expect(commits).toEqual([["a", "c", "b"]]);
    await Promise.all(all);
    expect(commits).toEqual([["a", "c", "b"], ["d"]]);
    expect(known).toEqual(["a", "c", "b", "d"]);
  });

  it("fail together, and the next are tried anew", async () => {
    const full = new Error("disk full");
    let fails = true;
    const shared = new SharedCommits<number>(() => {
      if (fails) throw full;
    });
    expect(await Promise.allSettled([shared.add(1), shared.add(2)])).toEqual(
      [1, 2].map(() => ({ status: "rejected", reason: full })),
    );
    fails = false;
    await expect(shared.add(3)).resolves.toBeUndefined();
  });
});

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpo-shared-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "journal.sqlite");
}
const task = (prompt: string) => ({ stage: "rollout" as const, prompt });

describe("a journal's results", () => {
  it("are on the disk when their record resolves, those that arrived together as well", async () => {
    const path = newPath();
    const journal = createJournal(path);
    const ids = Array.from({ length: 30 }, (_, nth) => `id ${nth}`);
    await Promise.all(ids.map((id) => journal.record(id, task(id), { reply: id })));
    // Another connection sees what was committed, without the first being closed.
    const other = openJournal(path, "read");
    expect([...other.entries()].map((entry) => entry.id)).toEqual(ids);
    other.close();
    journal.close();
  });

  it("wait for nobody when the journal is closed", async () => {
    const path = newPath();
    const journal = createJournal(path);
    const recorded = journal.record("a", task("a"), 1);
    journal.close();
    await recorded;
    expect(openJournal(path).size).toBe(1);
  });

  it("fail together, and none of them is there", async () => {
    const path = newPath();
    const journal = createJournal(path);
    await journal.record("before", task("before"), 0);
    const other = new DatabaseSync(path);
    other.exec(
      `CREATE TRIGGER full BEFORE INSERT ON results WHEN NEW.id = 'b' BEGIN SELECT RAISE(ROLLBACK, 'full'); END`,
    );
    const ends = await Promise.allSettled(["a", "b", "c"].map((id) => journal.record(id, task(id), id)));
    expect(ends.map((end) => end.status)).toEqual(["rejected", "rejected", "rejected"]);
    other.exec("DROP TRIGGER full");
    other.close();
    expect(journal.size).toBe(1);
    await journal.record("d", task("d"), "d");
    expect([...journal.entries()].map((entry) => entry.id)).toEqual(["before", "d"]);
    journal.close();
  });
});
