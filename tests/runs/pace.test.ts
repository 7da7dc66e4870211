import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Callee, type CallOutcome, createLimiter, type LimiterOptions } from "../../src/runs/limiter.ts";

const callee = (key: string): Callee => ({ key, model: key });
const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0, costUsd: 0 };
const ok: CallOutcome<null> = { ok: true, value: null, usage };
const limited = (retryAfterMs?: number): CallOutcome<null> => ({
  ok: false,
  error: "status 429",
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Calls of one key that each take `ms` and answer as told; says when each began. */
function server(options: Partial<LimiterOptions>, ms = 100) {
  const gate = createLimiter({ concurrency: 10, ...options });
  const started = performance.now();
  const begun: { key: string; at: number }[] = [];
  const ask = (key: string, answer: (nth: number) => CallOutcome<null>) => {
    let nth = 0;
    return gate.call(
      "rollout",
      async () => {
        begun.push({ key, at: Math.round(performance.now() - started) });
        const outcome = answer(++nth);
        await new Promise((resolve) => setTimeout(resolve, ms));
        return outcome;
      },
      callee(key),
    );
  };
  return {
    gate,
    ask,
    begun,
    timesOf: (key: string) => begun.flatMap((one) => (one.key === key ? [one.at] : [])),
  };
}

describe("Retry-After", () => {
  it("holds up calls of that key, and of no other", async () => {
    const { ask, timesOf } = server({ backoffMs: 0, concurrency: 4 });
    const first = ask("a", (nth) => (nth === 1 ? limited(20_000) : ok));
    await vi.advanceTimersByTimeAsync(150);
    const later = [ask("a", () => ok), ask("b", () => ok), ask("b", () => ok)];
    await vi.advanceTimersByTimeAsync(19_000);
    expect(timesOf("a")).toEqual([0]);
    expect(timesOf("b")).toEqual([150, 150]);
    await vi.advanceTimersByTimeAsync(2000);
    await Promise.all([first, ...later]);
    for (const at of timesOf("a").slice(1)) expect(at).toBeGreaterThanOrEqual(20_100);
  });

  it("keeps no other call from its place: a paused provider does not fill the run", async () => {
    const { ask, timesOf } = server({ backoffMs: 0, concurrency: 2 });
    const paused = Array.from({ length: 6 }, () => ask("a", (nth) => (nth === 1 ? limited(60_000) : ok)));
    await vi.advanceTimersByTimeAsync(100);
    const others = Array.from({ length: 6 }, () => ask("b", () => ok));
    await vi.advanceTimersByTimeAsync(1000);
    expect(timesOf("b")).toHaveLength(6);
    expect((await Promise.all(others)).every((one) => one.ok)).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect((await Promise.all(paused)).every((one) => one.ok)).toBe(true);
  });

  it("is told to whoever watches, once for a burst", async () => {
    const told: [string, number][] = [];
    const { ask } = server({ backoffMs: 0, onPause: (model, ms) => told.push([model, ms]) });
    const all = Array.from({ length: 5 }, () => ask("a", (nth) => (nth === 1 ? limited(9000) : ok)));
    await vi.advanceTimersByTimeAsync(60_000);
    await Promise.all(all);
    expect(told).toEqual([["a", 9000]]);
  });

  it("of an overloaded server (503) is kept as well", async () => {
    const { ask, timesOf } = server({ backoffMs: 0 });
    const call = ask("a", (nth) =>
      nth === 1 ? { ok: false, error: "x", status: 503, retryAfterMs: 5000 } : ok,
    );
    await vi.advanceTimersByTimeAsync(10_000);
    await call;
    expect(timesOf("a")[1]).toBeGreaterThanOrEqual(5100);
  });
});

describe("pauses before a retry without Retry-After", () => {
  const pausesOf = async (seed: number, error = "status 429") => {
    const { ask, timesOf } = server({ seed }, 0);
    const call = ask("a", () => ({ ok: false, error }));
    await vi.advanceTimersByTimeAsync(200_000);
    await call;
    const times = timesOf("a");
    return times.slice(1).map((at, index) => at - (times[index] ?? 0));
  };

  it("double from 0.5 s to 30 s, less up to half", async () => {
    const pauses = await pausesOf(1);
    expect(pauses).toHaveLength(7);
    for (const [index, pause] of pauses.entries()) {
      const most = Math.min(30_000, 500 * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(most / 2 - 1);
      expect(pause).toBeLessThanOrEqual(most + 3);
    }
  });

  it("begin with an eighth of a second after what is no limit, and go on as long as after a limit", async () => {
    const [first, ...others] = await pausesOf(1, "status 503");
    expect(first).toBeLessThanOrEqual(125 + 3);
    expect(others).toEqual((await pausesOf(1)).slice(1));
  });

  it("come from the seed", async () => {
    const [one, same, other] = [await pausesOf(7), await pausesOf(7), await pausesOf(8)];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it("of a bare 429 are not promptfoo's minute, and hold up nobody else", async () => {
    const { ask, timesOf } = server({});
    const first = ask("a", (nth) => (nth === 1 ? limited() : ok));
    await vi.advanceTimersByTimeAsync(100);
    const second = ask("a", () => ok);
    await vi.advanceTimersByTimeAsync(1000);
    await Promise.all([first, second]);
    expect(timesOf("a")[1]).toBe(100);
    expect(timesOf("a")[2]).toBeLessThan(700);
  });
});

describe("concurrency", () => {
  it("falls by a fifth on a 429, a burst being one fall, and never below 1", async () => {
    const { gate, ask } = server({ backoffMs: 0, attempts: 1 });
    const burst = async (calls: number) => {
      const all = Array.from({ length: calls }, () => ask("a", () => limited()));
      await vi.advanceTimersByTimeAsync(100);
      await Promise.all(all);
      return gate.allowed("a");
    };
    expect(await burst(10)).toBe(8);
    expect(await burst(8)).toBe(6);
    expect(await burst(1)).toBe(5);
    for (let time = 0; time < 20; time++) await burst(1);
    expect(gate.allowed("a")).toBe(1);
    expect(gate.allowed("b")).toBe(10);
  });

  it("recovers by one after ten successes, up to what was set", async () => {
    const { gate, ask } = server({ backoffMs: 0, attempts: 1, concurrency: 4 }, 1);
    const calls = async (count: number, outcome: CallOutcome<null>) => {
      for (let nth = 0; nth < count; nth++) {
        const call = ask("a", () => outcome);
        await vi.advanceTimersByTimeAsync(1);
        await call;
      }
      return gate.allowed("a");
    };
    expect(await calls(3, limited())).toBe(2);
    expect(await calls(9, ok)).toBe(2);
    expect(await calls(1, ok)).toBe(3);
    expect(await calls(5, ok)).toBe(3);
    // A rate limit in between begins the count anew.
    expect(await calls(1, limited())).toBe(2);
    expect(await calls(9, ok)).toBe(2);
    expect(await calls(100, ok)).toBe(4);
  });

  it("is kept while it is lower", async () => {
    const { gate, ask, begun } = server({ backoffMs: 0, attempts: 1, concurrency: 5 });
    for (let nth = 0; nth < 3; nth++) {
      const call = ask("a", () => limited());
      await vi.advanceTimersByTimeAsync(100);
      await call;
    }
    expect(gate.allowed("a")).toBe(2);
    begun.length = 0;
    const all = Promise.all(Array.from({ length: 6 }, () => ask("a", () => ok)));
    await vi.advanceTimersByTimeAsync(1000);
    await all;
    const times = begun.map(({ at }) => at - (begun[0]?.at ?? 0));
    expect(times).toEqual([0, 0, 100, 100, 200, 200]);
  });
});
