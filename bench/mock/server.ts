import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Call } from "./call-log.ts";
import { type Fault, type FaultRates, faultOf, NO_FAULTS, spoiled } from "./faults.ts";
import { agentReply, type Behaviour, type Shape } from "./propose.ts";
import { callHash, drawFrom, replyDraw } from "./random.ts";
import { FALLBACK, SHAPES } from "./shapes.ts";
import { CRITERIA, expected, TICKETS } from "./task.ts";

export interface MockOptions extends Behaviour {
  /** 0: any free one. */
  port: number;
  seed: number;
  latencyMs: number;
  /** Added for each token of the reply. */
  perTokenMs: number;
  faults: FaultRates;
  retryAfterS: number;
  hangMs: number;
  /** Looked at before our own. */
  shapes: readonly Shape[];
  /** JSON lines, one a call. */
  log?: string;
}

const DEFAULTS: MockOptions = {
  port: 0,
  seed: 1,
  latencyMs: 300,
  perTokenMs: 0,
  bad: 0.15,
  k: 2,
  p1: 0.9,
  faults: NO_FAULTS,
  retryAfterS: 1,
  hangMs: 600_000,
  shapes: [],
};

const Content = z.union([
  z.string(),
  z
    .array(z.looseObject({ text: z.string().default("") }))
    .transform((parts) => parts.map((one) => one.text).join("\n")),
]);
const ChatBody = z.looseObject({
  model: z.string().default("mock"),
  messages: z.array(z.looseObject({ content: Content.nullish() })).default([]),
  temperature: z.number().nullish(),
});
const ExpectedBody = z.looseObject({
  prompt: z.string().default(""),
  split: z.enum(["train", "heldout"]).default("heldout"),
  /** In place of a split. */
  ids: z.array(z.string()).optional(),
});

/** An OpenAI-compatible chat server with the tickets as its only knowledge. Listens on 127.0.0.1. */
export class MockModel {
  readonly calls: Call[] = [];
  readonly #options: MockOptions;
  readonly #shapes: readonly Shape[];
  readonly #server: Server;
  readonly #seen = new Map<string, number>();
  readonly #began = performance.now();
  #count = 0;
  #inFlight = 0;

  private constructor(options: MockOptions) {
    this.#options = options;
    this.#shapes = [...options.shapes, ...SHAPES, ...FALLBACK];
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) send(response, 500, { error: { message: String(error) } });
      });
    });
    this.#server.keepAliveTimeout = 120_000;
  }

  static async start(options: Partial<MockOptions> = {}): Promise<MockModel> {
    const mock = new MockModel({ ...DEFAULTS, ...options });
    const listening = Promise.withResolvers<void>();
    mock.#server.once("error", listening.reject);
    mock.#server.listen(mock.#options.port, "127.0.0.1", listening.resolve);
    await listening.promise;
    return mock;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split("?")[0] ?? "";
    const body = await bodyOf(request);
    if (body === undefined) return send(response, 400, { error: { message: "bad request body" } });
    if (path === "/task") return send(response, 200, { tickets: TICKETS, criteria: CRITERIA });
    if (path === "/stats") return send(response, 200, { calls: this.#count, inflight: this.#inFlight });
    if (path === "/expected") {
      const { prompt, split, ids } = ExpectedBody.parse(body);
      return send(response, 200, expected(prompt, ids ?? split, this.#options.p1, this.#options.harmful));
    }
    if (path.endsWith("/chat/completions")) return this.#chat(ChatBody.parse(body), response);
    return send(response, 404, { error: { message: `no such path ${path}` } });
  }

  async #chat(body: z.infer<typeof ChatBody>, response: ServerResponse): Promise<void> {
    const options = this.#options;
    const text = body.messages.map((one) => one.content ?? "").join("\n");
    const { call, shape, nth } = this.#begin(text, body.temperature ?? null);
    response.on("close", () => this.#end(call));
    if (call.fault === "hang") {
      await Promise.race([
        sleep(options.hangMs, undefined, { ref: false }),
        new Promise((closed) => response.on("close", closed)),
      ]);
      response.destroy();
      return;
    }
    if (call.fault === "f429" || call.fault === "f429ra") {
      await sleep(20);
      const headers = call.fault === "f429ra" ? { "retry-after": String(options.retryAfterS) } : {};
      return send(response, call.status, { error: RATE_LIMITED }, headers);
    }
    const rand = replyDraw(options.seed, call.hash, nth);
    const reply = spoiled((shape?.reply ?? agentReply)({ text, o: options, rand }), call.fault);
    call.tout = tokens(reply.text);
    await sleep(options.latencyMs + options.perTokenMs * call.tout);
    if (call.status === 500)
      return send(response, 500, { error: { message: "Internal error", type: "server_error" } });
    return send(response, 200, completion(call, body.model, reply));
  }

  #begin(text: string, temperature: number | null) {
    const shape = this.#shapes.find((one) => one.test(text));
    const name = shape?.name ?? (/\[ticket-\d\d\]/.test(text) ? "agent" : "other");
    const hash = callHash(name, text);
    const nth = this.#seen.get(hash) ?? 0;
    this.#seen.set(hash, nth + 1);
    this.#inFlight++;
    const fault = faultOf(this.#options.faults, drawFrom(`${this.#options.seed}|fault|${hash}|${nth}`));
    const call: Call = {
      n: this.#count++,
      shape: name,
      status: statusOf(fault),
      fault,
      tin: tokens(text),
      tout: 0,
      t0: this.#now(),
      t1: 0,
      conc: this.#inFlight,
      ticket: /\[(ticket-\d\d)\]/.exec(text)?.[1] ?? null,
      temperature,
      hash,
    };
    return { call, shape, nth };
  }

  #end(call: Call): void {
    if (call.t1 > 0) return;
    call.t1 = this.#now();
    this.#inFlight--;
    this.calls.push(call);
    if (this.#options.log !== undefined) appendFileSync(this.#options.log, `${JSON.stringify(call)}\n`);
  }

  #now(): number {
    return Math.round((performance.now() - this.#began) * 10) / 10;
  }
}

const tokens = (text: string): number => Math.ceil(text.length / 4);
const RATE_LIMITED = { message: "Rate limit reached", type: "rate_limit_error", code: "rate_limit_exceeded" };
const STATUS: Partial<Record<Fault, number>> = { f429: 429, f429ra: 429, f500: 500, hang: 0 };
const statusOf = (fault: Fault | null): number => (fault === null ? 200 : (STATUS[fault] ?? 200));

function completion(call: Call, model: string, { text, finish }: ReturnType<typeof spoiled>) {
  return {
    id: `mock-${call.n}`,
    object: "chat.completion",
    created: Math.floor(Date.now() / 1000),
    model,
    usage: { prompt_tokens: call.tin, completion_tokens: call.tout, total_tokens: call.tin + call.tout },
    choices: [
      { index: 0, message: { role: "assistant", content: text }, finish_reason: finish, logprobs: null },
    ],
  };
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Undefined when it is no JSON. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8") || "{}");
  } catch {
    return undefined;
  }
}
