import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ChatCall {
  path: string;
  authorization: string | undefined;
  body: Record<string, unknown>;
}

export interface ChatAnswer {
  status?: number;
  content?: string | null;
  finishReason?: string;
  /** The whole body, when it is not an ordinary completion; `undefined` for one. */
  body?: unknown;
  /** Ends the connection instead of answering. */
  hangUp?: boolean;
  /** Never answers. */
  hang?: boolean;
  headers?: Record<string, string>;
  /** The body's bytes; with `cut` the connection ends after them. */
  raw?: string;
  cut?: boolean;
}

/** A server on 127.0.0.1 that speaks OpenAI's chat API. */
export async function listen(
  answer: (call: ChatCall) => ChatAnswer | Promise<ChatAnswer>,
): Promise<{ origin: string; close: () => void }> {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += String(chunk);
    });
    request.on("end", async () => {
      const call = {
        path: request.url ?? "",
        authorization: request.headers.authorization,
        body: JSON.parse(text) as Record<string, unknown>,
      };
      const {
        status = 200,
        content = "{}",
        finishReason = "stop",
        body,
        hangUp = false,
        hang = false,
        headers = {},
        raw,
        cut = false,
      } = await answer(call);
      if (hang) return;
      if (hangUp) return void request.socket.destroy();
      const completion = {
        id: "c1",
        object: "chat.completion",
        model: call.body["model"],
        choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: finishReason }],
        usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
      };
      const failure = { error: { message: `status ${status}`, type: "x", code: null, param: null } };
      response.writeHead(status, { "content-type": "application/json", ...headers });
      if (cut) {
        response.write(raw ?? "");
        // Once the bytes are on their way.
        return void setTimeout(() => request.socket.destroy(), 5);
      }
      if (raw !== undefined) return void response.end(raw);
      response.end(JSON.stringify(body ?? (status === 200 ? completion : failure)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
