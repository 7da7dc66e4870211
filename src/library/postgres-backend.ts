import type { PoolClient } from "pg";
import type { LibraryBackend, Step } from "./backend.ts";
import { GrpoError } from "./error.ts";
import { hashText, textOf } from "./files.ts";
import { type History, parseHistory } from "./history.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { lockForTraining } from "./postgres-lock.ts";
import { type LibraryAddress, type LibraryPlace, type LibraryState, stateOf } from "./state.ts";
import { filesOf, keepCandidate } from "./store-files.ts";

/**
 * One library in a database. A change is one transaction: it holds the library's row from before it reads until
 * it has written, so of two writers the second sees what the first made.
 */
export function postgresBackend(
  connection: PostgresConnection,
  { agent, route, root }: LibraryAddress & { root: string },
): LibraryBackend {
  const files = filesOf({ root, agent, route });
  const path = `postgres:${connection.schema}/${agent}/${route}`;
  const rows = new LibraryRows({ agent, route, path, historyPath: `${path}#history` }, connection.schema);
  const reading = <T>(read: (client: PoolClient) => Promise<T>): Promise<T> =>
    connection.transaction("read", read);
  return {
    ...rows.place,
    text: () => reading((client) => rows.text(client)),
    history: () => reading((client) => rows.history(client)),
    state: async () => ({ state: await reading((client) => rows.state(client)), recovered: false }),
    change: (rule) =>
      connection.transaction("write", async (client) => {
        await rows.hold(client);
        const state = await rows.state(client);
        const { steps, result } = rule(state);
        await rows.write(client, state, steps);
        return result;
      }),
    keep: async (text) => keepCandidate(files, text),
    lockForTraining: () => lockForTraining(connection, rows.place),
  };
}

/** The rows of one library. Texts and lines are bytes: what the database's encoding is does not matter. */
class LibraryRows {
  readonly place: LibraryPlace;
  readonly #schema: string;
  readonly #address: [agent: string, route: string];

  constructor(place: LibraryPlace, schema: string) {
    this.place = place;
    this.#schema = schema;
    this.#address = [place.agent, place.route];
  }

  async text(client: PoolClient): Promise<string | null> {
    const { rows } = await client.query(
      `select text from ${this.#schema}.libraries where agent = $1 and route = $2`,
      this.#address,
    );
    const bytes: unknown = rows[0]?.text;
    return Buffer.isBuffer(bytes) ? textOf(bytes, this.place.path) : null;
  }

  /** @throws GrpoError LIBRARY_HISTORY_INVALID */
  async history(client: PoolClient): Promise<History> {
    const { historyPath } = this.place;
    const { rows } = await client.query<{ seq: number; line: Buffer }>(
      `select seq, line from ${this.#schema}.history where agent = $1 and route = $2 order by seq`,
      this.#address,
    );
    const gap = rows.findIndex(({ seq }, index) => seq !== index + 1);
    if (gap !== -1) throw incomplete(`${historyPath}:${gap + 1}`);
    const lines = rows.map(({ line }, index) => `${textOf(line, `${historyPath}:${index + 1}`)}\n`);
    return parseHistory(lines.join(""), historyPath);
  }

  async state(client: PoolClient): Promise<LibraryState> {
    return stateOf(await this.text(client), await this.history(client));
  }

  /** Lets nobody else write until the transaction ends; a library that is not there yet has a row from then on. */
  async hold(client: PoolClient): Promise<void> {
    await client.query(
      `insert into ${this.#schema}.libraries (agent, route) values ($1, $2) on conflict do nothing`,
      this.#address,
    );
    await client.query(
      `select 1 from ${this.#schema}.libraries where agent = $1 and route = $2 for update`,
      this.#address,
    );
  }

  /** @throws GrpoError LIBRARY_CONFLICT when the text is not the one that the change was made on */
  async write(client: PoolClient, before: LibraryState, steps: readonly Step[]): Promise<void> {
    const lines = steps.flatMap(({ line }) => (line === undefined ? [] : [Buffer.from(line)]));
    if (lines.length > 0) {
      await client.query(
        `insert into ${this.#schema}.history (agent, route, seq, line)
         select $1::text, $2::text, $3::bigint + at, line from unnest($4::bytea[]) with ordinality as new (line, at)`,
        [...this.#address, before.lines.length, lines],
      );
    }
    const text = steps.findLast((step) => step.text !== undefined)?.text;
    if (text === undefined) return;
    const { rowCount } = await client.query(
      `update ${this.#schema}.libraries set text = $3, hash = $4
       where agent = $1 and route = $2 and hash is not distinct from $5`,
      [...this.#address, Buffer.from(text), hashText(text), before.hash],
    );
    if (rowCount !== 1) throw conflict(this.place.path);
  }
}

const incomplete = (place: string): GrpoError =>
  new GrpoError({
    code: "LIBRARY_HISTORY_INVALID",
    message: "A line of the library's history is missing.",
    place,
    remedy: "The history is only ever appended to: restore the table from a backup.",
  });

const conflict = (place: string): GrpoError =>
  new GrpoError({
    code: "LIBRARY_CONFLICT",
    message: "The library was changed since it was read, so this version was not written over it.",
    place,
    remedy: "Load the library again and make the change on what it says now.",
    exitCode: 5,
  });
