import { GrpoError } from "./error.ts";

/** What is needed to say what went wrong without saying what must not be said. */
export interface Secrecy {
  url: string;
  schema: string;
}

/** What PostgreSQL says by a code of its own that means something here. */
const CODES: Record<
  string,
  (schema: string) => Pick<GrpoError, "code" | "message" | "remedy"> & { exitCode?: number }
> = {
  "42P01": notReady,
  "3F000": notReady,
  "55P03": () => ({
    code: "LIBRARY_LOCKED",
    message: "The library is being written by another process.",
    remedy: "Try again when it has finished.",
    exitCode: 5,
  }),
  "42501": notWritable,
  "25006": notWritable,
  "53100": notWritable,
};

/**
 * A database's error as one of ours.
 * @returns GrpoError STORE_NOT_READY, LIBRARY_LOCKED, LIBRARY_NOT_WRITABLE, or STORE_FAILED for every other
 */
export function storeFailure(error: unknown, { url, schema }: Secrecy): GrpoError {
  const cause = withoutSecrets(error, url);
  const place = `postgres:${schema}`;
  const known = CODES[codeOf(error) ?? ""]?.(schema);
  if (known !== undefined) return new GrpoError({ ...known, place, cause });
  return new GrpoError({
    code: "STORE_FAILED",
    message: `The database did not do what it was asked: ${cause.message}.`,
    place,
    remedy:
      "See whether the change is there (promptfoo-grpo library log) and do it again; a training run goes on with --resume.",
    cause,
  });
}

/** @returns GrpoError STORE_UNREACHABLE, STORE_URL_INVALID */
export function unreachable(error: unknown, url: string): GrpoError {
  // Such an error holds the connection string.
  if (codeOf(error) === "ERR_INVALID_URL") return urlInvalid();
  const cause = withoutSecrets(error, url);
  return new GrpoError({
    code: "STORE_UNREACHABLE",
    message: `The database cannot be reached: ${cause.message}.`,
    place: "postgres",
    remedy: "Check that the server runs, and host, database, user and password of the connection string.",
    cause,
  });
}

const urlInvalid = (): GrpoError =>
  new GrpoError({
    code: "STORE_URL_INVALID",
    message: "The connection string of the database cannot be read.",
    place: "postgres",
    remedy:
      "Write it as postgresql://user:password@host:5432/database; encode special characters of the password.",
  });

/** The error's own words, with the connection string and the password taken out; nothing else of it is kept. */
function withoutSecrets(error: unknown, url: string): Error {
  const whole = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const said =
    whole instanceof Error && whole.message !== "" ? whole.message : String(codeOf(error) ?? "unknown error");
  const password = /^[a-z]+:\/\/[^:/?#]*:(.*)@/is.exec(url)?.[1] ?? "";
  const secrets = [url, password, decoded(password), ...queryPasswords(url)].filter((one) => one !== "");
  const clean = secrets
    .reduce((text, secret) => text.replaceAll(secret, "***"), said)
    .replaceAll(/postgres(?:ql)?:\/\/\S+/gi, "***");
  return new Error((clean.split("\n")[0] ?? "").replace(/\.$/u, ""));
}

function queryPasswords(url: string): string[] {
  return [...url.matchAll(/[?&]password=([^&]*)/gi)].flatMap(([, one = ""]) => [one, decoded(one)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

function notReady(schema: string) {
  return {
    code: "STORE_NOT_READY",
    message: `The database has no tables for libraries in the schema ${schema}.`,
    remedy:
      "Make them once with `promptfoo-grpo library init --store postgres`, or name the schema that has them.",
  };
}

function notWritable() {
  return {
    code: "LIBRARY_NOT_WRITABLE",
    message: "The database does not let this user write the library.",
    remedy: "Grant what docs/store.md names, or use another user.",
  };
}
