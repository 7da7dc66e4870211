import { createInterface, emitKeypressEvents, type Key } from "node:readline";
import type { Readable } from "node:stream";
import type { Item } from "../datasets/conversation.ts";
import { speakerName } from "../datasets/conversation-markdown.ts";
import type { LabelSession, LabelTask } from "../datasets/label-session.ts";
import type { Answer } from "../datasets/labels.ts";
import { safeLine, safeText } from "../library/index.ts";

/** A terminal that keys come from, one by one. */
export interface KeyInput extends Readable {
  setRawMode(on: boolean): unknown;
}

export interface LabelTerminal {
  input: KeyInput;
  /** Takes text of anybody; what a terminal would obey is made visible by it. */
  write: (text: string) => void;
}

const ANSWER_KEYS: Readonly<Record<string, Answer>> = {
  g: "good",
  b: "bad",
  u: "not-sure",
  n: "does-not-apply",
  "1": "good",
  "2": "bad",
  "3": "not-sure",
  "4": "does-not-apply",
};

const KEYS = "g good · b bad · u not sure · n does not apply";
const SHEET = `
  g or 1   good              b or 2   bad: you are asked why
  u or 3   not sure          n or 4   does not apply
  G B U N  the same, with a reason
  z or ←   take the last answer back          s or →   leave this question for later
  x        leave this whole conversation or answer: upsetting, or not for you
  ?        these keys        q        stop; what you answered is kept
`;

/**
 * Asks one question at a time until none is left or the rater stops. Raw mode ends with it, whatever happens.
 * @returns how it ended
 */
export async function labelByKeys(
  session: LabelSession,
  terminal: LabelTerminal,
): Promise<"done" | "quit" | "interrupted"> {
  const keys = keysOf(terminal.input);
  let shown: Item | undefined;
  try {
    for (let task = session.current(); task !== undefined; task = session.current()) {
      if (shown?.id !== task.item.id) terminal.write(itemText(task.item, session));
      shown = task.item;
      terminal.write(questionText(task));
      const end = await answerTask(session, terminal, keys);
      if (end !== undefined) return end;
    }
    return "done";
  } finally {
    keys.close();
  }
}

/** Takes keys until the question is settled. */
async function answerTask(
  session: LabelSession,
  { write }: LabelTerminal,
  keys: Keys,
): Promise<"quit" | "interrupted" | undefined> {
  for (;;) {
    const { name = "", sequence = "", ctrl = false } = await keys.next();
    if (ctrl && name === "c") return "interrupted";
    if (sequence === "q" || (ctrl && name === "d") || name === "end-of-input") return "quit";
    const answer = ANSWER_KEYS[sequence.toLowerCase()];
    if (answer !== undefined && !ctrl) {
      const asks = answer === "bad" || /[A-Z]/.test(sequence);
      write(`${answer}\n`);
      const reason = asks ? await reasonFrom(keys, write) : "";
      // Escape: it was the wrong key.
      if (reason === undefined) continue;
      session.answer(answer, reason);
      return undefined;
    }
    if (sequence === "s" || name === "right") return settled(() => session.skip(), write, "for later\n");
    if (sequence === "x") return settled(() => session.skipItem(), write, "left out\n");
    if (sequence === "z" || name === "left") {
      if (!session.undo()) write("there is no answer to take back\n");
      else return settled(() => {}, write, "taken back\n");
    } else if (sequence === "?") write(SHEET);
  }
}

function settled(act: () => void, write: LabelTerminal["write"], text: string): undefined {
  act();
  write(text);
}

/** A line of text by keys; undefined when Escape leaves it. */
async function reasonFrom(keys: Keys, write: LabelTerminal["write"]): Promise<string | undefined> {
  write("  why? (Enter: no reason, Escape: another answer) ");
  let text = "";
  for (;;) {
    const { name = "", sequence = "", ctrl = false, meta = false } = await keys.next();
    if (name === "return" || name === "enter") break;
    if (name === "escape" || name === "end-of-input" || (ctrl && name === "c")) {
      write("\n");
      if (name !== "escape") keys.putBack({ name, sequence, ctrl });
      return undefined;
    }
    if (name === "backspace" && text !== "") {
      text = [...text].slice(0, -1).join("");
      write(`\n  why? ${text}`);
    } else if (!ctrl && !meta && sequence !== "" && !/\p{Cc}/u.test(sequence)) {
      text += sequence;
      write(sequence);
    }
  }
  write("\n");
  return text.trim().slice(0, 4_000);
}

interface Keys {
  next(): Promise<Partial<Key>>;
  putBack(key: Partial<Key>): void;
  close(): void;
}

/** Keys one by one, also those pressed before they are asked for. */
function keysOf(input: KeyInput): Keys {
  const waiting: Partial<Key>[] = [];
  let ask: ((key: Partial<Key>) => void) | undefined;
  const put = (key: Partial<Key>): void => {
    if (ask === undefined) waiting.push(key);
    else ask(key);
    ask = undefined;
  };
  const onKey = (text: string | undefined, key: Key): void =>
    put({ ...key, sequence: text ?? key.sequence ?? "" });
  const onEnd = (): void => put({ name: "end-of-input" });
  // Without an interface of its own a lone Escape would wait for ever for the rest of a sequence.
  const parser = createInterface({ input, escapeCodeTimeout: 100 });
  emitKeypressEvents(input, parser);
  input.setRawMode(true);
  input.on("keypress", onKey);
  input.once("end", onEnd);
  input.resume();
  return {
    next: () =>
      new Promise((resolve) => {
        const key = waiting.shift();
        if (key === undefined) ask = resolve;
        else resolve(key);
      }),
    putBack: (key) => waiting.unshift(key),
    close: () => {
      input.off("keypress", onKey);
      input.off("end", onEnd);
      parser.close();
      input.setRawMode(false);
      input.pause();
    },
  };
}

function itemText(item: Item, session: LabelSession): string {
  const { done, left, skipped, total } = session.progress();
  const { turns } = item.conversation;
  const shown = item.turn === null ? turns : turns.slice(0, item.turn + 1);
  const lines = shown.map(({ role, content }, index) => {
    const mark = index === item.turn ? "→ " : "  ";
    return `${mark}${speakerName(role)}: ${safeText(content).split("\n").join("\n    ")}`;
  });
  const counts = `${done} of ${total} answered, ${left} left${skipped === 0 ? "" : `, ${skipped} for later`}`;
  const about = item.turn === null ? "the whole conversation" : "the reply at →";
  return `\n${"─".repeat(60)}\n${safeLine(item.id)} · ${about} · ${counts}\n\n${lines.join("\n\n")}\n`;
}

const questionText = ({ question }: LabelTask): string =>
  `\n${safeLine(question.criterion)}${question.must ? " (must)" : ""}: ${safeLine(question.describe)}\n${KEYS} · ? all keys\n> `;
