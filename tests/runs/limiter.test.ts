import { describe, expect, it } from "vitest";
import { GrpoError } from "../../src/library/error.ts";
import type { CallFailure } from "../../src/runs/failure.ts";
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

/** Calls that fail with the given error; says how often the limiter tried. */
async function failing(error: string): Promise<"retried" | "not retried" | "refused"> {
  let tries = 0;
  const outcome = limiter({ attempts: 3 }).call("rollout", async () => {
    tries++;
    return { ok: false, error };
  });
  const refused = await outcome.then(
    () => false,
    () => true,
  );
  if (refused) return "refused";
  return tries === 3 ? "retried" : tries === 1 ? "not retried" : expect.fail(`${tries} tries`);
}

describe("which failures are tried again", () => {
  it.each([
    // as promptfoo's providers, the openai client and Node word them
    ["API error: 429 Too Many Requests\n{}", "retried"],
    ["API error: 500 Internal Server Error", "retried"],
    ["API error: 503 Service Unavailable", "retried"],
    ["API error: 529 overloaded_error", "retried"],
    ["API error: 408 Request Timeout", "retried"],
    ["HTTP 502: Bad Gateway", "retried"],
    ["Request failed with status code 504", "retried"],
    ["Rate limit exceeded: try again in 20s", "retried"],
    ["rate_limit_error", "retried"],
    ["Overloaded", "retried"],
    ["Request timed out.", "retried"],
    ["Request timed out after 300000 ms", "retried"],
    ["connect ETIMEDOUT 10.0.0.1:443", "retried"],
    ["Connection error.", "retried"],
    ["API call error: TypeError: fetch failed", "retried"],
    ["read ECONNRESET", "retried"],
    ["connect ECONNREFUSED 127.0.0.1:9", "retried"],
    ["socket hang up", "retried"],
    ["TypeError: terminated", "retried"],
    ["Premature close", "retried"],
    ["SyntaxError: Unexpected end of JSON input", "retried"],
    ["API call error: Error: Error parsing response from http://x: Bad escape. HTTP 200 OK.", "retried"],
    ["getaddrinfo EAI_AGAIN api.example.com", "retried"],
    ["Too Many Requests", "retried"],
    [
      "Rate limit exceeded: HTTP 429 Too Many Requests (code: rate_limit_exceeded) [retry after 0s]",
      "retried",
    ],
    ["API error: 403 Forbidden: your input was flagged by moderation", "not retried"],
    ["API error: 400 Bad Request", "not retried"],
    ["API error: 404 model not found", "not retried"],
    ["API error: 422 unprocessable: 500 tokens at most", "not retried"],
    ["the model returned an empty reply", "not retried"],
    ["Content filtered by policy", "not retried"],
    ["TypeError: Cannot read properties of undefined", "not retried"],
    ["API error: 401 Unauthorized", "refused"],
    ["API error: 402 Payment Required", "refused"],
    ["API error: 429 insufficient_quota: check your plan", "refused"],
    ["Incorrect API key provided: sk-12", "refused"],
    ["invalid_api_key", "refused"],
    ["API error: 403 Forbidden", "refused"],
    [
      "Quota exceeded: HTTP 429 Too Many Requests (code: insufficient_quota). Retries will not help",
      "refused",
    ],
    ["Your credit balance is too low", "refused"],
    ["API key is not set. Set the OPENAI_API_KEY environment variable", "refused"],
  ] as const)("%s: %s", async (error, expected) => {
    expect(await failing(error)).toBe(expected);
  });

  it("a thrown error counts as its message", async () => {
    let tries = 0;
    const outcome = await limiter().call("rollout", async () => {
      if (++tries < 3) throw new Error("fetch failed");
      return { ok: true, value: tries, usage: priced(0) };
    });
    expect(outcome).toMatchObject({ ok: true, value: 3 });
  });

  it("gives back the last failure after eight tries", async () => {
    let tries = 0;
    const outcome = await limiter().call("rollout", async () => ({
      ok: false,
      error: `status 503, try ${++tries}`,
    }));
    expect(outcome).toEqual({ ok: false, error: "status 503, try 8" });
  });

  it("a refusal ends the run resumably, with the first line of the reason", async () => {
    const error = await grpoErrorOf(() =>
      limiter().call("rollout", async () => ({ ok: false, error: "API error: 401 Unauthorized\n{secret}" })),
    );
    expect(error).toMatchObject({ code: "PROVIDER_REFUSED", exitCode: 6 });
    expect(error.message).toContain("401 Unauthorized");
    expect(error.message).not.toContain("secret");
  });
});

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

describe("what is known besides an error's text", () => {
  const tries = async (failure: Partial<CallFailure>) => {
    let count = 0;
    const outcome = limiter({ attempts: 3 }).call("rollout", async () => {
      count++;
      return { ok: false, error: "it went wrong", ...failure };
    });
    const code = await outcome.then(
      () => undefined,
      (error: unknown) => (error instanceof GrpoError ? error.code : "no GrpoError"),
    );
    return code ?? count;
  };

  it.each<[string, Partial<CallFailure>, number | string]>([
    ["status 429", { status: 429 }, 3],
    ["status 500", { status: 500 }, 3],
    ["status 503", { status: 503 }, 3],
    ["status 400, whatever the text says", { status: 400, error: "error 500: timed out" }, 1],
    ["status 401", { status: 401 }, "PROVIDER_REFUSED"],
    ["status 402", { status: 402 }, "PROVIDER_REFUSED"],
    ["status 403", { status: 403 }, "PROVIDER_REFUSED"],
    ["status 403 for what a message says", { status: 403, error: "flagged: violence" }, 1],
    ["a quota", { status: 429, error: "insufficient_quota" }, "PROVIDER_REFUSED"],
    ["a quota that is a short window", { status: 429, error: "insufficient_quota", retryAfterMs: 1 }, 3],
    [
      "no credit, whatever it says of waiting",
      { status: 429, error: "credit balance", retryAfterMs: 1 },
      "PROVIDER_REFUSED",
    ],
    ["a pause of six hours", { status: 429, retryAfterMs: 6 * 3_600_000 }, "PROVIDER_REFUSED"],
    ["an empty reply", { kind: "empty" }, 3],
    ["the caller's word", { kind: "lasting", status: 503 }, 1],
  ])("%s", async (_what, failure, expected) => {
    expect(await tries(failure)).toBe(expected);
  });

  it("an empty reply is paid for each time, so it has four tries of the eight", async () => {
    let count = 0;
    const outcome = await limiter().call("rollout", async () => {
      count++;
      return { ok: false, error: "empty", kind: "empty", usage: priced(0.1) };
    });
    expect([outcome.ok, count]).toEqual([false, 4]);
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
