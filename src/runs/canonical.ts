import { createHash } from "node:crypto";

/** JSON with sorted keys, the same for equal data however it was written. Functions count by their source. */
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
  const within = [...parents, value];
  if (Array.isArray(value)) return value.map((item) => sorted(item, within));
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item, within)]));
}

/** sha256 as lower-case hex. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** A number in [0, 1) that depends on the seed and the id alone. */
export function hashFraction(seed: number, id: string): number {
  return Number.parseInt(sha256(`${seed}:${id}`).slice(0, 12), 16) / 2 ** 48;
}
