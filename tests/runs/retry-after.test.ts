import { describe, expect, it } from "vitest";
import { parseRetryAfter, retryAfterOf } from "../../src/runs/retry-after.ts";

const NOW = Date.parse("2026-11-23T10:00:00Z");

describe("a Retry-After header", () => {
  it.each<[string, number | undefined]>([
    ["20", 20_000],
    ["0", 0],
    ["1.5", 1500],
    [" 3 ", 3000],
    ["Mon, 23 Nov 2026 10:00:30 GMT", 30_000],
    ["2026-11-23T10:01:00Z", 60_000],
    ["Mon, 23 Nov 2026 09:00:00 GMT", 0],
    ["-5", undefined],
    ["", undefined],
    ["soon", undefined],
    ["NaN", undefined],
  ])("%j", (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });
});

describe("how long a server asks to wait", () => {
  it.each<[string, unknown, string, number | undefined]>([
    ["a header", { "retry-after": "7" }, "", 7000],
    ["in any case", { "Retry-After": "7" }, "", 7000],
    ["as fetch gives them", new Headers({ "retry-after": "7" }), "", 7000],
    ["milliseconds first", { "retry-after": "7", "retry-after-ms": "6800" }, "", 6800],
    ["before the text", { "retry-after": "7" }, "try again in 20s", 7000],
    ["no headers", undefined, "Rate limit exceeded: HTTP 429 [retry after 7s]", 7000],
    ["promptfoo's reset", {}, "HTTP 429 Too Many Requests [resets in 12s]", 12_000],
    ["OpenAI's words", {}, "Limit 200, Used 200. Please try again in 1m30.5s. Visit", 90_500],
    ["OpenAI's milliseconds", {}, "Please try again in 86ms.", 86],
    ["hours", {}, "try again in 1h2m3s", 3_723_000],
    ["in words", {}, "Try again in 20 seconds", 20_000],
    ["Azure's words", {}, "Please retry after 6 seconds.", 6000],
    ["a body's field", {}, '{"retry-after": 3}', 3000],
    ["nothing", {}, "API error: 429 Too Many Requests", undefined],
    ["another number", {}, "try again in a moment, 5 of 5 used", undefined],
    ["a header that is none", { "retry-after": "soon" }, "", undefined],
    ["a number beside letters", {}, "retry after 5x", undefined],
  ])("%s", (_what, headers, text, expected) => {
    expect(retryAfterOf(headers, text, NOW)).toBe(expected);
  });
});
