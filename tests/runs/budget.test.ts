import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Budget } from "../../src/runs/budget.ts";
import { createLimiter } from "../../src/runs/limiter.ts";
import type { Stage } from "../../src/runs/task.ts";
import { grpoErrorOf } from "../support/refusals.ts";

interface Planned {
  stage: Stage;
  costUsd: number;
  tokens: number;
  ms: number;
  fails: boolean;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  stage: fc.constantFrom<Stage>("rollout", "judge", "advantage"),
  costUsd: fc.double({ min: 0, max: 1, noNaN: true }),
  tokens: fc.integer({ min: 0, max: 1000 }),
  ms: fc.integer({ min: 0, max: 3 }),
  fails: fc.boolean(),
});

const caps = fc.record(
  {
    costUsd: fc.double({ min: 0.01, max: 5, noNaN: true }),
    calls: fc.integer({ min: 1, max: 20 }),
    tokens: fc.integer({ min: 1, max: 5000 }),
  },
  { requiredKeys: [] },
);
const KINDS = ["costUsd", "tokens", "calls"] as const;

describe("a cap", () => {
  it("is never passed by more than the calls in flight at the moment it is reached", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(planned, { minLength: 1, maxLength: 40 }),
        caps,
        fc.integer({ min: 1, max: 8 }),
        async (plan, limits, concurrency) => {
          const gate = createLimiter({ concurrency, caps: limits, backoffMs: 0, attempts: 1 });
          const inFlight = new Set<Planned>();
          // What calls already begun may still use, whenever one begins.
          let allowance = { costUsd: 0, tokens: 0, calls: 0 };
          const outcomes = await Promise.allSettled(
            plan.map((one) =>
              gate.call(one.stage, async () => {
                for (const kind of KINDS)
                  expect(gate.spent()[kind]).toBeLessThanOrEqual(limits[kind] ?? Infinity);
                inFlight.add(one);
                const sum = (of: (call: Planned) => number) =>
                  [...inFlight].reduce((total, call) => total + of(call), 0);
                allowance = {
                  costUsd: sum((call) => call.costUsd),
                  tokens: sum((call) => call.tokens),
                  calls: 0,
                };
                await new Promise((resolve) => setTimeout(resolve, one.ms));
                inFlight.delete(one);
                const usage = {
                  promptTokens: one.tokens,
                  completionTokens: 0,
                  cachedTokens: 0,
                  costUsd: one.costUsd,
                };
                return one.fails ? { ok: false, error: "no", usage } : { ok: true, value: null, usage };
              }),
            ),
          );
          for (const kind of KINDS) {
            const cap = limits[kind] ?? Number.POSITIVE_INFINITY;
            expect(gate.spent()[kind]).toBeLessThanOrEqual(cap + allowance[kind] + 1e-6);
          }
          for (const one of outcomes) {
            if (one.status === "rejected")
              expect(one.reason).toMatchObject({ code: "BUDGET_REACHED", exitCode: 4 });
          }
          // Without caps everything is done.
          if (Object.keys(limits).length === 0)
            expect(outcomes.every((one) => one.status === "fulfilled")).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  const usage = { promptTokens: 60, completionTokens: 40, cachedTokens: 0, costUsd: 0 };

  it.each([1, 3, 8])("in calls is exact with %i in flight, failed tries counted", async (concurrency) => {
    const gate = createLimiter({ concurrency, caps: { calls: 10 }, backoffMs: 0, attempts: 2 });
    let made = 0;
    await Promise.allSettled(
      Array.from({ length: 30 }, (_, nth) =>
        gate.call("rollout", async () => {
          made++;
          await new Promise((resolve) => setTimeout(resolve, 1));
          return nth % 3 === 0 ? { ok: false, error: "status 503" } : { ok: true, value: null, usage };
        }),
      ),
    );
    expect(made).toBe(10);
    expect(gate.spent().calls).toBe(10);
  });

  it("in tokens holds once one call of the kind was seen, and names its setting", async () => {
    const gate = createLimiter({ concurrency: 1, caps: { tokens: 350 } });
    const call = () => gate.call("rollout", async () => ({ ok: true, value: null, usage }));
    for (let nth = 0; nth < 3; nth++) await call();
    const error = await grpoErrorOf(call);
    expect(error).toMatchObject({ code: "BUDGET_REACHED", exitCode: 4, place: "metadata.grpo.maxTokens" });
    expect(error.message).toBe("The cap of 350 tokens would be passed: 300 tokens used, 0 tokens in flight.");
    expect(error.remedy).toContain("--max-tokens");
  });

  it("that is spent lets no call of another kind begin, whatever it may cost", async () => {
    const gate = createLimiter({ concurrency: 1, caps: { tokens: 100 } });
    await gate.call("rollout", async () => ({ ok: true, value: null, usage }));
    expect(
      await grpoErrorOf(() => gate.call("judge", async () => ({ ok: true, value: 1, usage }))),
    ).toMatchObject({
      exitCode: 4,
    });
  });

  it("in dollars lets go on what is known to be free", async () => {
    const gate = createLimiter({ concurrency: 1, caps: { costUsd: 1 } });
    const judge = { key: "local", model: "local" };
    const free = () => gate.call("judge", async () => ({ ok: true, value: 1, usage }), judge);
    await free();
    await gate.call("rollout", async () => ({ ok: true, value: 1, usage: { ...usage, costUsd: 1 } }));
    expect((await free()).ok).toBe(true);
  });

  it("counts what the run had used before it was taken up again", async () => {
    const gate = createLimiter({ concurrency: 1, caps: { calls: 3 } });
    const before = { promptTokens: 1, completionTokens: 1, cachedTokens: 0, costUsd: 0.1 };
    gate.restore({ stage: "rollout", spent: { costUsd: 0.1, calls: 1, tokens: 2 }, usage: before });
    gate.restore({ stage: "rollout", spent: { costUsd: 0, calls: 1, tokens: 0 }, usage: null });
    expect(gate.usage.total()).toMatchObject({ calls: 1, costUsd: 0.1 });
    const call = () => gate.call("rollout", async () => ({ ok: true, value: null, usage }));
    await call();
    expect(await grpoErrorOf(call)).toMatchObject({ place: "metadata.grpo.maxCalls" });
  });
});

describe("a call that was cut off", () => {
  it("counts as the dearest of its kind until its answer is known", () => {
    const budget = new Budget({ costUsd: 1 });
    budget.settle("k", budget.take("k"), { costUsd: 0.4, calls: 1, tokens: 10 });
    const reserved = budget.take("k");
    budget.settle("k", reserved, null);
    expect(budget.spent).toEqual({ costUsd: 0.8, calls: 2, tokens: 20 });
    expect(budget.room("k")).toBe("never");
    budget.correct("k", reserved, { costUsd: 0.1, calls: 1, tokens: 5 });
    expect(budget.spent).toEqual({ costUsd: 0.5, calls: 2, tokens: 15 });
    expect(budget.room("k")).toBe("now");
  });
});
