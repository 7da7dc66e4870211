import type { DatabaseSync } from "node:sqlite";

interface Waiting<Row> {
  row: Row;
  committed: () => void;
  failed: (error: unknown) => void;
}

/**
 * Rows that arrive while others are being put on the disk share the next commit: a slow disk is waited for once, not
 * once a row. Everything that has arrived is committed together, in order of arrival, when the event loop has seen
 * to the replies that are there; nothing waits for a clock.
 */
export class SharedCommits<Row> {
  readonly #commit: (rows: readonly Row[]) => void;
  #waiting: Waiting<Row>[] = [];

  /** @param commit puts all rows on the disk, or throws and puts none */
  constructor(commit: (rows: readonly Row[]) => void) {
    this.#commit = commit;
  }

  /** Resolves when the row is on the disk. @throws what the commit of it threw, which then failed for all of its rows */
  add(row: Row): Promise<void> {
    return new Promise((committed, failed) => {
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      this.#waiting.push({ row, committed, failed });
    });
  }

  /** Commits at once what waits. */
  flush(): void {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    try {
      this.#commit(rows.map(({ row }) => row));
    } catch (error) {
      for (const { failed } of rows) failed(error);
      return;
    }
    for (const { committed } of rows) committed();
  }
}

/** All or nothing. */
export function inTransaction(database: DatabaseSync, action: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    action();
    database.exec("COMMIT");
  } catch (error) {
    // A full disk may have ended the transaction already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
