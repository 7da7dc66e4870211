import { z } from "zod";
import { GrpoError } from "../../library/error.ts";

const turnSchema = z.object({
  role: z.enum(["system", "user", "assistant"]),
  content: z.union([
    z.string(),
    z
      .array(z.object({ type: z.literal("text"), text: z.string() }))
      .transform((parts) => parts.map((part) => part.text).join("")),
  ]),
});

/** One message of a conversation, oldest first. */
export type ChatTurn = z.infer<typeof turnSchema>;

/**
 * A rendered promptfoo prompt as conversation: a JSON chat array as it stands, any other text as one user message.
 * Throws GrpoError `LOCAL_MODEL_PROMPT` for an array that looks like a chat and is not one.
 */
export function parseChat(prompt: string): ChatTurn[] {
  const messages = chatArray(prompt);
  if (messages === null) return [{ role: "user", content: prompt }];
  const parsed = z.array(turnSchema).min(1).safeParse(messages);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new GrpoError({
    code: "LOCAL_MODEL_PROMPT",
    message: `The prompt is a chat array that the local model cannot read: ${issue?.message ?? "invalid"}.`,
    place: `prompt[${issue?.path.map(String).join(".") ?? ""}]`,
    remedy: "Use messages with role system, user or assistant and text content.",
  });
}

/** The array, when the text is JSON of messages (objects with a role); null for any other text. */
function chatArray(prompt: string): unknown[] | null {
  if (!prompt.trimStart().startsWith("[")) return null;
  try {
    const value: unknown = JSON.parse(prompt);
    const looksLikeChat = Array.isArray(value) && value.some((item) => typeof item?.role === "string");
    return looksLikeChat ? value : null;
  } catch {
    return null;
  }
}
