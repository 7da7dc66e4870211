import { onTestFinished } from "vitest";
import { type ChatAnswer, type ChatCall, listen } from "./chat-api.ts";

/** A chat server that remembers what it was asked; closed after the test. */
export async function chatServer(
  answer: (call: ChatCall, nth: number) => ChatAnswer,
): Promise<{ baseUrl: string; calls: ChatCall[] }> {
  const calls: ChatCall[] = [];
  const { origin, close } = await listen((call) => {
    calls.push(call);
    return answer(call, calls.length);
  });
  onTestFinished(close);
  return { baseUrl: `${origin}/v1`, calls };
}
