import { styleText } from "node:util";
import { safeColumns, safeLine } from "../library/index.ts";
import type { EventSink, Phase, RunEvent } from "../runs/events.ts";
import type { UsageTotals } from "../runs/usage.ts";
import { count, duration } from "./figures.ts";
import { terminalText } from "./terminal.ts";

export type Display = "tty" | "plain" | "none";

/** What a display needs of standard error. */
export interface Terminal {
  write(text: string): void;
  columns: number;
  now(): number;
}

const HEARTBEAT_MS = 30_000;
const REDRAW_MS = 125;

/** The display for this standard error: redrawn on a terminal, lines in a pipe or in CI. */
export function chooseDisplay(wanted: string | undefined, isTty: boolean, env: NodeJS.ProcessEnv): Display {
  if (wanted === "tty" || wanted === "plain" || wanted === "none") return wanted;
  return isTty && env["CI"] === undefined && env["TERM"] !== "dumb" ? "tty" : "plain";
}

/**
 * Shows a run's events as they come. `tty` redraws one line for the stage under way; `plain` prints a line
 * when a stage ends, and a heartbeat after 30 s without one, with no escape codes.
 */
export function progressDisplay(display: Display, terminal: Terminal): { sink: EventSink; close(): void } {
  if (display === "none") return { sink: () => {}, close: () => {} };
  const board = new Board(terminal, display === "tty");
  const timer = setInterval(() => board.tick(), display === "tty" ? REDRAW_MS : 1000);
  timer.unref();
  return {
    sink: (event) => board.take(event),
    close: () => {
      clearInterval(timer);
      board.clear();
    },
  };
}

class Board {
  readonly #terminal: Terminal;
  readonly #live: boolean;
  readonly #start: number;
  #phase: Phase | undefined;
  #counts = new Map<Phase, { done: number; total: number; ungraded: number }>();
  #usage: UsageTotals | undefined;
  #lastLine = 0;
  #drawn = false;

  constructor(terminal: Terminal, live: boolean) {
    this.#terminal = terminal;
    this.#live = live;
    this.#start = terminal.now();
    this.#lastLine = this.#start;
  }

  take(event: RunEvent): void {
    switch (event.type) {
      case "call":
        this.#usage = event.usage;
        break;
      case "phase-planned":
        this.#count(event.phase).total += event.total;
        break;
      case "phase-progress":
        this.#phase = event.phase;
        this.#count(event.phase).done += event.done;
        this.#count(event.phase).ungraded += event.ungraded;
        break;
      case "phase-done":
        this.#line(
          `${event.phase.padEnd(11)} ${this.#figures(event.phase)}${terminalText(safeLine(event.note))}`,
        );
        this.#counts.delete(event.phase);
        break;
      case "step":
        this.#line(
          styled(this.#live, `epoch ${event.epoch}/${event.epochs}, step ${event.step}/${event.steps}`),
        );
        break;
      case "note":
        this.#line(terminalText(safeColumns(event.text)));
        break;
    }
  }

  tick(): void {
    if (this.#live) this.#draw();
    else if (this.#terminal.now() - this.#lastLine >= HEARTBEAT_MS) this.#line(this.#status());
  }

  clear(): void {
    if (this.#drawn) this.#terminal.write("\r\x1b[2K");
    this.#drawn = false;
  }

  #count(phase: Phase): { done: number; total: number; ungraded: number } {
    const known = this.#counts.get(phase) ?? { done: 0, total: 0, ungraded: 0 };
    this.#counts.set(phase, known);
    return known;
  }

  #figures(phase: Phase): string {
    const counts = this.#counts.get(phase);
    if (counts === undefined) return "";
    const ungraded = counts.ungraded > 0 ? `, ${counts.ungraded} ungraded` : "";
    return `${counts.done}/${counts.total}${ungraded}   `;
  }

  #status(): string {
    const phase = this.#phase ?? "starting";
    const counts = this.#phase === undefined ? "" : this.#figures(this.#phase);
    const usage = this.#usage;
    const spent =
      usage === undefined
        ? ""
        : `${usage.calls} calls, ${count(usage.promptTokens + usage.completionTokens)} tokens, $${usage.costUsd.toFixed(4)}`;
    return `${phase.padEnd(11)} ${counts}${spent}`;
  }

  #line(text: string): void {
    this.clear();
    this.#lastLine = this.#terminal.now();
    this.#terminal.write(`${duration(this.#lastLine - this.#start).padStart(6)}  ${text}\n`);
  }

  #draw(): void {
    const elapsed = duration(this.#terminal.now() - this.#start).padStart(6);
    this.#terminal.write(`\r\x1b[2K${`${elapsed}  ${this.#status()}`.slice(0, this.#terminal.columns - 1)}`);
    this.#drawn = true;
  }
}

const styled = (live: boolean, text: string): string => (live ? styleText("bold", text) : text);
