import { existsSync, mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { GrpoError } from "../library/error.ts";
import { errorCode, replaceDurably } from "../library/files.ts";
import { safeJson } from "../library/text.ts";
import { type Conversation, conversationSchema } from "./conversation.ts";
import { describeIssues, readJsonLines, strangeness } from "./json-items.ts";
import { problemsError } from "./problems.ts";
import type { Problem } from "./yaml-source.ts";

const REMEDY =
  "Correct the line; docs/conversations.md describes the format. `dataset import` reads other logs.";

/**
 * Reads a conversation log. All of it is right or none of it is used.
 * @throws GrpoError CONVERSATIONS_UNREADABLE, CONVERSATIONS_INVALID naming every bad line
 */
export async function readConversations(path: string): Promise<Conversation[]> {
  const { items, problems } = readJsonLines(path, await readLog(path));
  const conversations: Conversation[] = [];
  const lines = new Map<string, number>();
  const wrong = (line: number, message: string): number => problems.push({ file: path, line, message });
  for (const { line, value } of items) {
    const odd = strangeness(value);
    const parsed = conversationSchema.safeParse(value);
    if (odd !== undefined || !parsed.success) {
      wrong(line, `Not a conversation: ${odd ?? describeIssues(parsed.error?.issues ?? [])}`);
      continue;
    }
    const earlier = lines.get(parsed.data.id);
    if (earlier !== undefined) wrong(line, `The id "${parsed.data.id}" is already used on line ${earlier}.`);
    lines.set(parsed.data.id, line);
    conversations.push(parsed.data);
  }
  if (items.length === 0 && problems.length === 0) wrong(1, "There is no conversation in it.");
  if (problems.length > 0) throw problemsError("CONVERSATIONS_INVALID", byLine(problems), REMEDY);
  return conversations;
}

const byLine = (problems: readonly Problem[]): Problem[] => problems.toSorted((a, b) => a.line - b.line);

/** The text of a log of any format. @throws GrpoError CONVERSATIONS_UNREADABLE */
export async function readLog(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    const reason = errorCode(cause) ?? "unknown error";
    throw new GrpoError({
      code: "CONVERSATIONS_UNREADABLE",
      message: reason.startsWith("ERR_ENCODING")
        ? "The file is not UTF-8."
        : `The file cannot be read (${reason}).`,
      place: path,
      remedy: "Check that it exists, that you may read it, and that it is UTF-8.",
      cause,
    });
  }
}

/** One conversation a line. */
export const conversationLines = (conversations: readonly Conversation[]): string =>
  conversations.map((one) => `${safeJson(one)}\n`).join("");

/**
 * Writes a file in one step.
 * @throws GrpoError OUTPUT_EXISTS unless it may be replaced, OUTPUT_NOT_WRITABLE
 */
export function writeOutput(path: string, text: string, replace: boolean): void {
  if (!replace && existsSync(path)) throw outputExists(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    replaceDurably(path, text);
  } catch (cause) {
    throw notWritable(path, cause);
  }
}

export const outputExists = (path: string): GrpoError =>
  new GrpoError({
    code: "OUTPUT_EXISTS",
    message: "The file to write is already there.",
    place: path,
    remedy: "Name another file, or add --force to replace it.",
  });

export function notWritable(path: string, cause: unknown): GrpoError {
  return new GrpoError({
    code: "OUTPUT_NOT_WRITABLE",
    message: `The file cannot be written (${errorCode(cause) ?? "unknown error"}).`,
    place: path,
    remedy: "Make its folder writable and the disk free, or name another file.",
    cause,
  });
}
