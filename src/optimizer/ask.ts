import { jsonrepair } from "jsonrepair";
import { z } from "zod";
import type { Stage } from "../runs/task.ts";
import type { Json } from "../runs/task.ts";
import type { Learner, LearnerReply } from "./learner.ts";
import type { ChatMessage } from "./prompt-file.ts";

export interface Question<T> {
  stage: Stage;
  messages: readonly ChatMessage[];
  name: string;
  schema: z.ZodType<T>;
  temperature: number;
  seed: number;
  maxTokens: number;
}

export type Answer<T> = { ok: true; value: T } | { ok: false; reason: string };

/**
 * Asks the learner and parses its reply: leniently once, then strictly by schema; a wrong reply is asked
 * again once with the error. A second failure comes back with its reason, never dropped.
 */
export async function askLearner<T>(learner: Learner, question: Question<T>): Promise<Answer<T>> {
  const { schema: zodSchema, name, ...rest } = question;
  const schema = z.toJSONSchema(zodSchema, { io: "input", target: "draft-7" }) as Json;
  const request = { ...rest, schemaName: name, schema };
  const first = await learner.ask(request);
  const answer = parseReply(first, zodSchema);
  if (answer.ok || "error" in first) return answer;
  const again = await learner.ask({
    ...request,
    seed: question.seed + 1,
    messages: [
      ...question.messages,
      { role: "assistant", content: first.text },
      { role: "user", content: `That cannot be used: ${answer.reason}. Answer again with the JSON only.` },
    ],
  });
  const second = parseReply(again, zodSchema);
  return second.ok ? second : { ok: false, reason: `asked twice: ${second.reason}` };
}

/** A reply parsed by schema. JSON is mended only when the reply ended normally: a cut sentence is not an answer. */
export function parseReply<T>(reply: LearnerReply, schema: z.ZodType<T>): Answer<T> {
  if ("error" in reply) return { ok: false, reason: reply.error };
  for (const text of [reply.text, fenced(reply.text), reply.complete ? repaired(fenced(reply.text)) : undefined]) {
    const value = text === undefined ? undefined : parseJson(text);
    const parsed = value === undefined ? undefined : schema.safeParse(value);
    if (parsed?.success === true) return { ok: true, value: parsed.data };
    if (parsed !== undefined) return { ok: false, reason: z.prettifyError(parsed.error).replace(/\s+/g, " ") };
  }
  return { ok: false, reason: reply.complete ? "the reply holds no JSON of the asked shape" : "the reply was cut before its end" };
}

/** The body of a code fence, or the text from the first bracket to the last. */
function fenced(text: string): string | undefined {
  const block = /```(?:json)?\s*\n([\s\S]*?)```/.exec(text)?.[1];
  if (block !== undefined) return block;
  const start = text.search(/[[{]/);
  const end = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  return start >= 0 && end > start ? text.slice(start, end + 1) : undefined;
}

function repaired(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return jsonrepair(text);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
