import type { CallApiContextParams } from "promptfoo";
import { z } from "zod";
import { readContext, situationOf } from "../assertions/context.ts";
import { DEFAULT_RULE_SETTINGS } from "../assertions/criterion.ts";
import type { SpokenTurn } from "../library/index.ts";

const ChatSchema = z.array(z.looseObject({ role: z.string(), content: z.unknown() })).min(1);

/**
 * What was said so far, the message to answer last: the turns of a JSON chat, which is what the agent reads; else
 * those of the test's variables; else the prompt as one message.
 */
export function spokenTurns(
  prompt: string,
  context: CallApiContextParams | undefined,
): readonly SpokenTurn[] {
  const chat = chatOf(prompt);
  if (chat !== undefined) return chat;
  const { client, turns } = situationOf(
    readContext({ vars: context?.vars ?? {}, prompt }),
    "",
    DEFAULT_RULE_SETTINGS,
  );
  return [...turns, { role: "user", content: client === "" ? prompt : client }];
}

function chatOf(prompt: string): SpokenTurn[] | undefined {
  if (!/^\s*[[{]/u.test(prompt)) return undefined;
  try {
    const value: unknown = JSON.parse(prompt);
    const { messages } = z.looseObject({ messages: z.unknown() }).catch({ messages: value }).parse(value);
    const parsed = ChatSchema.safeParse(messages);
    return parsed.data?.map(({ role, content }) => ({ role, content: textOf(content) }));
  } catch {
    return undefined;
  }
}

/** A message's words; of parts, those that are text. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  const parts = z.array(z.looseObject({ text: z.string().catch("") })).safeParse(content);
  return parts.data?.map(({ text }) => text).join("\n") ?? "";
}
