import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type SimulateOptions, simulate } from "../../src/cli/simulate.ts";
import { readConversations } from "../../src/datasets/conversation-file.ts";
import { PAYLOADS, SECRET } from "../injection/payloads.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { persona, simulatedProject } from "./simulated.ts";

let printed = "";
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const run = (flags: SimulateOptions["flags"] = {}, more: Omit<SimulateOptions, "flags"> = {}) =>
  simulate({
    display: "none",
    flags: { conversations: 4, maxTurns: 3, out: "log.jsonl", ...flags },
    ...more,
  });

describe("simulate", () => {
  it("lets every persona that is not held out talk, and writes a scored log", async () => {
    simulatedProject();
    expect(await run({ markdown: "md" })).toBe(0);
    const log = await readConversations("log.jsonl");
    expect(log.map(({ id }) => id)).toEqual([
      "ann-1-s1-none",
      "bob-1-s1-none",
      "ann-2-s1-none",
      "bob-2-s1-none",
    ]);
    for (const one of log) {
      expect(one.source).toBe("simulated");
      expect(one.turns[0]?.content).toContain(`from ${one.persona}`);
      expect(one.criteria?.map(({ criterion }) => criterion)).toContain("alliance");
      expect(one.turns[1]?.state).toBeDefined();
      expect(one.score).toBeGreaterThanOrEqual(0);
    }
    const seeds = log.map(({ provenance }) => provenance.seed);
    expect(new Set(seeds).size).toBe(4);
    expect(printed).toContain("4 conversations");
  });

  it("tells the persona's secret to nobody before the person is open, and to the agent never", async () => {
    const space = simulatedProject([persona("ann", { userTypes: ["resistant"] })]);
    await run({ conversations: 2, maxTurns: 6 });
    for (const { who, prompt } of space.asked()) {
      if (who === "agent") expect(prompt).not.toMatch(/secret|hidden|openness/);
      else expect(prompt).not.toContain("You listen.");
    }
    const first = space.asked().find(({ who }) => who === "persona");
    expect(first?.prompt).not.toContain("the secret of");
  });

  it("goes on after a cap where it was, paying for nothing twice", async () => {
    const whole = simulatedProject();
    await run();
    const calls = whole.asked();
    const log = await readConversations("log.jsonl");
    const cut = simulatedProject();
    const stopped = await grpoErrorOf(() => run({ maxCalls: 7, concurrency: 2 }));
    expect(stopped.code).toBe("BUDGET_REACHED");
    expect(cut.asked()).toHaveLength(7);
    expect(await simulate({ display: "none", resume: true, flags: { maxCalls: 1000 } })).toBe(0);
    const key = ({ who, seed, prompt }: (typeof calls)[number]) => `${who} ${seed} ${prompt}`;
    expect(cut.asked().map(key).sort()).toEqual(calls.map(key).sort());
    const strip = (all: typeof log) =>
      all.map(({ provenance: { run: _, ...rest }, ...one }) => ({ ...one, rest }));
    expect(strip(await readConversations("log.jsonl"))).toEqual(strip(log));
  });

  it("refuses to go on with other personas", async () => {
    const space = simulatedProject();
    await grpoErrorOf(() => run({ maxCalls: 3 }));
    space.write("personas/ann.yaml", persona("ann", { voice: "Loud." }));
    const refused = await grpoErrorOf(() =>
      simulate({ display: "none", resume: true, flags: { maxCalls: 1000 } }),
    );
    expect(refused.code).toBe("RESUME_DIFFERS");
    expect(refused.message).toContain("personas to simulate");
  });

  it("keeps held-out personas apart and marks them", async () => {
    simulatedProject();
    expect((await grpoErrorOf(() => run({ only: ["cleo"] }))).message).toContain("held out");
    await run({ heldOut: true, conversations: 1 });
    const [one] = await readConversations("log.jsonl");
    expect(one).toMatchObject({ persona: "cleo", metadata: { heldOut: "true" } });
  });

  it("plans without a call, and does not replace a log", async () => {
    const space = simulatedProject();
    await run({}, { dryRun: true });
    expect(printed).toContain("nothing was called");
    space.write("log.jsonl", "");
    expect((await grpoErrorOf(() => run())).code).toBe("OUTPUT_EXISTS");
    expect(() => space.asked()).toThrow();
  });

  it("renders no template that either side says", async () => {
    for (const { text } of PAYLOADS.slice(0, 12)) {
      const { hidden, ...rest } = persona("ann");
      const space = simulatedProject([{ ...rest, hidden: { ...hidden, openings: [text], hides: text } }]);
      await run({ conversations: 1, maxTurns: 2 });
      const said = space.asked().find(({ who }) => who === "agent")?.prompt ?? "[]";
      expect((JSON.parse(said) as { content: string }[]).at(-1)?.content).toBe(text);
      expect(JSON.stringify(space.asked())).not.toContain(SECRET);
    }
  });
});
