import { chooseDisplay, progressDisplay } from "../reports/progress.ts";
import { Runtime } from "../runs/runtime.ts";
import type { Suite } from "../suite/suite.ts";

export interface Session {
  runtime: Runtime;
  /** Ends the progress display, so that a report can follow. */
  closeDisplay(): void;
  elapsedMs(): number;
}

/** Runs `work` with progress on standard error and Ctrl-C as an abort; what was opened is closed whatever happens. */
export async function inSession<T>(
  suite: Suite,
  display: string | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  const shown = progressDisplay(chooseDisplay(display, process.stderr.isTTY === true, process.env), {
    write: (text) => process.stderr.write(text),
    columns: process.stderr.columns ?? 100,
    now: () => Date.now(),
  });
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  process.once("SIGINT", interrupt);
  const { concurrency, maxCostUsd } = suite.settings;
  try {
    const runtime = new Runtime({
      concurrency,
      ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      signal: abort.signal,
      events: shown.sink,
    });
    return await work({ runtime, closeDisplay: () => shown.close(), elapsedMs: () => Date.now() - started });
  } finally {
    process.removeListener("SIGINT", interrupt);
    shown.close();
    await suite.agent.cleanup?.();
  }
}
