import { GrpoError } from "./error.ts";

export interface PostgresOptions {
  /** `postgresql://user:password@host/database`. It is never written anywhere, nor told in errors. */
  url: string;
  /** The schema that holds the tables; `grpo` by default. */
  schema?: string;
}

/** A schema's name stands in SQL, where it cannot be a parameter. @throws GrpoError STORE_SCHEMA_INVALID */
export function requireSchemaName(schema: string): void {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return;
  throw new GrpoError({
    code: "STORE_SCHEMA_INVALID",
    message: `${JSON.stringify(schema.slice(0, 80))} is no name for a schema.`,
    place: "schema",
    remedy: "Use lower-case letters, digits and '_', at most 63, not beginning with a digit.",
  });
}
