import type { EventEmitter } from "node:events";
import { interruption, SIGNAL_EXIT, type StopSignal } from "../runs/interrupt.ts";

/** Calls in flight may finish within this after the first signal; then they are cut off. */
const GRACE_MS = 8000;
/** The process ends at the latest, whatever a provider does. */
const FORCE_MS = 9800;

export interface SignalWatch {
  /** Aborted by the first signal, with the error that the run ends with: no call begins. */
  readonly stop: AbortSignal;
  /** Aborted when calls in flight have had their time. */
  readonly kill: AbortSignal;
  /** Cuts off whatever is still in flight. */
  cut(): void;
  close(): void;
}

export interface SignalWatchOptions {
  /** Called at the first signal. */
  onStop: (name: StopSignal) => void;
  /** For tests; default: this process. */
  source?: Pick<EventEmitter, "on" | "removeListener">;
  exit?: (code: number) => void;
  graceMs?: number;
  forceMs?: number;
}

/**
 * Ctrl-C and SIGTERM: the first lets calls in flight finish, so that what was paid for is kept; the second ends
 * the process at once.
 */
export function watchSignals(options: SignalWatchOptions): SignalWatch {
  const { onStop, source = process, exit = (code: number) => process.exit(code) } = options;
  const { graceMs = GRACE_MS, forceMs = FORCE_MS } = options;
  const stop = new AbortController();
  const kill = new AbortController();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const on = (name: StopSignal) => (): void => {
    if (stop.signal.aborted) {
      exit(SIGNAL_EXIT[name]);
      return;
    }
    onStop(name);
    timers.push(
      setTimeout(() => kill.abort(stop.signal.reason), graceMs),
      setTimeout(() => exit(SIGNAL_EXIT[name]), forceMs),
    );
    stop.abort(interruption(name));
  };
  const handlers = (Object.keys(SIGNAL_EXIT) as StopSignal[]).map((name) => [name, on(name)] as const);
  for (const [name, handler] of handlers) source.on(name, handler);
  return {
    stop: stop.signal,
    kill: kill.signal,
    cut: () => kill.abort(stop.signal.reason),
    close: () => {
      for (const timer of timers) clearTimeout(timer);
      for (const [name, handler] of handlers) source.removeListener(name, handler);
    },
  };
}
