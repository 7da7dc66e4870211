/**
 * Call before promptfoo is imported: it reads these then. At any level of its own its logger prints what we
 * report ourselves, and a line a call; at one that it does not know it prints nothing.
 */
export function quietPromptfoo(): void {
  process.env["LOG_LEVEL"] ??= "none";
  process.env["PROMPTFOO_DISABLE_TELEMETRY"] ??= "1";
  process.env["PROMPTFOO_DISABLE_UPDATE"] ??= "1";
}

/** promptfoo's HTTP pool holds 4 sockets a host unless told otherwise before its first call. */
export function widenSockets(concurrency: number): void {
  process.env["PROMPTFOO_FETCH_CONNECTIONS"] ??= String(concurrency);
}
