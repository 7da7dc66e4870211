import { SECRET_SHAPES } from "../library/shapes.ts";
import { hashOf } from "./task.ts";

/** A key under which configs and responses keep what nobody else may read; `maxTokens` and `apiKeyEnvar` are none. */
const SECRET_KEY =
  /^(?!.*(?:env|envar)$)(?:.*(?:api[-_]?key|secret|passw|authorization|credential|cookie|private[-_]?key|access[-_]?key|bearer)|(?:.*[-_a-z])?token$)/i;
const HEADERS = /headers$/i;
/** In what is kept of calls every bearer token counts, also one that may be a word. */
const SHAPES = new RegExp(`${SECRET_SHAPES.source}|\\bBearer\\s+[\\w.~+/=-]{8,}`, "gi");
export const REDACTED = "[secret]";

/**
 * The same data without API keys, tokens and header values, names kept: for what is written to the disk, and
 * for hashes that must not change with a renewed key.
 */
export function withoutSecrets(value: unknown): unknown {
  return walk(value, false, [], (text) => text);
}

/** As `withoutSecrets`, and texts without anything shaped like a key or equal to one in the environment. */
export function redacted(value: unknown): unknown {
  const known = environmentSecrets();
  return walk(value, false, [], (text) => redactText(text, known));
}

/** A text without keys. */
export function redactText(text: string, known: readonly string[] = environmentSecrets()): string {
  const shaped = text.replace(SHAPES, REDACTED);
  return known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), shaped);
}

/** What decides a model's answers, as a hash; its keys do not. */
export const configHash = (config: unknown): string => hashOf(withoutSecrets(config ?? null));

function walk(
  value: unknown,
  secret: boolean,
  parents: readonly unknown[],
  text: (value: string) => string,
): unknown {
  if (typeof value === "string") return secret ? REDACTED : text(value);
  if (typeof value !== "object" || value === null) return secret ? REDACTED : value;
  if (parents.includes(value)) return "circular";
  const within = [...parents, value];
  if (Array.isArray(value)) return value.map((item) => walk(item, secret, within, text));
  // Dates, loaded providers and other live things are for whoever hashes or prints them.
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || "callApi" in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      walk(item, secret || SECRET_KEY.test(key) || HEADERS.test(key), within, text),
    ]),
  );
}

/** Every record asks for them, and to read a variable is slow: only those are read whose names say so. */
const environmentSecrets = (): string[] =>
  Object.keys(process.env).flatMap((name) => {
    const value = isSecretName(name) ? process.env[name] : undefined;
    return value !== undefined && value.length >= 8 ? [value] : [];
  });

const secretNames = new Map<string, boolean>();

function isSecretName(name: string): boolean {
  const known = secretNames.get(name) ?? SECRET_KEY.test(name);
  secretNames.set(name, known);
  return known;
}
