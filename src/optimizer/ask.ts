import { jsonrepair } from "jsonrepair";
import { z } from "zod";
import type { Json, Stage } from "../runs/task.ts";
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
  const [first, ...others] = readings(reply);
  if (first === undefined)
    return {
      ok: false,
      reason: reply.complete
        ? "the reply holds no JSON of the asked shape"
        : "the reply was cut, or its end is not known to be normal",
    };
  const answers = [first, ...others].map((value) => validated(value, schema));
  return answers.find((one) => one.ok) ?? validated(first, schema);
}

function validated<T>(value: unknown, schema: z.ZodType<T>): Answer<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { ok: false, reason: z.prettifyError(parsed.error).replace(/\s+/g, " ") };
  if (!holdsControlCharacter(parsed.data)) return { ok: true, value: parsed.data };
  return { ok: false, reason: "a text holds a control character (write a backslash twice in JSON)" };
}

/** What a reply says as JSON: all of it, else its code fence, else the objects in its prose, else what can be mended. */
function readings({ text, complete }: { text: string; complete: boolean }): unknown[] {
  const fence = /```(?:json)?\s*\n([\s\S]*?)```/i.exec(text)?.[1];
  const start = text.indexOf("{");
  const end = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]")) + 1;
  const broken =
    complete && start >= 0
      ? [fence, end > start ? text.slice(start, end) : undefined, text.slice(start)]
      : [];
  for (const level of [[text], [fence], objectsIn(text)]) {
    const values = level.flatMap((one) => parseJson(one) ?? []);
    if (values.length > 0) return values;
  }
  return broken.flatMap((one) => parseJson(repaired(one)) ?? []);
}

/** Every outermost `{…}` of a text; braces inside JSON strings do not count. */
function objectsIn(text: string): string[] {
  const found: string[] = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{" && depth++ === 0) start = at;
    else if (character === '"' && depth > 0) at = endOfString(text, at);
    else if (character === "}" && depth > 0 && --depth === 0) found.push(text.slice(start, at + 1));
  }
  return found;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function repaired(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return jsonrepair(text);
  } catch {
    return undefined;
  }
}

/** In a list of its own, so that an array is one value. */
function parseJson(text: string | undefined): [object] | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? [value] : undefined;
  } catch {
    return undefined;
  }
}

/** JSON reads the LaTeX of `\frac` or `\beta` as a form feed or a backspace. */
function holdsControlCharacter(value: unknown): boolean {
  if (typeof value === "string") return /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(value);
  return typeof value === "object" && value !== null && Object.values(value).some(holdsControlCharacter);
}
