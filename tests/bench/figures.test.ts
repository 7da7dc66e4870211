import { describe, expect, it } from "vitest";
import { callFigures, spread, stageOf, utilisation } from "../../bench/figures.ts";
import { idleShares } from "../../bench/idle.ts";
import type { Call } from "../../bench/mock/call-log.ts";
import { validationIds } from "../../bench/project.ts";

const CALL: Call = {
  n: 0,
  shape: "agent",
  status: 200,
  fault: null,
  tin: 10,
  tout: 5,
  t0: 0,
  t1: 100,
  conc: 1,
  ticket: "ticket-00",
  temperature: 0.7,
  hash: "x",
};
const call = (changes: Partial<Call>): Call => ({ ...CALL, ...changes });
const VALIDATION = new Set(["ticket-01"]);

describe("figures of a run's calls", () => {
  it.each([
    [call({}), "train"],
    [call({ temperature: 0.5 }), "screening"],
    [call({ ticket: "ticket-01", temperature: 0.5 }), "validation"],
    [call({ ticket: "ticket-20", temperature: 0.5 }), "test"],
    [call({ shape: "grpo.summary", ticket: "ticket-20" }), "learner"],
  ] as const)("tells what a call was for", (one, stage) => {
    expect(stageOf(one, VALIDATION)).toBe(stage);
  });

  it("counts calls, tokens and failures by stage, and leaves the test out of the training's utilisation", () => {
    const calls = [
      call({}),
      call({ shape: "grpo.summary", t0: 100, t1: 200, status: 500, conc: 2 }),
      call({ ticket: "ticket-20", temperature: 0.5, t0: 900, t1: 1000 }),
    ];
    const found = callFigures(calls, VALIDATION, 2);
    expect(found.all).toEqual({ calls: 3, tin: 30, tout: 15 });
    expect(found.byStage.learner.calls).toBe(1);
    expect(found.learner["grpo.summary"]?.calls).toBe(1);
    expect(found).toMatchObject({ failed: 1, maxConcurrency: 2, windowS: 1, utilisation: 0.15 });
    expect(found.trainingUtilisation).toBe(0.5);
  });

  it("calls a model that is never idle fully used", () => {
    const calls = [0, 100, 200].flatMap((t0) => [call({ t0, t1: t0 + 100 }), call({ t0, t1: t0 + 100 })]);
    expect(utilisation(calls, 2)).toBe(1);
    expect(utilisation([], 2)).toBe(0);
  });

  it("says what was in flight while places were free", () => {
    const calls = [call({ t0: 0, t1: 100 }), call({ t0: 0, t1: 50 }), call({ shape: "b", t0: 150, t1: 200 })];
    // 2 places for 200 ms: one free for 50 beside the first call, both for 50, one for 50 beside "b".
    expect(idleShares(calls, (one) => one.shape, 2)).toEqual([
      { during: "nothing", share: 0.25 },
      { during: "agent", share: 0.125 },
      { during: "b", share: 0.125 },
    ]);
    expect(utilisation(calls, 2)).toBe(0.5);
  });

  it("gives the spread of what is known", () => {
    expect(spread([1, 2, Number.NaN, 6])).toEqual({
      mean: 3,
      min: 1,
      max: 6,
      n: 3,
      error: Math.sqrt(14 / 2 / 3),
    });
  });
});

describe("validation tickets", () => {
  it("are different training tickets, as many as asked for", () => {
    for (const count of [0, 1, 6, 10]) {
      const ids = validationIds(count);
      expect(new Set(ids).size).toBe(count);
      for (const id of ids) expect(Number(id.slice(-2))).toBeLessThan(20);
    }
  });
});
