import type { Call } from "./mock/call-log.ts";

/** Time in which places were free, by what was in flight meanwhile. */
export interface Idle {
  /** Kinds of calls in flight, joined by " + "; "nothing" between two stages. */
  during: string;
  /** Of all places over the whole window, 0..1. */
  share: number;
}

/** Where the places that stay free are lost: the largest share first. All shares and the utilisation make 1. */
export function idleShares(
  calls: readonly Call[],
  kindOf: (call: Call) => string,
  concurrency: number,
): Idle[] {
  const events = calls
    .flatMap((call) => [
      { at: call.t0, kind: kindOf(call), change: 1 },
      { at: call.t1, kind: kindOf(call), change: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.change - b.change);
  const inFlight = new Map<string, number>();
  const lost = new Map<string, number>();
  const [start, end] = [events[0]?.at ?? 0, events.at(-1)?.at ?? 0];
  let [busy, since] = [0, start];
  for (const { at, kind, change } of events) {
    const kinds = [...inFlight.keys()].sort().join(" + ") || "nothing";
    lost.set(kinds, (lost.get(kinds) ?? 0) + (concurrency - busy) * (at - since));
    since = at;
    busy += change;
    const count = (inFlight.get(kind) ?? 0) + change;
    if (count === 0) inFlight.delete(kind);
    else inFlight.set(kind, count);
  }
  const all = concurrency * Math.max(end - start, Number.MIN_VALUE);
  return [...lost].map(([during, time]) => ({ during, share: time / all })).sort((a, b) => b.share - a.share);
}
