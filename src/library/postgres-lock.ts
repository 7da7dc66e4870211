import { GrpoError } from "./error.ts";
import { hashText } from "./files.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import type { LibraryPlace } from "./state.ts";

/** The number under which a name is locked: 64 bits of its hash, signed, as PostgreSQL takes it. */
export const advisoryKey = (...name: string[]): string =>
  BigInt.asIntN(64, BigInt(`0x${hashText(`promptfoo-grpo\n${name.join("\n")}`).slice(0, 16)}`)).toString();

/**
 * A lock of the session, which the server takes back when the connection ends, however it ends. One that is lost
 * with its connection is not missed: every version is committed by comparing hashes all the same.
 * @throws GrpoError LIBRARY_IN_TRAINING, at once
 */
export async function lockForTraining(
  connection: PostgresConnection,
  { agent, route, path }: LibraryPlace,
): Promise<() => Promise<void>> {
  const client = await connection.client();
  const key = advisoryKey("training", connection.schema, agent, route);
  let held: unknown;
  try {
    held = (await client.query("select pg_try_advisory_lock($1) as held", [key])).rows[0]?.held;
  } catch (error) {
    client.release(true);
    throw connection.failure(error);
  }
  // Ending the connection gives the lock back whatever state it is in.
  if (held === true) return async () => client.release(true);
  client.release();
  throw new GrpoError({
    code: "LIBRARY_IN_TRAINING",
    message: "Another run is training this library, here or on another machine; nothing was called.",
    place: path,
    remedy: "Wait for it to end, or train another --agent or --route.",
    exitCode: 5,
  });
}
