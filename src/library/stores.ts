import { readdirSync } from "node:fs";
import { join } from "node:path";
import { GrpoError } from "./error.ts";
import { postgresBackend } from "./postgres-backend.ts";
import { PostgresConnection } from "./postgres-connection.ts";
import type { PostgresOptions } from "./postgres-options.ts";
import { makeTables } from "./postgres-schema.ts";
import type { LibraryAddress } from "./state.ts";
import { type LibraryStore, openLibraryStore, storeOn } from "./store.ts";

/** Where libraries are kept, one for each agent and route. */
export interface LibraryStores {
  /** What they are in, for a person. */
  readonly place: string;
  /** @throws GrpoError LIBRARY_NAME_INVALID */
  open(address: LibraryAddress): LibraryStore;
  /** Those that have a library, in order. @throws GrpoError LIBRARY_ROOT_NOT_FOUND */
  addresses(): Promise<LibraryAddress[]>;
  /** Makes what is needed to write; whether anything was made. */
  init(): Promise<boolean>;
  close(): Promise<void>;
}

/** Libraries in files: `<root>/<agent>/<route>.md`. */
export function fileStores(root: string): LibraryStores {
  return {
    place: root,
    open: (address) => openLibraryStore({ root, ...address }),
    addresses: async () =>
      foldersIn(root).flatMap((agent) => routesIn(join(root, agent)).map((route) => ({ agent, route }))),
    init: async () => false,
    close: async () => undefined,
  };
}

export interface PostgresStoresOptions extends PostgresOptions {
  /** Folder for candidates that could not be committed; `experiences` by default. */
  root?: string;
  now?: () => Date;
}

/**
 * Libraries in PostgreSQL. The package `pg` is loaded, and the database connected to, when first asked.
 * @throws GrpoError STORE_SCHEMA_INVALID
 */
export function postgresStores({
  root = "experiences",
  now,
  ...options
}: PostgresStoresOptions): LibraryStores {
  const connection = new PostgresConnection(options);
  const { schema } = connection;
  return {
    place: `postgres:${schema}`,
    open: (address) => storeOn(postgresBackend(connection, { root, ...address }), now),
    addresses: () =>
      connection.transaction("read", async (client) => {
        const { rows } = await client.query<LibraryAddress>(
          `select agent, route from ${schema}.libraries as known
           where text is not null
             or exists (select 1 from ${schema}.history as own where own.agent = known.agent and own.route = known.route)
           order by agent collate "C", route collate "C"`,
        );
        return rows.map(({ agent, route }) => ({ agent, route }));
      }),
    init: () => makeTables(connection),
    close: () => connection.close(),
  };
}

function foldersIn(root: string): string[] {
  return entriesOf(root).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function routesIn(folder: string): string[] {
  const names = entriesOf(folder).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  return names.flatMap((name) => (name.endsWith(".md") && !name.startsWith(".") ? [name.slice(0, -3)] : []));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new GrpoError({
      code: "LIBRARY_ROOT_NOT_FOUND",
      message: "The folder of the libraries cannot be read.",
      place: folder,
      remedy: "Name the folder that holds one folder an agent.",
      cause,
    });
  }
}
