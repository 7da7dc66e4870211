import { afterEach, describe, expect, it } from "vitest";
import { type Fault, NO_FAULTS } from "../../bench/mock/faults.ts";
import { MockModel, type MockOptions } from "../../bench/mock/server.ts";
import { TICKETS } from "../../bench/mock/task.ts";

let model: MockModel | undefined;
afterEach(() => model?.close());

async function start(options: Partial<MockOptions> = {}): Promise<MockModel> {
  model = await MockModel.start({ latencyMs: 0, bad: 0, ...options });
  return model;
}

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(`${model?.url}${path}`, { method: "POST", body: JSON.stringify(body) });
}

const ask = (content: string, temperature = 0.7): Promise<Response> =>
  post("/v1/chat/completions", { model: "m", temperature, messages: [{ role: "user", content }] });

async function textOf(response: Response): Promise<string> {
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  return body.choices[0]?.message.content ?? "";
}

const QUESTION = TICKETS[4]?.question ?? "";

describe("the mock model's server", () => {
  it("gives the same replies to the same calls, whatever their order, and fresh ones to a repeated prompt", async () => {
    const prompts = TICKETS.map((one) => one.question);
    const replies = async (order: string[]): Promise<Map<string, string[]>> => {
      await start();
      const found = new Map<string, string[]>();
      for (const prompt of order)
        found.set(prompt, [...(found.get(prompt) ?? []), await textOf(await ask(prompt))]);
      model?.close();
      return found;
    };
    const twice = [...prompts, ...prompts];
    const first = await replies(twice);
    expect(await replies(twice.toReversed())).toEqual(first);
    expect([...first.values()].some(([one, two]) => one !== two)).toBe(true);
  });

  it("replies otherwise under another seed", async () => {
    const seen = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      await start({ seed });
      seen.add(await textOf(await ask(QUESTION)));
      model?.close();
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  it("logs what a call was for, its tokens and its temperature", async () => {
    const mock = await start();
    await (await ask(`${QUESTION} Be kind.`, 0.3)).text();
    await (await ask("Judge: FAIL cost, FAIL cost")).text();
    await expect.poll(() => mock.calls.length).toBe(2);
    const [agent, learner] = mock.calls;
    expect(agent).toMatchObject({
      shape: "agent",
      ticket: "ticket-04",
      temperature: 0.3,
      status: 200,
      fault: null,
    });
    expect(agent?.tin).toBe(Math.ceil(`${QUESTION} Be kind.`.length / 4));
    expect(learner).toMatchObject({ shape: "learner", ticket: null });
  });

  it.each([
    { fault: "f429", status: 429, retryAfter: null },
    { fault: "f429ra", status: 429, retryAfter: "1" },
    { fault: "f500", status: 500, retryAfter: null },
  ] as const)("fails a call with $fault", async ({ fault, status, retryAfter }) => {
    await start({ faults: { ...NO_FAULTS, [fault]: 1 } });
    const response = await ask(QUESTION);
    expect(response.status).toBe(status);
    expect(response.headers.get("retry-after")).toBe(retryAfter);
    await response.text();
  });

  it.each([
    { fault: "trunc", finish: "length", holds: /^\{"principles":/, json: false },
    { fault: "badjson", finish: "stop", holds: /\\\(x\\\) /, json: false },
    { fault: "prose", finish: "stop", holds: /^Sure, here/, json: false },
  ] as const)("spoils a reply with $fault", async ({ fault, finish, holds }) => {
    await start({ faults: { ...NO_FAULTS, [fault]: 1 } });
    const asked =
      '{"principles": [{"text": "...", "attempts": [1, 2]}]}. <attempt number="1">FAIL cost</attempt>';
    const response = await ask(asked);
    const body = (await response.json()) as {
      choices: { message: { content: string }; finish_reason: string }[];
    };
    const [choice] = body.choices;
    expect(choice?.finish_reason).toBe(finish);
    expect(choice?.message.content).toMatch(holds);
    expect(() => JSON.parse(choice?.message.content ?? "")).toThrow();
  });

  it("closes a call that hangs, without an answer", async () => {
    await start({ faults: { ...NO_FAULTS, hang: 1 }, hangMs: 10 });
    await expect(ask(QUESTION)).rejects.toThrow();
  });

  it("draws faults at their rates, at most one a call", async () => {
    const faults = { ...NO_FAULTS, f429: 0.2, f500: 0.2, trunc: 0.2 };
    const mock = await start({ faults });
    const prompts = Array.from({ length: 600 }, (_, n) => `${QUESTION} ${n}`);
    await Promise.all(prompts.map(async (prompt) => (await ask(prompt)).text()));
    await expect.poll(() => mock.calls.length).toBe(600);
    const share = (fault: Fault): number => mock.calls.filter((call) => call.fault === fault).length / 600;
    for (const fault of ["f429", "f500", "trunc"] as const) expect(share(fault)).toBeCloseTo(0.2, 1);
  });

  it("looks at further shapes before its own", async () => {
    const shape = { name: "theirs", test: (text: string) => text.includes("rival"), reply: () => "ours" };
    const mock = await start({ shapes: [shape] });
    const known = 'rival: {"instruction": "..."} Why replies failed: FAIL cost';
    expect(await textOf(await ask(known))).toBe("ours");
    await expect.poll(() => mock.calls.map((call) => call.shape)).toEqual(["theirs"]);
  });

  it("answers what a prompt is worth, for a split and for tickets", async () => {
    await start();
    const worth = async (body: object): Promise<number> =>
      ((await (await post("/expected", body)).json()) as { score: number }).score;
    expect(await worth({ prompt: "", split: "heldout" })).toBeCloseTo(0.42, 10);
    expect(
      await worth({ prompt: "always mention the refund window explicitly", ids: ["ticket-20"] }),
    ).toBeCloseTo((0.9 + 0.2 + 0.4) / 3, 10);
  });
});
