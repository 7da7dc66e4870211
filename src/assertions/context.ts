import { z } from "zod";
import type { RuleSettings, Situation, Turn } from "./criterion.ts";

const TurnSchema = z.object({
  role: z.enum(["user", "assistant", "system"]),
  content: z.string(),
});
const TurnsSchema = z.array(TurnSchema);
const Bag = z.record(z.string(), z.unknown()).catch({});

/** What we read of promptfoo's assertion context; everything is optional, nothing is trusted. */
const ContextSchema = z.looseObject({
  prompt: z.unknown().optional(),
  vars: Bag,
  config: z.unknown().optional(),
  test: z
    .looseObject({ metadata: Bag, assert: z.unknown().optional(), options: z.unknown().optional() })
    .catch({
      metadata: {},
      assert: undefined,
      options: undefined,
    }),
  providerResponse: z.looseObject({ finishReason: z.unknown().optional(), metadata: Bag }).catch({
    finishReason: undefined,
    metadata: {},
  }),
});
export type AssertionContext = z.infer<typeof ContextSchema>;

export function readContext(context: unknown): AssertionContext {
  return ContextSchema.parse(typeof context === "object" && context !== null ? context : {});
}

/** The text of an agent's output; a structured output is judged as its JSON. */
export function outputText(output: unknown): string {
  if (typeof output === "string") return output;
  return output === undefined || output === null ? "" : JSON.stringify(output);
}

function turnsOf(value: unknown): Turn[] {
  const raw = typeof value === "string" ? parseJson(value) : value;
  const parsed = TurnsSchema.safeParse(raw);
  return parsed.success ? parsed.data : [];
}

function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith("[")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The reply itself must not count as an earlier turn when the transcript ends with it. */
function withoutLast(turns: readonly Turn[], reply: string): Turn[] {
  const last = turns.at(-1);
  return last?.role === "assistant" && last.content.trim() === reply.trim() ? turns.slice(0, -1) : [...turns];
}

/**
 * The client's message is `vars.query`, else the last user turn of the transcript, of `vars.turns` or `vars.messages`, or of a
 * chat prompt. A simulated conversation's transcript wins: its last user turn is what was answered.
 */
export function situationOf(context: AssertionContext, reply: string, settings: RuleSettings): Situation {
  const { vars, providerResponse, prompt } = context;
  const truncated =
    providerResponse.finishReason === "length" || providerResponse.finishReason === "max_tokens";
  const transcript = withoutLast(turnsOf(providerResponse.metadata["messages"]), reply);
  const given = turnsOf(vars["turns"] ?? vars["messages"]);
  const query = vars["query"];
  if (transcript.some((t) => t.role === "user")) return split(transcript, truncated, settings);
  if (typeof query === "string") return { client: query, turns: given, truncated, settings };
  return split(given.length > 0 ? given : turnsOf(prompt), truncated, settings);
}

function split(turns: readonly Turn[], truncated: boolean, settings: RuleSettings): Situation {
  const at = turns.findLastIndex((t) => t.role === "user");
  return { client: turns[at]?.content ?? "", turns: turns.slice(0, Math.max(0, at)), truncated, settings };
}
