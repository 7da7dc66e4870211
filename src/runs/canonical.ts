import { createHash } from "node:crypto";
import { GrpoError } from "../library/error.ts";

/** JSON with sorted keys, the same for equal data however it was written. Functions count by their source. @throws GrpoError DATA_TOO_DEEP */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value, [])) ?? "null";
}

function sorted(value: unknown, parents: readonly unknown[]): unknown {
  if (typeof value === "function") return `function:${String(value)}`;
  if (typeof value === "bigint") return `bigint:${value}`;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  // A loaded provider holds keys and state, which differ between machines: its id stands for it.
  if ("callApi" in value && "id" in value)
    return `provider:${typeof value.id === "function" ? value.id() : value.id}`;
  // An object of the user's own may point back at its owner.
  if (parents.includes(value)) return "circular";
  if (parents.length >= MAX_DEPTH) throw tooDeep();
  const within = [...parents, value];
  if (Array.isArray(value)) return value.map((item) => sorted(item, within));
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item, within)]));
}

/** Deeper data is no test and no answer, and every reader after this one would run out of stack. */
const MAX_DEPTH = 500;

const tooDeep = (): GrpoError =>
  new GrpoError({
    code: "DATA_TOO_DEEP",
    message: `Something in the tests or results is nested more than ${MAX_DEPTH} levels deep.`,
    remedy: "Remove it; a test's variables and metadata are texts, lists and a few levels of keys.",
  });

/** sha256 as lower-case hex. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** A number in [0, 1) that depends on the seed and the id alone. */
export function hashFraction(seed: number, id: string): number {
  return Number.parseInt(sha256(`${seed}:${id}`).slice(0, 12), 16) / 2 ** 48;
}
