import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { GrpoError } from "../../src/library/error.ts";
import { embeddedExecutor, TaskFailed } from "../../src/runs/executor.ts";
import { copyJournal, createJournal, type FileJournal, openJournal } from "../../src/runs/journal-sqlite.ts";
import { type Json, type Task, taskId } from "../../src/runs/task.ts";
import { grpoErrorOf } from "../support/refusals.ts";

function temporary(): string {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "grpo-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const task = (prompt: string): Task => ({ stage: "rollout", prompt });
const put = (journal: FileJournal, prompt: string, result: Json) =>
  journal.record(taskId(task(prompt)), task(prompt), result);
const get = (journal: FileJournal, prompt: string) => journal.get(taskId(task(prompt)));

/** A closed journal of 40 answers. */
async function written(): Promise<string> {
  const path = join(temporary(), "run", "journal.sqlite");
  const journal = createJournal(path);
  for (let n = 0; n < 40; n++) await put(journal, `p${n}`, { output: `answer ${n} ${"x".repeat(300)}` });
  journal.close();
  return path;
}

describe("a journal on the disk", () => {
  it("answers in a later process what was recorded in an earlier one, also when that never closed it", async () => {
    const path = join(temporary(), "journal.sqlite");
    const first = createJournal(path);
    await put(first, "a", { output: "A", nested: [1, null, "é\u2028"] });
    await put(first, "a", { output: "never twice" });
    const second = openJournal(path);
    expect(await get(second, "a")).toEqual({ result: { output: "A", nested: [1, null, "é\u2028"] } });
    expect(await get(second, "b")).toBeUndefined();
    expect(second.size).toBe(1);
  });

  it("says what every answer cost", async () => {
    const journal = createJournal(join(temporary(), "j.sqlite"));
    await put(journal, "a", { output: "A", cost: 0.5, tokenUsage: { prompt: 3, completion: 2 } });
    await put(journal, "b", { output: "B", tokenUsage: null });
    const lost = { stage: "judge" as const, spent: { costUsd: 0.1, calls: 1, tokens: 7 }, usage: null };
    journal.lose(lost);
    const none = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 };
    expect([...journal.paid()]).toEqual([
      {
        stage: "rollout",
        spent: { costUsd: 0.5, calls: 1, tokens: 5 },
        usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 0, costUsd: 0.5 },
      },
      {
        stage: "rollout",
        spent: { costUsd: 0, calls: 1, tokens: expect.toSatisfy((tokens: number) => tokens > 0) },
        usage: { ...none, costUsd: null },
      },
      lost,
    ]);
    expect([...journal.paid(1)]).toHaveLength(2);
  });

  it("keeps sealed failures for a resumed run, in order, before the answer; others are tried again", async () => {
    const path = join(temporary(), "j.sqlite");
    const first = createJournal(path);
    const fail = (journal: FileJournal, prompt: string, reason: string) =>
      journal.fail(taskId(task(prompt)), task(prompt), reason);
    await fail(first, "a", "one");
    await fail(first, "a", "two");
    first.seal();
    await put(first, "a", "at last");
    await fail(first, "b", "not sealed");
    expect(await get(first, "a")).toEqual({ result: "at last" });
    const second = openJournal(path);
    expect(await get(second, "a")).toEqual({ failed: "one" });
    expect(await get(second, "a")).toEqual({ failed: "two" });
    expect(await get(second, "a")).toEqual({ result: "at last" });
    expect(await get(second, "b")).toBeUndefined();
    second.seal();
    expect(await get(openJournal(path), "b")).toBeUndefined();
  });

  it("is fed by the executor: failures are noted, and come back as failures", async () => {
    const path = join(temporary(), "j.sqlite");
    const journal = createJournal(path);
    const failing = () => Promise.reject(new TaskFailed("HTTP 500 for sk-abcdefghijklmnopqrstuv"));
    await expect(embeddedExecutor(journal).exec(task("a"), failing)).rejects.toThrow("HTTP 500");
    journal.seal();
    const resumed = embeddedExecutor(openJournal(path));
    await expect(resumed.exec(task("a"), async () => "paid again")).rejects.toThrow("HTTP 500 for [secret]");
    expect(await resumed.exec(task("a"), async () => "tried again")).toBe("tried again");
  });

  it("is copied with its answers and without its failures", async () => {
    const from = openJournal(await written());
    const copy = await copyJournal(from, join(temporary(), "copy.sqlite"));
    expect(copy.size).toBe(40);
    expect(await get(copy, "p7")).toEqual(await get(from, "p7"));
  });
});

describe("a file that is not the journal that was written is refused, never taken for an empty one", () => {
  it.each<[string, (path: string) => void]>([
    ["gone", (path) => rmSync(path)],
    ["empty", (path) => truncateSync(path, 0)],
    ["text", (path) => writeFileSync(path, "once upon a time ".repeat(100))],
    ["cut in half", (path) => truncateSync(path, Math.floor(readFileSync(path).length / 8192) * 4096)],
    ["cut within its head", (path) => truncateSync(path, 50)],
    ["another program's database", (path) => foreign(path)],
    ["of a later format", (path) => exec(path, "PRAGMA user_version = 2")],
    ["without one of its answers", (path) => exec(path, "DELETE FROM results WHERE n = 5")],
    ["with an answer that was changed", (path) => exec(path, "UPDATE results SET result = '1' WHERE n = 5")],
  ])("%s", async (_what, harm) => {
    const path = await written();
    harm(path);
    const error = await grpoErrorOf(() => openJournal(path));
    expect(error).toMatchObject({ code: "JOURNAL_CORRUPT", exitCode: 3, place: path });
    expect(error.remedy).toMatch(/copy|--resume/);
  });

  it("any single bit that is flipped is found, or changes nothing that is read", {
    timeout: 60_000,
  }, async () => {
    const path = await written();
    const whole = readFileSync(path);
    const expected = JSON.stringify([...openJournal(path, "read").entries()]);
    const flipped = join(temporary(), "flipped.sqlite");
    let found = 0;
    for (let at = 0; at < whole.length; at += 173) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(flipped, bytes);
      try {
        const journal = openJournal(flipped, "read");
        expect(JSON.stringify([...journal.entries()]), `bit at byte ${at}`).toBe(expected);
        journal.close();
      } catch (error) {
        if (!(error instanceof GrpoError)) throw error;
        expect(error.code).toBe("JOURNAL_CORRUPT");
        found++;
      }
    }
    expect(found).toBeGreaterThan(50);
  });
});

describe("a disk that takes no more", () => {
  it("a folder that cannot be written to", async () => {
    const folder = temporary();
    writeFileSync(join(folder, "file"), "");
    expect(await grpoErrorOf(() => createJournal(join(folder, "file", "j.sqlite")))).toMatchObject({
      code: "JOURNAL_NOT_WRITABLE",
      exitCode: 3,
    });
  });

  it.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")(
    "full: the answer is not used, and what was recorded stays",
    async () => {
      const folder = temporary();
      try {
        execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], { stdio: "ignore" });
      } catch {
        // Not every machine lets a test mount.
        return;
      }
      onTestFinished(() => {
        execFileSync("/bin/umount", ["-l", folder]);
      });
      const path = join(folder, "journal.sqlite");
      const journal = createJournal(path);
      const fill = async () => {
        for (let n = 0; n < 1000; n++) await put(journal, `p${n}`, "y".repeat(5000));
      };
      expect(await grpoErrorOf(fill)).toMatchObject({ code: "JOURNAL_NOT_WRITABLE", exitCode: 3 });
      const recorded = journal.size;
      expect(recorded).toBeGreaterThan(10);
      journal.close();
      expect(openJournal(path, "read").size).toBe(recorded);
    },
  );
});

function exec(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

function foreign(path: string): void {
  rmSync(path);
  exec(path, "CREATE TABLE results (n INTEGER PRIMARY KEY, id TEXT)");
}
