import { mkdirSync, readdirSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { appendDurably, errorCode, readLines, truncateDurably } from "../library/files.ts";
import { safeJson } from "../library/text.ts";
import { canonicalJson, sha256 } from "../runs/canonical.ts";
import type { Item } from "./conversation.ts";
import { notWritable } from "./conversation-file.ts";
import { describeIssues, readJsonLines } from "./json-items.ts";
import { problemsError } from "./problems.ts";
import type { Problem } from "./yaml-source.ts";

export const ANSWERS = ["good", "bad", "not-sure", "does-not-apply"] as const;
export const answerSchema = z.enum(ANSWERS);
export type Answer = z.infer<typeof answerSchema>;

const labelSchema = z.strictObject({
  item: z.string().min(1).max(220).describe("A conversation, or `<conversation>#<turn>` for one reply."),
  criterion: z.string().min(1).max(80),
  rubric: z.string().max(64).describe("Hash of the wording that the rater saw."),
  text: z.string().max(64).describe("Hash of the turns that the rater saw."),
  answer: answerSchema.nullable().describe("null: taken back."),
  reason: z.string().max(4_000),
  seconds: z.number().min(0).describe("From when it was shown to when it was answered."),
  at: z.iso.datetime(),
});
/** A line of a rater's file. The last line about the same item and criterion wins. */
export type Label = z.infer<typeof labelSchema>;

/** A question of the rubric, as raters see it. */
export interface Question {
  criterion: string;
  describe: string;
  must: boolean;
  /** Hash of the wording: answers to another wording are answers to another question. */
  rubric: string;
}

export function questionOf(criterion: {
  name: string;
  describe: string;
  must: boolean;
  rubric?: unknown;
}): Question {
  const { name, describe, must, rubric } = criterion;
  const hash = sha256(canonicalJson({ name, describe, rubric })).slice(0, 12);
  return { criterion: name, describe, must, rubric: hash };
}

/** Hash of what a rater reads of an item: the conversation up to the turn, or all of it. */
export function textHash({ conversation, turn }: Item): string {
  const read = turn === null ? conversation.turns : conversation.turns.slice(0, turn + 1);
  return sha256(canonicalJson(read.map(({ role, content }) => [role, content]))).slice(0, 12);
}

const RATER = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,59}$/u;

/** The file of a rater. @throws GrpoError RATER_NAME_INVALID for a name that could not be a file's */
export function raterFile(folder: string, rater: string): string {
  if (RATER.test(rater) && !/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(rater))
    return join(folder, `${rater}.jsonl`);
  throw new GrpoError({
    code: "RATER_NAME_INVALID",
    message: `"${rater.slice(0, 80)}" cannot be a rater's name: it names a file.`,
    remedy: "Use letters, digits, `.`, `_`, `-`, at most 60 of them.",
  });
}

/**
 * Every line of one rater's file, oldest first; none when there is no file. A last line that a kill cut short is
 * left out: what it would have said was never confirmed to the rater.
 * @throws GrpoError LABELS_INVALID
 */
export function readLabels(path: string): Label[] {
  const { whole, rest } = readLines(path);
  const { items, problems } = readJsonLines(path, whole);
  const labels: Label[] = [];
  for (const { line, value } of [...items, ...lastLine(whole, rest)]) {
    const parsed = labelSchema.safeParse(value);
    if (parsed.success) labels.push(parsed.data);
    else problems.push({ file: path, line, message: `Not a label: ${describeIssues(parsed.error.issues)}` });
  }
  if (problems.length > 0) throw labelsInvalid(problems);
  return labels;
}

/** A complete line that only lacks its line end counts. */
function lastLine(whole: string, rest: Buffer): { line: number; value: unknown }[] {
  try {
    return rest.length === 0 ? [] : [{ line: whole.split("\n").length, value: JSON.parse(rest.toString()) }];
  } catch {
    return [];
  }
}

const labelsInvalid = (problems: readonly Problem[]): GrpoError =>
  problemsError(
    "LABELS_INVALID",
    problems,
    "Correct or remove the line; docs/labels.md describes the format.",
  );

/** Every rater of a folder with what they said, by name. @throws GrpoError LABELS_INVALID, LABELS_UNREADABLE */
export function readAllLabels(folder: string): Map<string, Label[]> {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
    return new Map(names.sort().map((name) => [parse(name).name, readLabels(join(folder, name))]));
  } catch (cause) {
    if (cause instanceof GrpoError) throw cause;
    throw new GrpoError({
      code: "LABELS_UNREADABLE",
      message: `The folder of labels cannot be read (${errorCode(cause) ?? "unknown error"}).`,
      place: folder,
      remedy: "Name the folder with --labels, or label something first.",
      cause,
    });
  }
}

/** What holds of a rater's lines: the last one of each item and criterion, those taken back left out. */
export function standing(labels: readonly Label[]): Label[] {
  const last = new Map<string, Label>();
  for (const label of labels) last.set(answerKey(label), label);
  return [...last.values()].filter(({ answer }) => answer !== null);
}

export const answerKey = ({
  item,
  criterion,
  rubric,
  text,
}: Pick<Label, "item" | "criterion" | "rubric" | "text">): string =>
  JSON.stringify([item, criterion, rubric, text]);

/** Appends to a rater's file, on the disk before it returns. @throws GrpoError OUTPUT_NOT_WRITABLE */
export function appendLabel(path: string, label: Label): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const { whole, rest } = readLines(path);
    // Half a line would make every line after it unreadable.
    if (lastLine(whole, rest).length === 0 && rest.length > 0)
      truncateDurably(path, Buffer.byteLength(whole));
    appendDurably(path, safeJson(label));
  } catch (cause) {
    throw cause instanceof GrpoError ? cause : notWritable(path, cause);
  }
}
