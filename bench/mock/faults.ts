import type { Draw } from "./random.ts";

/** Rates in 0..1, in this order; at most one fault a call. */
export const FAULTS = ["f429", "f429ra", "f500", "hang", "trunc", "badjson", "prose"] as const;
export type Fault = (typeof FAULTS)[number];
export type FaultRates = Record<Fault, number>;

export const NO_FAULTS: FaultRates = { f429: 0, f429ra: 0, f500: 0, hang: 0, trunc: 0, badjson: 0, prose: 0 };

/** 10 % of calls: what providers do in the field. */
export const TEN_PERCENT: FaultRates = {
  ...NO_FAULTS,
  f429: 0.02,
  f429ra: 0.01,
  f500: 0.02,
  trunc: 0.02,
  badjson: 0.02,
  prose: 0.01,
};

export function faultOf(rates: FaultRates, draw: Draw): Fault | null {
  let left = draw();
  for (const fault of FAULTS) {
    if (left < rates[fault]) return fault;
    left -= rates[fault];
  }
  return null;
}

/** What a fault in the reply's text makes of it; the others leave it as it is. */
export function spoiled(reply: string, fault: Fault | null): { text: string; finish: "stop" | "length" } {
  if (fault === "trunc") return { text: reply.slice(0, Math.floor(reply.length / 2)), finish: "length" };
  // The invalid escape that LaTeX's "\(" makes.
  if (fault === "badjson") return { text: reply.replace(/":\s*"/, '": "\\(x\\) '), finish: "stop" };
  if (fault !== "prose") return { text: reply, finish: "stop" };
  const bare = reply.replace(/```(json)?\n?/g, "");
  return {
    text: `Sure, here is what you asked for.\n${bare}\nTell me if you want changes, e.g. {"more": true}.`,
    finish: "stop",
  };
}
