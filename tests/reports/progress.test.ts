import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chooseDisplay, type Display, progressDisplay } from "../../src/reports/progress.ts";

const usage = {
  calls: 12,
  promptTokens: 30_000,
  completionTokens: 4_000,
  cachedTokens: 0,
  costUsd: 0.25,
  unpriced: 0,
};

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

function show(display: Display, columns = 100) {
  const written: string[] = [];
  const board = progressDisplay(display, {
    write: (text) => written.push(text),
    columns,
    now: () => Date.now(),
  });
  return { ...board, written, text: () => written.join("") };
}

it.each([
  [undefined, true, {}, "tty"],
  [undefined, true, { CI: "1" }, "plain"],
  [undefined, true, { TERM: "dumb" }, "plain"],
  [undefined, false, {}, "plain"],
  ["tty", false, { CI: "1" }, "tty"],
  ["plain", true, {}, "plain"],
  ["none", true, {}, "none"],
  ["auto", true, {}, "tty"],
] as const)("display %s on a terminal %s with %j is %s", (wanted, isTty, env, expected) => {
  expect(chooseDisplay(wanted, isTty, env)).toBe(expected);
});

describe("plain", () => {
  it("writes a line when a stage ends, with its counts, and no escape byte or carriage return", () => {
    const { sink, close, text } = show("plain");
    sink({ type: "step", epoch: 1, epochs: 2, step: 1, steps: 3 });
    sink({ type: "phase-planned", phase: "rollouts", total: 10 });
    sink({ type: "call", stage: "rollout", usage });
    vi.advanceTimersByTime(5_000);
    sink({ type: "phase-progress", phase: "rollouts", done: 5, ungraded: 0 });
    vi.advanceTimersByTime(5_000);
    sink({ type: "phase-progress", phase: "rollouts", done: 5, ungraded: 1 });
    sink({ type: "phase-done", phase: "rollouts", note: "1 informative" });
    sink({ type: "note", text: "a note" });
    close();
    expect(text().split("\n")).toEqual([
      "    0s  epoch 1/2, step 1/3",
      "   10s  rollouts    10/10, 1 ungraded   1 informative",
      "   10s  a note",
      "",
    ]);
  });

  it("gives a sign of life after 30 s without a line, and every 30 s from then on", () => {
    const { sink, written, close } = show("plain");
    sink({ type: "phase-planned", phase: "rollouts", total: 320 });
    sink({ type: "phase-progress", phase: "rollouts", done: 74, ungraded: 2 });
    sink({ type: "call", stage: "rollout", usage });
    vi.advanceTimersByTime(29_000);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(written).toEqual(["   30s  rollouts    74/320, 2 ungraded   12 calls, 34k tokens, $0.2500\n"]);
    vi.advanceTimersByTime(10_000);
    sink({ type: "note", text: "between" });
    vi.advanceTimersByTime(29_000);
    expect(written).toHaveLength(2);
    vi.advanceTimersByTime(31_000);
    expect(written).toHaveLength(4);
    close();
    vi.advanceTimersByTime(120_000);
    expect(written).toHaveLength(4);
  });

  it("says that it is starting before anything happened", () => {
    const { written } = show("plain");
    vi.advanceTimersByTime(30_000);
    expect(written[0]).toMatch(/^ {3}30s {2}starting/);
  });

  it("starts a stage that comes again from nothing", () => {
    const { sink, text } = show("plain");
    for (const total of [4, 6]) {
      sink({ type: "phase-planned", phase: "validation", total });
      sink({ type: "phase-progress", phase: "validation", done: total, ungraded: 0 });
      sink({ type: "phase-done", phase: "validation", note: "" });
    }
    expect(text()).toMatch(/4\/4[\s\S]*6\/6/);
  });

  it("shows escapes in names and replies instead of obeying them", () => {
    const { sink, text } = show("plain");
    sink({ type: "phase-done", phase: "validation", note: "must-pass \u001b[2Jx\r got worse" });
    sink({ type: "note", text: "agent \u001b]0;owned\u0007" });
    expect(text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text()).toContain("\\x1b[2Jx got worse");
  });
});

describe("tty", () => {
  it("redraws one line within the width, and leaves nothing behind", () => {
    const { sink, written, close } = show("tty", 24);
    sink({ type: "phase-planned", phase: "rollouts", total: 320 });
    sink({ type: "phase-progress", phase: "rollouts", done: 74, ungraded: 0 });
    sink({ type: "call", stage: "rollout", usage });
    vi.advanceTimersByTime(500);
    expect(written).toHaveLength(4);
    for (const one of written) {
      expect(one.startsWith("\r\x1b[2K")).toBe(true);
      expect(one).not.toContain("\n");
      expect(one.slice(5)).toHaveLength(23);
    }
    close();
    expect(written.at(-1)).toBe("\r\x1b[2K");
    close();
    expect(written).toHaveLength(5);
  });

  it("clears the line under way before it writes one that stays", () => {
    const { sink, text, written, close } = show("tty");
    vi.advanceTimersByTime(125);
    sink({ type: "note", text: "kept" });
    expect(written.slice(-2)).toEqual(["\r\x1b[2K", "    0s  kept\n"]);
    close();
    expect(text().endsWith("kept\n")).toBe(true);
  });
});

it("none writes nothing", () => {
  const { sink, written, close } = show("none");
  sink({ type: "note", text: "x" });
  vi.advanceTimersByTime(60_000);
  close();
  expect(written).toEqual([]);
});
