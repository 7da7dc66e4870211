import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Journal, Known } from "./journal.ts";
import { corrupt, sqliteErrors } from "./journal-errors.ts";
import {
  create,
  type FailureRow,
  type LostRow,
  prepare,
  type ResultRow,
  sumOf,
  verify,
} from "./journal-file.ts";
import { lostTry, paidFor } from "./paid.ts";
import { redacted, redactText } from "./secrets.ts";
import { inTransaction, SharedCommits } from "./shared-commits.ts";
import type { Json, Stage, Task } from "./task.ts";
import type { PaidTry } from "./usage.ts";

/** One line of a journal. */
export type JournalEntry =
  | { kind: "result"; n: number; id: string; stage: Stage; at: string; task: Json; result: Json }
  | { kind: "failure"; n: number; id: string; stage: Stage; at: string; reason: string };

/** A journal on the disk. Every method throws GrpoError JOURNAL_NOT_WRITABLE or JOURNAL_CORRUPT. */
export interface FileJournal extends Journal {
  readonly path: string;
  readonly size: number;
  /** Failures until now are part of what the run has learned from: a resumed run fails there as well. */
  seal(): void;
  /** What was paid: for every result after the first `skip`, oldest first, then for tries that gave none. */
  paid(skip?: number): Generator<PaidTry>;
  /** Results, then failures, each oldest first. */
  entries(): Generator<JournalEntry>;
  close(): void;
}

/** Rows read at a time, so that a long export never holds up the run that is writing. */
const PAGE = 200;

/** A new journal. Its folder is made when it is missing. */
export function createJournal(path: string): FileJournal {
  return sqliteErrors(path, "write", () => {
    if (existsSync(path)) throw corrupt(path, "is there already, where a new one was to be made");
    mkdirSync(dirname(path), { recursive: true });
    const database = new DatabaseSync(path);
    create(database);
    return fileJournal(path, database);
  });
}

/**
 * A journal that an earlier process wrote, read and checked as a whole: a file that is cut, changed or not
 * ours is refused. Failures that nothing was learned from are forgotten: they are tried again.
 */
export function openJournal(path: string, mode: "resume" | "read" = "resume"): FileJournal {
  return sqliteErrors(path, "read", () => {
    if (!existsSync(path)) throw corrupt(path, "is gone");
    const database = new DatabaseSync(path);
    try {
      verify(path, database);
      if (mode === "resume") database.exec("UPDATE failures SET sealed = -1 WHERE sealed = 0");
    } catch (error) {
      database.close();
      throw error;
    }
    return fileJournal(path, database);
  });
}

/** A new journal with the results of another; its failures are tried again. */
export async function copyJournal(from: FileJournal, path: string): Promise<FileJournal> {
  const copy = createJournal(path);
  let page: Promise<void>[] = [];
  for (const entry of from.entries()) {
    if (entry.kind === "result") page.push(copy.record(entry.id, entry.task as Task, entry.result));
    if (page.length < PAGE) continue;
    await Promise.all(page);
    page = [];
  }
  await Promise.all(page);
  return copy;
}

function fileJournal(path: string, database: DatabaseSync): FileJournal {
  prepare(database);
  const select = database.prepare("SELECT * FROM results WHERE id = ?");
  const insert = database.prepare(
    "INSERT OR IGNORE INTO results (id, stage, at, task, result, sum) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const insertFailure = database.prepare(
    "INSERT INTO failures (id, stage, at, reason, sealed) VALUES (?, ?, ?, ?, 0)",
  );
  const insertLost = database.prepare("INSERT INTO lost (stage, at, lost) VALUES (?, ?, ?)");
  const seal = database.prepare("UPDATE failures SET sealed = 1 WHERE sealed = 0");
  const failures = sealedFailures(database);
  const commits = new SharedCommits((rows: readonly Omit<ResultRow, "n" | "sum">[]) =>
    sqliteErrors(path, "write", () =>
      inTransaction(database, () => {
        for (const row of rows) insert.run(row.id, row.stage, row.at, row.task, row.result, sumOf(row));
      }),
    ),
  );
  const now = (): string => new Date().toISOString();
  return {
    path,
    get size() {
      return sqliteErrors(path, "read", () => countOf(database));
    },
    get: async (id): Promise<Known | undefined> => {
      const failed = failures.get(id)?.shift();
      if (failed !== undefined) return { failed };
      const row = sqliteErrors(path, "read", () => select.get(id)) as ResultRow | undefined;
      if (row === undefined) return undefined;
      if (row.sum !== sumOf(row)) throw corrupt(path, `has an answer that was changed (entry ${row.n})`);
      return { result: JSON.parse(row.result) as Json };
    },
    willFail: (id) => (failures.get(id)?.length ?? 0) > 0,
    record: async (id, task, result) =>
      commits.add({
        id,
        stage: task.stage,
        at: now(),
        task: JSON.stringify(redacted(task)),
        result: JSON.stringify(result),
      }),
    fail: async (id, task, reason) => {
      sqliteErrors(path, "write", () => insertFailure.run(id, task.stage, now(), redactText(reason)));
    },
    lose: ({ stage, ...lost }) => {
      sqliteErrors(path, "write", () => insertLost.run(stage, now(), JSON.stringify(lost)));
    },
    seal: () => {
      sqliteErrors(path, "write", () => seal.run());
    },
    paid: function* (skip = 0) {
      for (const row of rowsOf<ResultRow>(path, database, "results", skip))
        yield paidFor(row.stage, JSON.parse(row.task) as Json, JSON.parse(row.result) as Json);
      for (const row of rowsOf<LostRow>(path, database, "lost")) yield lostTry(row.stage, row.lost);
    },
    entries: function* () {
      for (const { sum: _sum, ...row } of rowsOf<ResultRow>(path, database, "results"))
        yield { kind: "result", ...row, task: JSON.parse(row.task), result: JSON.parse(row.result) };
      for (const { sealed: _sealed, ...row } of rowsOf<FailureRow>(path, database, "failures"))
        yield { kind: "failure", ...row };
    },
    close: () => {
      commits.flush();
      if (database.isOpen) database.close();
    },
  };
}

function* rowsOf<Row extends { n: number }>(
  path: string,
  database: DatabaseSync,
  table: "results" | "failures" | "lost",
  skip = 0,
): Generator<Row> {
  const page = database.prepare(`SELECT * FROM ${table} WHERE n > ? ORDER BY n LIMIT ${PAGE}`);
  for (let after = skip; ; ) {
    const rows = sqliteErrors(path, "read", () => page.all(after)) as unknown as Row[];
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.n;
  }
}

/** By task id the reasons in order: a task may have failed more than once before it was answered. */
function sealedFailures(database: DatabaseSync): Map<string, string[]> {
  const rows = database.prepare("SELECT id, reason FROM failures WHERE sealed = 1 ORDER BY n").all();
  const found = new Map<string, string[]>();
  for (const { id, reason } of rows as unknown as Pick<FailureRow, "id" | "reason">[])
    found.set(id, [...(found.get(id) ?? []), reason]);
  return found;
}

const countOf = (database: DatabaseSync): number =>
  // Numbered without gaps, see `verify`; to count them would read them all.
  Number(database.prepare("SELECT max(n) AS count FROM results").get()?.["count"] ?? 0);
