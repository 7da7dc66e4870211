/**
 * promptfoo reads these when it is imported or first used. Its logger would print a line a call, and its
 * HTTP pool holds 4 sockets a host unless told otherwise.
 */
export function prepareEnvironment(concurrency: number): void {
  process.env["LOG_LEVEL"] ??= "error";
  process.env["PROMPTFOO_DISABLE_TELEMETRY"] ??= "1";
  process.env["PROMPTFOO_DISABLE_UPDATE"] ??= "1";
  process.env["PROMPTFOO_FETCH_CONNECTIONS"] ??= String(concurrency);
}
