import { GrpoError } from "../library/error.ts";
import type { LibraryStore } from "../library/store.ts";
import { fileStores, type LibraryStores, postgresStores } from "../library/stores.ts";
import type { Settings } from "./settings.ts";

/** The library that the settings name. @throws GrpoError LIBRARY_NAME_INVALID, STORE_URL_MISSING */
export const libraryStoreOf = ({
  agent,
  route,
  ...where
}: Pick<Settings, "experiences" | "store" | "agent" | "route">): LibraryStore =>
  storesOf(where).open({ agent, route });

/**
 * Where the settings keep libraries. A database is not connected to before it is asked.
 * @throws GrpoError STORE_URL_MISSING, STORE_SCHEMA_INVALID
 */
export function storesOf({
  experiences: root,
  store,
}: Pick<Settings, "experiences" | "store">): LibraryStores {
  if (store === "files") return fileStores(root);
  const { urlEnv = "GRPO_DATABASE_URL", schema = "grpo" } = store === "postgres" ? {} : store.postgres;
  const url = process.env[urlEnv];
  if (url !== undefined && url !== "") return postgresStores({ url, schema, root });
  throw new GrpoError({
    code: "STORE_URL_MISSING",
    message: `Libraries in PostgreSQL need a connection string, and the environment variable ${urlEnv} is not set.`,
    place: urlEnv,
    remedy: `Set it, ${urlEnv}=postgresql://user:password@host/database, or keep the libraries in files (--store files).`,
  });
}
