import type { ApiProvider, Prompt } from "promptfoo";
import type { Config } from "./config.ts";

/** The prompts that the config lets this provider be asked with (`prompts:` beside the provider's id). */
export function promptsFor(agent: ApiProvider, prompts: readonly Prompt[], config: Config): Prompt[] {
  const entries = [config.providers].flat().flatMap((entry) => (isRecord(entry) ? [asOptions(entry)] : []));
  const allowed = entries.find((entry) => (entry["label"] ?? entry["id"]) === (agent.label || agent.id()))?.[
    "prompts"
  ];
  if (!Array.isArray(allowed)) return [...prompts];
  return prompts.filter((prompt) =>
    allowed.some((ref: unknown) => typeof ref === "string" && matches(ref, prompt)),
  );
}

/** Options, or promptfoo's other form of them: `{ <id>: options }`. */
function asOptions(entry: Record<string, unknown>): Record<string, unknown> {
  const [only, ...rest] = Object.entries(entry);
  const isMap = entry["id"] === undefined && rest.length === 0 && only !== undefined && isRecord(only[1]);
  return isMap ? { id: only[0], ...(only[1] as object) } : entry;
}

/** As promptfoo matches: the whole label or id, a beginning with `*`, or what comes before a colon. */
function matches(ref: string, { label, id }: Prompt): boolean {
  const names = [label, id].filter((name) => name !== undefined);
  if (ref.endsWith("*") && names.some((name) => name.startsWith(ref.slice(0, -1)))) return true;
  return names.some((name) => name === ref || name.startsWith(`${ref}:`));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
