import { z } from "zod";
import { criterionByName, defaultCriteria } from "../assertions/criteria.ts";
import { type Conversation, type Item, replies } from "../datasets/conversation.ts";
import { readConversations } from "../datasets/conversation-file.ts";
import { describeIssues, readJsonLines } from "../datasets/json-items.ts";
import { type LabelTask, openLabelSession } from "../datasets/label-session.ts";
import {
  type Answer,
  answerSchema,
  appendLabel,
  questionOf,
  raterFile,
  readLabels,
} from "../datasets/labels.ts";
import { problemsError } from "../datasets/problems.ts";
import { GrpoError, safeJson } from "../library/index.ts";

export interface LabelOptions {
  rater: string;
  /** Folder of the raters' files. */
  labels: string;
  /** Criteria to ask about; those of the conversation's user types when absent. */
  criteria?: readonly string[];
  /** Each conversation as a whole instead of each reply. */
  whole: boolean;
  /** Only what `flag` has flagged. */
  flagged: boolean;
}

/** Everything one rater is asked of a log, and the file that their answers go to. */
export async function labelTasks(
  path: string,
  options: LabelOptions,
): Promise<{ file: string; tasks: LabelTask[] }> {
  const file = raterFile(options.labels, options.rater);
  const conversations = await readConversations(path);
  const tasks = conversations.flatMap((conversation) => {
    const criteria =
      options.criteria?.map((name) => criterionByName(name, "--criteria")) ??
      defaultCriteria(conversation.userTypes);
    const questions = criteria.map(questionOf);
    return itemsOf(conversation, options).flatMap((item) =>
      questions.map((question) => ({ item, question })),
    );
  });
  if (tasks.length > 0) return { file, tasks };
  throw new GrpoError({
    code: "NOTHING_TO_LABEL",
    message: options.flagged ? "Nothing in the log is flagged." : "No conversation has a reply of the agent.",
    place: path,
    remedy: options.flagged
      ? "Make it with `flag`, or leave --flagged out."
      : "Add --whole to label conversations.",
  });
}

function itemsOf(conversation: Conversation, { whole, flagged }: LabelOptions): Item[] {
  const items = whole ? [{ id: conversation.id, conversation, turn: null }] : replies(conversation);
  if (!flagged) return items;
  const flags = conversation.flags ?? [];
  return items.filter(({ turn }) => (whole ? flags.length > 0 : flags.some((flag) => flag.turn === turn)));
}

export function sessionOf(file: string, tasks: readonly LabelTask[]) {
  return openLabelSession({
    tasks,
    labels: readLabels(file),
    append: (label) => appendLabel(file, label),
    now: () => Date.now(),
  });
}

/** What is left for this rater, a line of JSON each: what a person who answers elsewhere needs to see. */
export function openTasks(file: string, tasks: readonly LabelTask[]): string[] {
  const session = sessionOf(file, tasks);
  const lines: string[] = [];
  for (let task = session.current(); task !== undefined; task = session.current()) {
    const { item, question } = task;
    const turns =
      item.turn === null ? item.conversation.turns : item.conversation.turns.slice(0, item.turn + 1);
    lines.push(
      safeJson({
        item: item.id,
        criterion: question.criterion,
        describe: question.describe,
        turns: turns.map(({ role, content }) => ({ role, content })),
      }),
    );
    session.skip();
  }
  return lines;
}

const givenSchema = z.strictObject({
  item: z.string(),
  criterion: z.string(),
  answer: answerSchema,
  reason: z.string().max(4_000).default(""),
});

/**
 * Answers given as JSONL instead of by keys: all of them are taken or none.
 * @returns how many
 * @throws GrpoError LABEL_ANSWER_INVALID
 */
export function takeAnswers(text: string, file: string, tasks: readonly LabelTask[]): number {
  const { items, problems } = readJsonLines("stdin", text);
  const byName = new Map(tasks.map((task) => [nameOf(task.item.id, task.question.criterion), task]));
  const answers: { task: LabelTask; answer: Answer; reason: string }[] = [];
  for (const { line, value } of items) {
    const parsed = givenSchema.safeParse(value);
    const task = parsed.success ? byName.get(nameOf(parsed.data.item, parsed.data.criterion)) : undefined;
    if (parsed.success && task !== undefined) answers.push({ task, ...parsed.data });
    else {
      const message = parsed.success
        ? `"${parsed.data.item}" is not asked about "${parsed.data.criterion}" here.`
        : describeIssues(parsed.error.issues);
      problems.push({ file: "stdin", line, message });
    }
  }
  const remedy = "Each line is {item, criterion, answer, reason}; --todo lists the items and criteria.";
  if (problems.length > 0)
    throw problemsError(
      "LABEL_ANSWER_INVALID",
      problems.toSorted((a, b) => a.line - b.line),
      remedy,
    );
  const session = sessionOf(file, tasks);
  for (const { task, answer, reason } of answers) session.answerAs(task, answer, reason);
  return answers.length;
}

const nameOf = (item: string, criterion: string): string => JSON.stringify([item, criterion]);
