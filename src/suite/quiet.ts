/**
 * Call before promptfoo is imported: it reads these then. At any level of its own its logger prints what we
 * report ourselves, and a line a call; at one that it does not know it prints nothing.
 */
export function quietPromptfoo(): void {
  process.env["LOG_LEVEL"] ??= "none";
  process.env["PROMPTFOO_DISABLE_TELEMETRY"] ??= "1";
  process.env["PROMPTFOO_DISABLE_UPDATE"] ??= "1";
}

/**
 * One limiter paces, retries and pauses (src/runs/limiter.ts). promptfoo's scheduler would do it a second time
 * round our calls, for each group by itself, and stop a provider for a minute after a 429 without Retry-After.
 * The other minute, inside its fetch, goes with `maxRetries: 0` (src/providers/model-facts.ts).
 */
export function leavePaceToUs(): void {
  process.env["PROMPTFOO_DISABLE_ADAPTIVE_SCHEDULER"] ??= "true";
}

/** promptfoo's HTTP pool holds 4 sockets a host unless told otherwise before its first call. */
export function widenSockets(concurrency: number): void {
  process.env["PROMPTFOO_FETCH_CONNECTIONS"] ??= String(concurrency);
}
