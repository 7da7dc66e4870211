import type { Pool, PoolClient } from "pg";
import { GrpoError } from "./error.ts";
import { storeFailure, unreachable } from "./postgres-errors.ts";
import { type PostgresOptions, requireSchemaName } from "./postgres-options.ts";

/** What runs in a transaction. `read` sees one moment; `write` waits for two seconds at most for another writer. */
const BEGIN = {
  read: "begin isolation level repeatable read read only",
  write: "begin; set local lock_timeout = '2s'; set local idle_in_transaction_session_timeout = '30s'",
} as const;

/** One database, connected to when it is first asked; an idle connection keeps no process alive. */
export class PostgresConnection {
  /** The schema's name, safe to stand in SQL. */
  readonly schema: string;
  readonly #url: string;
  #pool: Promise<Pool> | undefined;

  /** @throws GrpoError STORE_SCHEMA_INVALID */
  constructor({ url, schema = "grpo" }: PostgresOptions) {
    requireSchemaName(schema);
    this.schema = schema;
    this.#url = url;
  }

  /** @throws GrpoError what `storeFailure` makes of a database's error; what `work` throws undoes everything */
  async transaction<T>(mode: keyof typeof BEGIN, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.client();
    let broken = false;
    try {
      await client.query(BEGIN[mode]);
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch(() => {
        broken = true;
      });
      throw error instanceof GrpoError ? error : this.failure(error);
    } finally {
      client.release(broken);
    }
  }

  /** A connection of one's own, to be released. @throws GrpoError STORE_PACKAGE_MISSING, STORE_UNREACHABLE */
  async client(): Promise<PoolClient> {
    this.#pool ??= this.#open();
    const pool = await this.#pool;
    try {
      return await pool.connect();
    } catch (error) {
      throw unreachable(error, this.#url);
    }
  }

  failure(error: unknown): GrpoError {
    return storeFailure(error, { url: this.#url, schema: this.schema });
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool?.catch(() => undefined))?.end();
  }

  async #open(): Promise<Pool> {
    const { default: pg } = await importPg();
    const pool = new pg.Pool({
      connectionString: this.#url,
      max: 4,
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      allowExitOnIdle: true,
      application_name: "promptfoo-grpo",
    });
    // A connection that is lost is met by the next query; without listeners it would end the process.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    return pool;
  }
}

async function importPg(): Promise<typeof import("pg")> {
  try {
    return await import("pg");
  } catch (cause) {
    throw new GrpoError({
      code: "STORE_PACKAGE_MISSING",
      message: "Libraries in PostgreSQL need the package pg, which is not installed.",
      remedy: "Run `npm install pg`, or keep the libraries in files (--store files).",
      cause,
    });
  }
}
