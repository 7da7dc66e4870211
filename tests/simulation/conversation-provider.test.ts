import { evaluate } from "promptfoo";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { conversationSchema } from "../../src/datasets/conversation.ts";
import { ConversationProvider } from "../../src/providers/conversation-provider.ts";
import { Runtime } from "../../src/runs/runtime.ts";
import { conversation } from "../../src/simulation/conversation-assertion.ts";
import { conversationTests } from "../../src/simulation/conversation-tests.ts";
import { tellingTurn } from "../../src/suite/rollout.ts";
import { rolloutGroup } from "../../src/suite/rollouts.ts";
import { loadSuite } from "../../src/suite/suite.ts";
import { CONVERSATION, conversationProject, PROMPT, simulatedProject } from "./simulated.ts";

beforeEach(() => {
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
});

/** The rows of an evaluation. */
async function evaluated(suite: object, repeat: number) {
  const options = { cache: false, repeat, showProgressBar: false };
  const record = await evaluate(suite as Parameters<typeof evaluate>[0], options);
  return (await record.toEvaluateSummary()).results;
}

describe("a conversation as a promptfoo row", () => {
  it("is the transcript, scored by turn and as a whole; repeats differ", async () => {
    simulatedProject();
    const tests = (await conversationTests("personas")).slice(0, 2);
    const done = await evaluated(
      {
        prompts: [PROMPT],
        providers: [new ConversationProvider({ config: CONVERSATION })],
        tests: tests.map((test) => ({ ...test, assert: [{ type: "javascript", value: conversation }] })),
        writeLatestResults: false,
      },
      2,
    );
    expect(done).toHaveLength(4);
    for (const row of done) {
      const logged = conversationSchema.parse(row.response?.metadata?.["conversation"]);
      expect(logged.turns[0]?.content).toBe(row.vars["opening"]);
      expect(row.response?.tokenUsage?.total).toBeGreaterThan(15);
      const names = row.gradingResult?.componentResults?.map(({ metadata }) => metadata?.["criterion"]);
      expect(names).toEqual(expect.arrayContaining(["alliance", "keeps-boundaries", "avoids-advice"]));
    }
    const said = done
      .filter(({ vars }) => vars["opening"] === tests[0]?.vars.opening)
      .map(({ response }) => JSON.stringify(response?.metadata?.["messages"]));
    expect(new Set(said).size).toBe(2);
  });

  it("is ungraded where the row has no conversation", async () => {
    const result = await conversation("hello", {});
    expect(result).toMatchObject({ score: 0, metadata: { graderError: true } });
  });
});

describe("conversations as rollouts", () => {
  it("form groups whose every call is journalled, with the library in each turn of the agent", async () => {
    const space = conversationProject();
    const suite = await loadSuite(undefined, {});
    const runtime = new Runtime({ concurrency: 4 });
    const [example] = suite.examples.train;
    if (example === undefined) throw new Error("there is an example");
    const injection = { block: "[1] never advise", version: 1, hash: "x" };
    const sampling = { injection, repeats: 3, draw: "one" };
    const rollouts = await rolloutGroup(suite, runtime, example, sampling);
    expect(rollouts.every(({ reward }) => reward !== null)).toBe(true);
    const asked = space.asked();
    const agent = asked.filter(({ who }) => who === "agent");
    expect(agent.length).toBeGreaterThan(3);
    for (const { prompt } of agent) expect(prompt).toContain("[1] never advise");
    for (const { who, prompt } of asked) if (who === "persona") expect(prompt).not.toContain("[1] never");
    expect(runtime.limiter.usage.total().calls).toBe(asked.length);
    // Paid for already: nothing is asked again.
    await rolloutGroup(suite, runtime, example, sampling);
    expect(space.asked()).toHaveLength(asked.length);
    const [rollout] = rollouts;
    if (rollout === undefined) throw new Error("there is a rollout");
    expect(tellingTurn(rollout, "turn 1: gives advice")?.reply).toBe(rollout.turns?.[1]?.content);
  });
});
