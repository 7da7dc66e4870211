import { describe, expect, it } from "vitest";
import { GrpoError } from "../../src/library/error.ts";
import type { CallFailure } from "../../src/runs/failure.ts";
import { createLimiter, type LimiterOptions } from "../../src/runs/limiter.ts";
import type { CallUsage } from "../../src/runs/usage.ts";
import { grpoErrorOf } from "../support/refusals.ts";

const priced = (costUsd: number | null): CallUsage => ({
  promptTokens: 10,
  completionTokens: 5,
  cachedTokens: 0,
  costUsd,
});
const limiter = (options: Partial<LimiterOptions> = {}) =>
  createLimiter({ concurrency: 4, backoffMs: 0, ...options });

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
