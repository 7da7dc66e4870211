import { readChat } from "../library/chat.ts";
import type { Message } from "./persona-prompt.ts";

/** Stands for the person's first message where a prompt is rendered before anything was said. */
export const CLIENT = "[[client]]";

/** The agent's rendered prompt, into which a conversation is put without any template engine. */
export interface Frame {
  messages: readonly Record<string, unknown>[];
  /** What the person says first, where the prompt has it already. */
  opening: string | undefined;
}

/**
 * The frame of a rendered prompt. A chat is kept as it is; a text with the mark for the first message is that
 * message with its surroundings; any other text is the system prompt.
 */
export function frameOf(prompt: string): Frame {
  const chat = readChat(prompt);
  if (chat === null) {
    const role = prompt.includes(CLIENT) ? "user" : "system";
    return { messages: [{ role, content: prompt }], opening: undefined };
  }
  const last = chat.at(-1);
  const content = last?.["content"];
  const opening =
    !JSON.stringify(chat).includes(CLIENT) && last?.["role"] === "user" && typeof content === "string"
      ? content
      : undefined;
  return { messages: opening === undefined ? chat : chat.slice(0, -1), opening };
}

/** The prompt of the agent's next reply. `spoken` begins with the person's first message. */
export function agentPrompt(
  { messages }: Frame,
  spoken: readonly Pick<Message, "role" | "content">[],
): string {
  const [first, ...rest] = spoken;
  const holds = (one: Record<string, unknown>): boolean =>
    typeof one["content"] === "string" && one["content"].includes(CLIENT);
  if (first === undefined || !messages.some(holds)) return JSON.stringify([...messages, ...spoken]);
  const filled = messages.map((one) =>
    holds(one) ? { ...one, content: String(one["content"]).replaceAll(CLIENT, () => first.content) } : one,
  );
  return JSON.stringify([...filled, ...rest]);
}
