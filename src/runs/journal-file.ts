import type { DatabaseSync } from "node:sqlite";
import { corrupt } from "./journal-errors.ts";
import { hashOf, type Stage } from "./task.ts";

/** "grpo" in ASCII: tells our file from any other SQLite database. */
const APPLICATION = 0x6772706f;
const VERSION = 1;

export interface ResultRow {
  n: number;
  id: string;
  stage: Stage;
  /** ISO time. */
  at: string;
  /** JSON. */
  task: string;
  result: string;
  /** SQLite has no checksum of its own: see `sumOf`. */
  sum: string;
}

export interface FailureRow {
  n: number;
  id: string;
  stage: Stage;
  at: string;
  reason: string;
  /** 1: a candidate rests on it; 0: not yet; -1: tried again by a resumed run. */
  sealed: number;
}

/** A try that gave no result. */
export interface LostRow {
  n: number;
  stage: Stage;
  at: string;
  /** JSON. */
  lost: string;
}

/** The version changes with the tables: `verify` is where an older file will be brought up to date. */
export function create(database: DatabaseSync): void {
  prepare(database);
  database.exec(`
    BEGIN IMMEDIATE;
    PRAGMA application_id = ${APPLICATION};
    PRAGMA user_version = ${VERSION};
    CREATE TABLE results (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stage TEXT NOT NULL, at TEXT NOT NULL,
      task TEXT NOT NULL, result TEXT NOT NULL, sum TEXT NOT NULL) STRICT;
    CREATE TABLE failures (n INTEGER PRIMARY KEY, id TEXT NOT NULL, stage TEXT NOT NULL, at TEXT NOT NULL,
      reason TEXT NOT NULL, sealed INTEGER NOT NULL) STRICT;
    CREATE TABLE lost (n INTEGER PRIMARY KEY, stage TEXT NOT NULL, at TEXT NOT NULL, lost TEXT NOT NULL) STRICT;
    COMMIT;`);
}

/**
 * A commit is on the disk before it returns. Not WAL: SQLite takes a log that was cut or changed for a shorter
 * one without a word, and what it held would be paid for again. With a rollback journal everything that was
 * committed is in the one file, which `verify` can check. PERSIST is the fastest of those: measured
 * 0.7 ms a result, WAL 1.1 and DELETE 4.9.
 */
export function prepare(database: DatabaseSync): void {
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = PERSIST; PRAGMA synchronous = FULL");
}

/** Reads the whole file. @throws GrpoError JOURNAL_CORRUPT */
export function verify(path: string, database: DatabaseSync): void {
  database.exec("PRAGMA busy_timeout = 5000");
  const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  if (pragma("application_id") !== APPLICATION) throw corrupt(path, "is not a journal of promptfoo-grpo");
  const version = pragma("user_version");
  if (version !== VERSION)
    throw corrupt(path, `has the format ${version}, and this version reads ${VERSION}`);
  const damage = pragma("integrity_check(1)");
  if (damage !== "ok") throw corrupt(path, `is damaged (${String(damage).split("\n")[0]})`);
  let expected = 1;
  for (const row of database.prepare("SELECT * FROM results ORDER BY n").iterate() as Iterable<ResultRow>) {
    if (row.n !== expected++) throw corrupt(path, `lacks entry ${expected - 1}`);
    if (row.sum !== sumOf(row)) throw corrupt(path, `has an answer that was changed (entry ${row.n})`);
  }
}

export const sumOf = ({ id, stage, at, task, result }: Omit<ResultRow, "n" | "sum">): string =>
  hashOf([id, stage, at, task, result]);
