import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchSignals } from "../../src/cli/signals.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watched() {
  const source = new EventEmitter();
  const exits: number[] = [];
  const stops: string[] = [];
  const watch = watchSignals({
    source,
    exit: (code) => void exits.push(code),
    onStop: (name) => stops.push(name),
  });
  return { source, exits, stops, watch };
}

describe.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s", (name, code) => {
  it("once: no call begins, calls in flight have 8 s, the process 10", async () => {
    const { source, exits, stops, watch } = watched();
    source.emit(name);
    expect(watch.stop.aborted).toBe(true);
    expect(watch.stop.reason).toMatchObject({ code: "INTERRUPTED", exitCode: code });
    expect(stops).toEqual([name]);
    await vi.advanceTimersByTimeAsync(7900);
    expect(watch.kill.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(watch.kill.reason).toMatchObject({ exitCode: code });
    expect(exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(1900);
    expect(exits).toEqual([code]);
  });

  it("twice: the process ends at once", () => {
    const { source, exits, stops } = watched();
    source.emit("SIGINT");
    source.emit(name);
    expect(exits).toEqual([code]);
    expect(stops).toHaveLength(1);
  });

  it("is left alone once the watch is closed", async () => {
    const { source, exits, watch } = watched();
    source.emit(name);
    watch.close();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(exits).toEqual([]);
    expect(watch.kill.aborted).toBe(false);
    expect(source.listenerCount(name)).toBe(0);
  });
});
