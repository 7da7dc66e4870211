import { setFlagsFromString } from "node:v8";
import { chooseDisplay, progressDisplay } from "../reports/progress.ts";
import { Runtime } from "../runs/runtime.ts";
import type { Suite } from "../suite/suite.ts";
import { watchSignals } from "./signals.ts";

export interface Session {
  runtime: Runtime;
  /** Ends the progress display, so that a report can follow. */
  closeDisplay(): void;
  elapsedMs(): number;
}

/**
 * Runs `work` with progress on standard error, and Ctrl-C or SIGTERM as its end. What was paid for when it ends
 * is recorded, and what was opened is closed, whatever happens.
 */
export async function inSession<T>(
  suite: Suite,
  display: string | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  collectGarbageEarly();
  const shown = progressDisplay(chooseDisplay(display, process.stderr.isTTY === true, process.env), {
    write: (text) => process.stderr.write(text),
    columns: process.stderr.columns ?? 100,
    now: () => Date.now(),
  });
  const signals = watchSignals({
    onStop: () =>
      shown.sink({
        type: "note",
        text: "stopping    calls in flight are being finished; Ctrl-C again stops at once",
      }),
  });
  const runtime = runtimeFor(suite, signals, shown.sink);
  try {
    return await work({ runtime, closeDisplay: () => shown.close(), elapsedMs: () => Date.now() - started });
  } catch (error) {
    await runtime.windUp(error);
    // An interrupt shows itself as many failures; it is the reason to tell.
    runtime.throwIfStopped();
    throw error;
  } finally {
    signals.cut();
    shown.close();
    await suite.agent.cleanup?.();
    signals.close();
  }
}

/**
 * V8 lets garbage stand until it is several times what is alive: over a long run of promptfoo's evaluations that was
 * two thirds of the memory. Now it collects when half as much again has been added.
 */
function collectGarbageEarly(): void {
  setFlagsFromString("--heap-growing-percent=50");
}

function runtimeFor(
  { settings }: Suite,
  { stop, kill }: ReturnType<typeof watchSignals>,
  events: ConstructorParameters<typeof Runtime>[0]["events"],
): Runtime {
  const { concurrency, maxCostUsd, maxCalls, maxTokens, prices, callTimeoutMs, hedge, seed } = settings;
  return new Runtime({
    concurrency,
    maxCostUsd,
    maxCalls,
    maxTokens,
    prices,
    callTimeoutMs,
    hedge,
    seed,
    signal: stop,
    kill,
    ...(events === undefined ? {} : { events }),
  });
}
