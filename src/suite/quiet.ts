/**
 * Call before promptfoo is imported: it reads these then. At any level of its own its logger prints what we
 * report ourselves, and a line a call; at one that it does not know it prints nothing.
 */
export function quietPromptfoo(): void {
  process.env["LOG_LEVEL"] ??= "none";
  process.env["PROMPTFOO_DISABLE_TELEMETRY"] ??= "1";
  process.env["PROMPTFOO_DISABLE_UPDATE"] ??= "1";
  dropAnnotations();
}

const ANNOTATION = /^::(?:notice|error)::(?:Evaluation |Target unavailable )/;
const filtered = new WeakSet<typeof console.log>();

/**
 * On GitHub promptfoo prints an annotation for each of our many evaluations to standard output, where nothing
 * but a report belongs, and has no switch for it.
 */
function dropAnnotations(): void {
  const { log } = console;
  if (filtered.has(log)) return;
  console.log = (...args: unknown[]): void => {
    const [text] = args;
    if (typeof text !== "string" || !ANNOTATION.test(text)) log(...args);
  };
  filtered.add(console.log);
}

/** promptfoo's HTTP pool holds 4 sockets a host unless told otherwise before its first call. */
export function widenSockets(concurrency: number): void {
  process.env["PROMPTFOO_FETCH_CONNECTIONS"] ??= String(concurrency);
}
