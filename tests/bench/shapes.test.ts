import { beforeAll, describe, expect, it } from "vitest";
import { agentReply, propose, type Shape } from "../../bench/mock/propose.ts";
import { drawFrom } from "../../bench/mock/random.ts";
import { FALLBACK, SHAPES } from "../../bench/mock/shapes.ts";
import { HARMFUL, NEUTRAL, TICKETS } from "../../bench/mock/task.ts";
import { loadPrompts, type Prompts } from "../../src/optimizer/prompt-file.ts";

let prompts: Prompts;
beforeAll(async () => {
  prompts = await loadPrompts();
});

const KNOWN: readonly Shape[] = [...SHAPES, ...FALLBACK];
const BEHAVIOUR = { bad: 0, k: 2, p1: 0.9 };

/** What the model answers to one of our learner's prompts, as it arrives there. */
function ask(
  name: keyof Prompts,
  given: Record<string, string>,
  o = BEHAVIOUR,
): { shape: string; reply: unknown } {
  const text = prompts[name](given)
    .map((message) => message.content)
    .join("\n");
  const shape = KNOWN.find((one) => one.test(text));
  const reply = shape?.reply({ text, o, rand: drawFrom("a seed") }) ?? "";
  return { shape: shape?.name ?? "none", reply: JSON.parse(reply) };
}

const ATTEMPTS = [
  '<attempt number="1" reward="0.33">\nJudged:\n- cost: 0.00 (FAIL cost)\n- cause: 0.00 (FAIL cause)\n</attempt>',
  '<attempt number="2" reward="0.67">\nJudged:\n- cost: 0.00 (FAIL cost)\n- cause: 1.00 (met)\n</attempt>',
].join("\n");

describe("the mock's answers to our learner's prompts", () => {
  it("summarises a rollout with what it missed", () => {
    const question = {
      query: "[ticket-01]",
      reply: "Hello",
      reward: "0.33",
      criteria: "- cost: 0.00 (FAIL cost)",
    };
    expect(ask("summary", question)).toEqual({
      shape: "grpo.summary",
      reply: { summary: "The agent wrote one reply. Missed: FAIL cost." },
    });
  });

  it.each([
    { current: "(none yet)", texts: ["cost", "cause"] },
    { current: "[E1] Always mention the cost explicitly.", texts: ["cause"] },
  ])("proposes what failed and is not among the experiences $current", ({ current, texts }) => {
    const given = {
      query: "[ticket-01] FAIL apology",
      rollouts: ATTEMPTS,
      experiences: current,
      maxWords: "32",
    };
    const { shape, reply } = ask("principles", given);
    const principles = texts.map((name) => ({
      text: `Always mention the ${name} explicitly.`,
      attempts: [1],
    }));
    expect({ shape, reply }).toEqual({ shape: "grpo.principles", reply: { principles } });
  });

  it("merges principles into those that are said most often, with all numbers that say them", () => {
    const say = (name: string): string => `Always mention the ${name} explicitly.`;
    const principles = ["apology", "cost", "cause", "cost", "currency", "cost", "currency"]
      .map((name, index) => `${index + 1}. ${say(name)}`)
      .join("\n");
    expect(ask("merge", { principles, maxWords: "32" })).toEqual({
      shape: "grpo.merge",
      reply: {
        principles: [
          { text: say("cost"), from: [2, 4, 6] },
          { text: say("currency"), from: [5, 7] },
          { text: say("apology"), from: [1] },
        ],
      },
    });
  });

  it("revises with what most principles say first, nothing twice, and no more than it is allowed", () => {
    const say = (name: string): string => `Always mention the ${name} explicitly.`;
    const principles = ["apology", "cost", "cause", "cost", "currency", "cost", "currency"].map(
      (name, index) => `${index + 1}. ${say(name)}`,
    );
    const limits = { maxOperations: "2", maxExperiences: "20", maxWords: "32" };
    const given = { experiences: `[E1] ${say("cause")}`, principles: principles.join("\n"), ...limits };
    expect(ask("revision", given)).toEqual({
      shape: "grpo.revision",
      reply: {
        operations: [
          { op: "ADD", id: null, text: say("cost"), principles: [2, 4, 6] },
          { op: "ADD", id: null, text: say("currency"), principles: [5, 7] },
        ],
      },
    });
  });

  it.each([
    {
      says: "every reply",
      criterion: "cost",
      scope: "every reply",
      reasons: "FAIL cost",
      instruction: "Always mention the cost explicitly.",
    },
    {
      says: "some replies",
      criterion: "cost",
      scope: "only some replies, to messages such as 'x'",
      reasons: "FAIL cost",
      instruction: "When you answer a customer, always mention the cost explicitly.",
    },
    {
      says: "several checks",
      criterion: "2 checks at once",
      scope: "every reply",
      reasons: "FAIL cost | FAIL cost | FAIL cause",
      instruction: "Always mention the cost explicitly; always mention the cause explicitly.",
    },
  ])("writes one instruction for $says", ({ criterion, scope, reasons, instruction }) => {
    const given = {
      criterion,
      scope,
      reasons,
      failed: "''",
      passed: "none yet",
      current: "",
      maxWords: "25",
    };
    expect(ask("contrast", given)).toEqual({ shape: "grpo.contrast", reply: { instruction } });
  });

  it("gives a plain list to a prompt of another system that carries feedback", () => {
    const text = "FAIL cost and FAIL cost";
    const shape = KNOWN.find((one) => one.test(text));
    expect(shape?.reply({ text, o: BEHAVIOUR, rand: drawFrom("x") })).toBe(
      "- always mention the cost explicitly",
    );
  });

  it("knows no learner's prompt in what an agent is asked", () => {
    const text = `You answer.\nAlways mention the cost explicitly.\n${TICKETS[3]?.question}`;
    expect(KNOWN.some((one) => one.test(text))).toBe(false);
  });
});

describe("proposals", () => {
  it("are bad as often as they are told to be, harmful and neutral alike", () => {
    const o = { ...BEHAVIOUR, bad: 0.5, k: 1 };
    const said = Array.from({ length: 4000 }, (_, n) => propose("FAIL cost", "", o, drawFrom(`${n}`))[0]);
    const share = (text: string): number => said.filter((one) => one === text).length / said.length;
    expect(share(HARMFUL)).toBeCloseTo(0.25, 1);
    expect(share(NEUTRAL)).toBeCloseTo(0.25, 1);
  });

  it("begin with what failed most often", () => {
    const text = "FAIL cause; FAIL cost; FAIL apology; FAIL cost; FAIL apology; FAIL cost";
    expect(propose(text, "", BEHAVIOUR, drawFrom("x"))).toEqual([
      "always mention the cost explicitly",
      "always mention the apology explicitly",
    ]);
  });

  it("are neutral when nothing is left to propose", () => {
    const current = "ALWAYS mention the cost explicitly";
    expect(propose("FAIL cost; FAIL nothing-known", current, BEHAVIOUR, drawFrom("x"))).toEqual([NEUTRAL]);
  });
});

describe("the mock's agent", () => {
  it("meets a criterion as often as its chance says", () => {
    const ticket = TICKETS[20];
    const text = `Always mention the refund window explicitly. ${ticket?.question}`;
    const replies = Array.from({ length: 4000 }, (_, n) =>
      agentReply({ text, o: BEHAVIOUR, rand: drawFrom(`${n}`) }),
    );
    const share = (tag: string): number => replies.filter((one) => one.includes(tag)).length / replies.length;
    expect(share("#refund-window")).toBeCloseTo(0.9, 1);
    expect(share("#order-number")).toBeCloseTo(0.2, 1);
  });
});
