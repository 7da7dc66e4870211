import { describe, expect, it } from "vitest";
import { interruption } from "../../src/runs/interrupt.ts";
import { type CallOutcome, createLimiter, type LimiterOptions } from "../../src/runs/limiter.ts";
import type { CallUsage } from "../../src/runs/usage.ts";
import { grpoErrorOf } from "../support/refusals.ts";

const priced = (costUsd: number | null): CallUsage => ({
  promptTokens: 10,
  completionTokens: 5,
  cachedTokens: 0,
  costUsd,
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const limiter = (options: Partial<LimiterOptions> = {}) =>
  createLimiter({ concurrency: 4, backoffMs: 0, ...options });

const ok = async (): Promise<CallOutcome<number>> => ({ ok: true, value: 1, usage: priced(0) });

describe("pace", () => {
  it.each([1, 3, 8])("never has more than %i calls in flight, retries included", async (concurrency) => {
    const gate = limiter({ concurrency });
    let [inFlight, most] = [0, 0];
    const call = (nth: number) => {
      let tries = 0;
      return gate.call("rollout", async (): Promise<CallOutcome<number>> => {
        most = Math.max(most, ++inFlight);
        await pause(nth % 3);
        inFlight--;
        return ++tries < 2 && nth % 4 === 0
          ? { ok: false, error: "status 429" }
          : { ok: true, value: nth, usage: priced(0) };
      });
    };
    const outcomes = await Promise.all(Array.from({ length: 24 }, (_, nth) => call(nth)));
    expect(outcomes.every((one) => one.ok)).toBe(true);
    expect(most).toBe(concurrency);
  });

  it("an abort stops calls that have not begun and pauses before a retry", async () => {
    const abort = new AbortController();
    const gate = limiter({ concurrency: 1, backoffMs: 60_000, signal: abort.signal });
    let begun = 0;
    const call = () =>
      gate.call("rollout", async () => {
        begun++;
        return { ok: false, error: "status 503" };
      });
    const all = Promise.allSettled([call(), call(), call()]);
    await pause(5);
    abort.abort();
    expect((await all).map((one) => one.status === "rejected" && one.reason.code)).toEqual([
      "INTERRUPTED",
      "INTERRUPTED",
      "INTERRUPTED",
    ]);
    // A call that pauses does not hold its place: each had one try.
    expect(begun).toBe(3);
  });
});

describe("a call that does not answer", () => {
  it("costs itself alone: the others go on, and it is tried again", async () => {
    const gate = limiter({ concurrency: 2, timeoutMs: 30 });
    let [tries, aborted] = [0, false];
    const hanging = gate.call("rollout", (signal) => {
      if (++tries > 1) return ok();
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return new Promise<never>(() => {});
    });
    const others = await Promise.all(Array.from({ length: 10 }, () => gate.call("rollout", ok)));
    expect(others.every((one) => one.ok)).toBe(true);
    expect(tries).toBe(1);
    expect((await hanging).ok).toBe(true);
    expect([tries, aborted]).toEqual([2, true]);
  });

  it("is counted when it answers after all: it was paid for", async () => {
    const gate = limiter({ timeoutMs: 10, attempts: 1 });
    const late = Promise.withResolvers<CallOutcome<number>>();
    expect(await gate.call("rollout", () => late.promise)).toMatchObject({
      ok: false,
      error: "timed out after 10 ms",
    });
    expect(gate.spent()).toEqual({ calls: 1, costUsd: 0, tokens: 0 });
    late.resolve({ ok: true, value: 1, usage: priced(0.5) });
    await pause(1);
    expect(gate.spent()).toEqual({ calls: 1, costUsd: 0.5, tokens: 15 });
    expect(gate.usage.total()).toMatchObject({ calls: 1, costUsd: 0.5 });
  });

  it("has the callee's own deadline where there is one", async () => {
    const gate = limiter({ timeoutMs: 1 });
    const slow = async () => pause(20).then(ok);
    expect(await gate.call("rollout", slow, { key: "k", model: "slow", timeoutMs: 1000 })).toMatchObject({
      ok: true,
    });
  });
});

describe("the end of a run", () => {
  it("lets calls in flight finish, and nobody else begin", async () => {
    const stop = new AbortController();
    const gate = limiter({ concurrency: 2, signal: stop.signal });
    const begun: number[] = [];
    const all = Promise.allSettled(
      Array.from({ length: 6 }, (_, nth) =>
        gate.call("rollout", async () => {
          begun.push(nth);
          await pause(10);
          return ok();
        }),
      ),
    );
    await pause(2);
    stop.abort(interruption("SIGTERM"));
    const ends = (await all).map((one) => (one.status === "fulfilled" ? "finished" : one.reason.exitCode));
    expect(ends).toEqual(["finished", "finished", 143, 143, 143, 143]);
    expect(begun).toEqual([0, 1]);
    expect(await grpoErrorOf(() => gate.call("rollout", ok))).toMatchObject({ code: "INTERRUPTED" });
  });

  it("cuts off calls in flight when told to", async () => {
    const kill = new AbortController();
    const hanging = limiter({ kill: kill.signal }).call("rollout", () => new Promise<never>(() => {}));
    kill.abort();
    expect(await grpoErrorOf(() => hanging)).toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
  });

  it("by a refusal is every call's end", async () => {
    const gate = limiter({ concurrency: 1 });
    const refused = gate.call("rollout", async () => ({ ok: false, error: "status 401" }));
    const next = gate.call("judge", ok);
    expect(await grpoErrorOf(() => refused)).toMatchObject({ exitCode: 6 });
    expect(await grpoErrorOf(() => next)).toMatchObject({ code: "PROVIDER_REFUSED" });
  });

  it("a GrpoError thrown in a call is no failed call, and leaves its place", async () => {
    const gate = limiter({ concurrency: 1 });
    const failing = gate.call("rollout", async () => {
      throw interruption();
    });
    expect(await grpoErrorOf(() => failing)).toMatchObject({ code: "INTERRUPTED" });
    expect(gate.spent().costUsd).toBe(0);
  });
});

describe("dollars", () => {
  /** Calls at these prices, all asked for at once; what was spent, and how the run ended. */
  async function spend(prices: readonly number[], maxCostUsd: number, concurrency = 1) {
    const gate = limiter({ concurrency, caps: { costUsd: maxCostUsd } });
    let highest = 0;
    const outcomes = await Promise.allSettled(
      prices.map((price) =>
        gate
          .call("rollout", async () => {
            await pause(1);
            return { ok: true, value: null, usage: priced(price) };
          })
          .finally(() => {
            highest = Math.max(highest, gate.usage.total().costUsd);
          }),
      ),
    );
    const refused = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    return { spent: gate.usage.total().costUsd, made: outcomes.length - refused.length, refused, highest };
  }

  it("stops before the call that would pass the cap, resumably", async () => {
    const { spent, made, refused } = await spend(Array(10).fill(0.1), 0.35);
    expect(made).toBe(3);
    expect(spent).toBeCloseTo(0.3);
    expect(refused[0]).toMatchObject({ code: "BUDGET_REACHED", exitCode: 4 });
  });

  it("spends the cap to the cent: reaching it is not passing it", async () => {
    expect((await spend(Array(5).fill(0.1), 0.3)).made).toBe(3);
  });

  it.each([2, 5, 8])(
    "passes the cap by no more than the %i calls in flight before a price is known",
    async (concurrency) => {
      const { spent } = await spend(Array(40).fill(0.1), 0.15, concurrency);
      expect(spent).toBeLessThanOrEqual(0.15 + concurrency * 0.1);
    },
  );

  it("never passes the cap once the price is known", async () => {
    const gate = limiter({ concurrency: 8, caps: { costUsd: 1 } });
    const call = () =>
      gate.call("rollout", async () => pause(1).then(() => ({ ok: true, value: null, usage: priced(0.07) })));
    await call();
    await Promise.allSettled(Array.from({ length: 40 }, call));
    expect(gate.usage.total().costUsd).toBeCloseTo(0.98);
  });

  it("one dear call of the learner does not make eight cheap calls in flight look like the cap", async () => {
    const gate = limiter({ concurrency: 8, caps: { costUsd: 1 } });
    await gate.call("advantage", async () => ({ ok: true, value: null, usage: priced(0.2) }));
    const cheap = () =>
      gate.call("rollout", async () =>
        pause(1).then(() => ({ ok: true, value: null, usage: priced(0.001) })),
      );
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, cheap));
    expect(outcomes.filter((one) => one.status === "rejected")).toEqual([]);
  });

  it("counts agent, judges and learner together, failed calls that were charged included", async () => {
    const gate = limiter({ caps: { costUsd: 0.25 }, concurrency: 1 });
    await gate.call("rollout", async () => ({ ok: true, value: null, usage: priced(0.1) }));
    await gate.call("judge", async () => ({ ok: false, error: "no verdict", usage: priced(0.1) }));
    const error = await grpoErrorOf(() =>
      gate.call("rollout", async () => ({ ok: true, value: null, usage: priced(0.1) })),
    );
    expect(error.code).toBe("BUDGET_REACHED");
  });

  it("refuses an unknown price under a cap, and only then", async () => {
    const unknown = async (): Promise<CallOutcome<null>> => ({ ok: true, value: null, usage: priced(null) });
    expect(await grpoErrorOf(() => limiter({ caps: { costUsd: 1 } }).call("rollout", unknown))).toMatchObject(
      {
        code: "PRICE_UNKNOWN",
        exitCode: 3,
      },
    );
    const free = limiter();
    expect((await free.call("rollout", unknown)).ok).toBe(true);
    expect(free.usage.total()).toMatchObject({ calls: 1, costUsd: 0, unpriced: 1 });
  });
});

describe("usage", () => {
  it("counts each call once, by stage, and tells about it", async () => {
    const told: number[] = [];
    const gate = limiter({ onCall: (_stage, usage) => told.push(usage.total().calls) });
    let tries = 0;
    await gate.call("rollout", async () =>
      ++tries < 3 ? { ok: false, error: "status 429" } : { ok: true, value: 1, usage: priced(0.5) },
    );
    await gate.call("judge", async () => ({ ok: true, value: 1, usage: priced(0.25) }));
    await gate.call("judge", async () => ({ ok: false, error: "empty", usage: priced(null) }));
    expect(gate.usage.byStage()).toEqual({
      rollout: {
        calls: 1,
        promptTokens: 10,
        completionTokens: 5,
        cachedTokens: 0,
        costUsd: 0.5,
        unpriced: 0,
      },
      judge: {
        calls: 2,
        promptTokens: 20,
        completionTokens: 10,
        cachedTokens: 0,
        costUsd: 0.25,
        unpriced: 1,
      },
    });
    expect(gate.usage.total()).toEqual({
      calls: 3,
      promptTokens: 30,
      completionTokens: 15,
      cachedTokens: 0,
      costUsd: 0.75,
      unpriced: 1,
    });
    expect(told.at(-1)).toBe(3);
  });

  it("hands out copies", async () => {
    const gate = limiter();
    await gate.call("rollout", async () => ({ ok: true, value: 1, usage: priced(1) }));
    const before = gate.usage.byStage();
    await gate.call("rollout", async () => ({ ok: true, value: 1, usage: priced(1) }));
    expect(before.rollout?.calls).toBe(1);
  });
});
