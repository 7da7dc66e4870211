import { injectIntoJsonChat, injectIntoYamlChat } from "./chat.ts";

/** A system prompt with the block below it. An empty block leaves it as it is. */
export function appendToSystemPrompt(systemPrompt: string, block: string): string {
  if (block === "") return systemPrompt;
  return systemPrompt === "" ? block : `${systemPrompt}\n\n${block}`;
}

export interface InjectOptions {
  /**
   * What becomes of a prompt that is no chat. `chat` (the default): a JSON chat of the block as system message
   * and the prompt as user message, as chat providers read it. `prepend`: the block, an empty line, the
   * prompt, for providers that complete text.
   */
  plain?: "chat" | "prepend";
}

/**
 * The rendered prompt with the block in its system message. Chats are JSON (an array of messages, or an object
 * with `messages`) or YAML that starts with `- role:`; everything else is a plain prompt, malformed JSON and
 * YAML included. An empty block gives back exactly the same string.
 */
export function injectIntoPrompt(prompt: string, block: string, options: InjectOptions = {}): string {
  if (block === "") return prompt;
  const chat = injectIntoJsonChat(prompt, block) ?? injectIntoYamlChat(prompt, block);
  if (chat !== null) return chat;
  if (options.plain === "prepend") return `${block}\n\n${prompt}`;
  return JSON.stringify([
    { role: "system", content: block },
    { role: "user", content: prompt },
  ]);
}
