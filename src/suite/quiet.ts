import { registerHooks } from "node:module";

/**
 * Call before promptfoo is imported: it reads these then. At any level of its own its logger prints what we
 * report ourselves, and a line a call; at one that it does not know it prints nothing.
 */
export function quietPromptfoo(): void {
  process.env["LOG_LEVEL"] ??= "none";
  process.env["PROMPTFOO_DISABLE_TELEMETRY"] ??= "1";
  process.env["PROMPTFOO_DISABLE_UPDATE"] ??= "1";
  if (process.env["LOG_LEVEL"] !== "debug") withoutSourceMaps();
  dropAnnotations();
}

const MAPS = "source-map-support";
const NO_MAPS = "data:text/javascript,export const install = () => {};";
let mapsAsked = false;

/**
 * promptfoo imports a package at each debug line, printed or not, until that succeeds once. The package is seldom
 * there, and a failing import takes longer than all else of the line. It is given an empty one; then Node.js
 * resolves as before.
 */
function withoutSourceMaps(): void {
  if (mapsAsked) return;
  mapsAsked = true;
  const hooks = registerHooks({
    resolve: (name, context, next) => {
      const asker = context.parentURL ?? "";
      if (name !== MAPS || !/[\\/]promptfoo[\\/]/.test(asker)) return next(name, context);
      hooks.deregister();
      return { url: NO_MAPS, format: "module", shortCircuit: true };
    },
  });
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
