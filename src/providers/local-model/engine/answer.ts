import type { Completion, EngineRequest } from "./request.ts";

/** The part of a completion that the written tokens decide, or null while the answer goes on. */
export function finishedAnswer(
  request: EngineRequest,
  written: number,
  ended: boolean,
  text: () => string,
): Pick<Completion, "text" | "finishReason"> | null {
  if (ended) return { text: cutAtStop(text(), request.stops).text, finishReason: "stop" };
  if (request.stops.length > 0 || request.schema !== undefined) {
    const cut = cutAtStop(text(), request.stops);
    if (cut.found || (request.schema !== undefined && isWholeJson(cut.text))) {
      return { text: cut.text, finishReason: "stop" };
    }
  }
  if (written < request.maxTokens) return null;
  // The last token may hold half a character, which decodes to the replacement character.
  return { text: text().replace(/\uFFFD+$/u, ""), finishReason: "length" };
}

function cutAtStop(text: string, stops: readonly string[]): { text: string; found: boolean } {
  const found = stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
  return found.length === 0
    ? { text, found: false }
    : { text: text.slice(0, Math.min(...found)), found: true };
}

/** A grammar allows white space after the value for ever; the answer is over when the object or array closes. */
function isWholeJson(text: string): boolean {
  if (!/[}\]]\s*$/u.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
