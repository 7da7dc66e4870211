import { afterAll, beforeAll } from "vitest";

/** No test may reach the network: an unexpected request fails the test that made it. */
const realFetch = globalThis.fetch;
beforeAll(() => {
  process.env["PROMPTFOO_DISABLE_TELEMETRY"] = "1";
  process.env["PROMPTFOO_DISABLE_UPDATE"] = "1";
  globalThis.fetch = ((input: string | URL | Request, init?: RequestInit) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.hostname === "127.0.0.1") return realFetch(input, init);
    // promptfoo tries one telemetry POST even when telemetry is disabled.
    if (url.hostname.endsWith("promptfoo.app")) return Promise.reject(new Error("telemetry is off in tests"));
    throw new Error(`unexpected network request in a test: ${url.href}`);
  }) as typeof fetch;
});
afterAll(() => {
  globalThis.fetch = realFetch;
});
