import type { Item } from "./conversation.ts";
import { type Answer, answerKey, type Label, type Question, standing, textHash } from "./labels.ts";

/** One question about one item. */
export interface LabelTask {
  item: Item;
  question: Question;
}

export interface LabelSessionOptions {
  tasks: readonly LabelTask[];
  /** What this rater said before, and nobody else. */
  labels: readonly Label[];
  /** Must not return before the label is on the disk. */
  append: (label: Label) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface LabelProgress {
  total: number;
  done: number;
  skipped: number;
  left: number;
}

/** One rater's way through the questions: what is answered is on the disk before the next question is asked. */
export interface LabelSession {
  /** The question to answer now; undefined when none is left. */
  current(): LabelTask | undefined;
  answer(answer: Answer, reason: string): void;
  /** Answers that question, whether it is its turn or not. */
  answerAs(task: LabelTask, answer: Answer, reason: string): void;
  /** Takes the last answer back and asks its question again. @returns false when there is none */
  undo(): boolean;
  /** Goes on without an answer; the question comes again in the next session. */
  skip(): void;
  /** Leaves the whole item. */
  skipItem(): void;
  progress(): LabelProgress;
}

export function openLabelSession({ tasks, labels, append, now }: LabelSessionOptions): LabelSession {
  const keyed = tasks.map((task) => ({ task, key: keyOf(task) }));
  const byKey = new Map(keyed.map(({ task, key }) => [key, task]));
  // A label answered twice counts from when it was answered last.
  const given = standing(labels).filter((label) => byKey.has(answerKey(label)));
  const lastLine = new Map(labels.map((label, index) => [answerKey(label), index]));
  const order = given.map(answerKey).toSorted((a, b) => (lastLine.get(a) ?? 0) - (lastLine.get(b) ?? 0));
  const done = new Set(order);
  const skipped = new Set<string>();
  let again: string | undefined;
  let from = 0;
  let shownAt = now();
  const isOpen = (key: string): boolean => !done.has(key) && !skipped.has(key);
  const next = (): { task: LabelTask; key: string } | undefined => {
    const asked = again === undefined ? undefined : byKey.get(again);
    if (asked !== undefined && again !== undefined) return { task: asked, key: again };
    // What is behind the first open question is settled, unless an answer is taken back, which asks it by itself.
    while (from < keyed.length && !isOpen(keyed[from]?.key ?? "")) from++;
    return keyed[from];
  };
  const write = ({ item, question }: LabelTask, answer: Answer | null, reason: string): void => {
    append({
      item: item.id,
      criterion: question.criterion,
      rubric: question.rubric,
      text: textHash(item),
      answer,
      reason,
      seconds: Math.max(0, Math.round((now() - shownAt) / 100) / 10),
      at: new Date(now()).toISOString(),
    });
    shownAt = now();
  };
  const leave = (keys: readonly string[]): void => {
    for (const key of keys) skipped.add(key);
    again = undefined;
    shownAt = now();
  };
  const settle = (task: LabelTask, key: string, answer: Answer, reason: string): void => {
    write(task, answer, reason);
    if (!done.has(key)) order.push(key);
    done.add(key);
    again = undefined;
  };
  return {
    answerAs: (task, answer, reason) => settle(task, keyOf(task), answer, reason),
    current: () => next()?.task,
    answer: (answer, reason) => {
      const asked = next();
      if (asked !== undefined) settle(asked.task, asked.key, answer, reason);
    },
    undo: () => {
      const key = order.at(-1);
      const task = key === undefined ? undefined : byKey.get(key);
      if (key === undefined || task === undefined) return false;
      write(task, null, "");
      order.pop();
      done.delete(key);
      skipped.delete(key);
      again = key;
      from = 0;
      return true;
    },
    skip: () => leave([next()?.key ?? ""]),
    skipItem: () => {
      const item = next()?.task.item.id;
      leave(keyed.filter(({ task, key }) => task.item.id === item && !done.has(key)).map(({ key }) => key));
    },
    progress: () => {
      const open = keyed.filter(({ key }) => isOpen(key)).length;
      const passed = keyed.filter(({ key }) => skipped.has(key)).length;
      return { total: tasks.length, done: order.length, skipped: passed, left: open };
    },
  };
}

const keyOf = ({ item, question: { criterion, rubric } }: LabelTask): string =>
  answerKey({ item: item.id, criterion, rubric, text: textHash(item) });
