import { describe, expect, it } from "vitest";
import { type CallOutcome, createLimiter, type LimiterOptions } from "../../src/runs/limiter.ts";
import type { PaidTry } from "../../src/runs/usage.ts";
import { grpoErrorOf } from "../support/refusals.ts";

const usage = { promptTokens: 10, completionTokens: 5, cachedTokens: 0, costUsd: 0.1 };
const callee = { key: "k", model: "m", hedge: true };
const good = (value: string): CallOutcome<string> => ({ ok: true, value, usage });

/** A limiter that has seen what such a call takes. */
async function experienced(options: Partial<LimiterOptions> = {}) {
  const lost: PaidTry[] = [];
  const limiter = createLimiter({
    concurrency: 2,
    backoffMs: 0,
    late: { times: 1, ms: 50 },
    onLost: (one) => lost.push(one),
    ...options,
  });
  for (let n = 0; n < 16; n++) await limiter.call("rollout", async () => good("soon"), callee);
  return { limiter, lost };
}

/** Says nothing until it is aborted. */
const silent = (signal: AbortSignal): Promise<CallOutcome<string>> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve({ ok: false, error: "aborted", kind: "passing" }));
  });

/** The first try keeps silent, the second answers. */
function silentOnce(second: () => Promise<CallOutcome<string>> = async () => good("second")) {
  const signals: AbortSignal[] = [];
  return {
    signals,
    call: (signal: AbortSignal) => {
      signals.push(signal);
      return signals.length === 1 ? silent(signal) : second();
    },
  };
}

describe("a call that is late against others of its kind", () => {
  it("is made a second time: that answer counts, the first is aborted and counted as paid", async () => {
    const { limiter, lost } = await experienced();
    const { signals, call } = silentOnce();
    expect(await limiter.call("rollout", call, callee)).toMatchObject({ ok: true, value: "second" });
    expect(signals).toHaveLength(2);
    expect(signals[0]?.aborted).toBe(true);
    await expect.poll(() => limiter.spent().calls).toBe(18);
    expect(lost).toMatchObject([{ stage: "rollout", spent: { calls: 1 } }]);
  });

  it.each<[string, Parameters<typeof silentOnce>[0], object]>([
    [
      "fails where both fail",
      async () => ({ ok: false, error: "HTTP 400 bad", kind: "lasting" }),
      { ok: false },
    ],
  ])("%s", async (_what, second, expected) => {
    const { limiter } = await experienced({ timeoutMs: 400 });
    const { signals, call } = silentOnce(second);
    expect(await limiter.call("rollout", call, callee)).toMatchObject(expected);
    expect(signals.length).toBeGreaterThanOrEqual(2);
  });

  it("waits for a free place, and is not made again when the budget has no room", async () => {
    const { limiter } = await experienced({ caps: { calls: 17 }, timeoutMs: 400, attempts: 1 });
    const { signals, call } = silentOnce();
    expect(await limiter.call("rollout", call, callee)).toMatchObject({ ok: false });
    expect(signals).toHaveLength(1);
  });

  it("is judged by its model's other calls, with three times the patience, where its kind is not known", async () => {
    const { limiter } = await experienced();
    const { signals, call } = silentOnce();
    const asked = performance.now();
    expect(await limiter.call("judge", call, callee)).toMatchObject({ ok: true, value: "second" });
    expect(performance.now() - asked).toBeGreaterThanOrEqual(149);
    expect(signals).toHaveLength(2);
  });

  it("is let alone where hedging is off, or its model is not known", async () => {
    const { limiter } = await experienced({ timeoutMs: 400, attempts: 1 });
    const { signals, call } = silentOnce();
    expect(await limiter.call("rollout", call, { ...callee, hedge: false })).toMatchObject({ ok: false });
    expect(await limiter.call("judge", silent, { ...callee, model: "other" })).toMatchObject({ ok: false });
    expect(signals).toHaveLength(1);
  });

  it("what ends the run ends it, whoever of the two says so", async () => {
    const { limiter } = await experienced();
    const { call } = silentOnce(async () => ({ ok: false, error: "HTTP 401", status: 401 }));
    expect(await grpoErrorOf(() => limiter.call("rollout", call, callee))).toMatchObject({
      code: "PROVIDER_REFUSED",
    });
  });
});
