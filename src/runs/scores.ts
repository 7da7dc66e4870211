import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { hashOf, type Json } from "./task.ts";

/** What was computed from answers that are paid for, kept so that a resumed run need not compute it again. */
export interface KeptScores {
  get(key: string): Json | undefined;
  put(key: string, value: Json): void;
  close(): void;
}

/** The journal that the scores rest on. */
interface Answers {
  readonly size: number;
}

interface Row {
  value: string;
  sum: string;
}

const TABLE =
  "CREATE TABLE IF NOT EXISTS scores (key TEXT PRIMARY KEY, answers INTEGER NOT NULL, value TEXT NOT NULL, sum TEXT NOT NULL) STRICT";

/**
 * Scores beside a run's journal. They can be lost at any time, which costs time alone: so they are written without
 * waiting for the disk, a line that was damaged is not there, and a file that cannot be read, or that knows of
 * more answers than the journal, begins anew. No method throws.
 */
export function keptScores(folder: string, journal: Answers): KeptScores {
  const path = join(folder, "scores.sqlite");
  const store = open(path, journal) ?? fresh(path, journal);
  if (store === undefined) return { get: () => undefined, put: () => {}, close: () => {} };
  const { database, select, insert } = store;
  return {
    get: (key) => {
      const row = harmless(() => select.get(key)) as Row | undefined;
      return row === undefined || row.sum !== hashOf([key, row.value]) ? undefined : JSON.parse(row.value);
    },
    put: (key, value) => {
      const text = JSON.stringify(value);
      harmless(() => insert.run(key, journal.size, text, hashOf([key, text])));
    },
    close: () => void harmless(() => database.close()),
  };
}

interface Store {
  database: DatabaseSync;
  select: StatementSync;
  insert: StatementSync;
}

function fresh(path: string, journal: Answers): Store | undefined {
  harmless(() => {
    for (const ending of ["", "-journal"]) rmSync(`${path}${ending}`, { force: true });
  });
  return open(path, journal);
}

function open(path: string, journal: Answers): Store | undefined {
  const database = harmless(() => new DatabaseSync(path));
  if (database === undefined) return undefined;
  const store = harmless(() => {
    database.exec(`PRAGMA journal_mode = PERSIST; PRAGMA synchronous = OFF; ${TABLE}`);
    const most = database.prepare("SELECT max(answers) AS most FROM scores").get()?.["most"];
    if (Number(most ?? 0) > journal.size) return undefined;
    return {
      database,
      select: database.prepare("SELECT value, sum FROM scores WHERE key = ?"),
      insert: database.prepare(
        "INSERT OR REPLACE INTO scores (key, answers, value, sum) VALUES (?, ?, ?, ?)",
      ),
    };
  });
  if (store === undefined) harmless(() => database.close());
  return store;
}

function harmless<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
