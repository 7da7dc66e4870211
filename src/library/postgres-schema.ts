import type { PostgresConnection } from "./postgres-connection.ts";
import { advisoryKey } from "./postgres-lock.ts";

/** A library's current text is one row; its history one row a line, that nothing can change or take away. */
const tablesOf = (schema: string): string => `
create table ${schema}.libraries (
  agent text not null,
  route text not null,
  text bytea,
  hash text,
  primary key (agent, route),
  check ((text is null and hash is null) or hash = encode(sha256(text), 'hex'))
);
create table ${schema}.history (
  agent text not null,
  route text not null,
  seq integer not null check (seq > 0),
  line bytea not null,
  written_at timestamptz not null default now(),
  primary key (agent, route, seq),
  foreign key (agent, route) references ${schema}.libraries (agent, route)
);
create function ${schema}.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the history of a library is only ever appended to';
end $$;
create trigger append_only before update or delete or truncate on ${schema}.history
  for each statement execute function ${schema}.refuse_change();`;

/**
 * Makes the tables where they are not there yet; several processes may do so at once.
 * @returns whether they were made now
 */
export function makeTables(connection: PostgresConnection): Promise<boolean> {
  const { schema } = connection;
  return connection.transaction("write", async (client) => {
    await client.query("set local lock_timeout = '30s'");
    await client.query("select pg_advisory_xact_lock($1)", [advisoryKey("tables", schema)]);
    const { rows } = await client.query(
      "select to_regnamespace($1) is not null as schema, to_regclass($2) is not null as tables",
      [schema, `${schema}.history`],
    );
    if (rows[0]?.tables === true) return false;
    // A schema that a database's owner made for us is often the only place where we may make tables.
    if (rows[0]?.schema !== true) await client.query(`create schema ${schema}`);
    await client.query(tablesOf(schema));
    return true;
  });
}
