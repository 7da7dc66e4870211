import { z } from "zod";
import { conversationSchema, type LoggedTurn } from "../conversation.ts";
import { describeIssues } from "../json-items.ts";
import { type Draft, moment, Unreadable } from "./draft.ts";
import type { Speakers } from "./speakers.ts";
import { readTranscript } from "./transcript.ts";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const QUERY = ["query", "prompt", "question", "input", "instruction"];
const RESPONSE = ["response", "completion", "answer", "output", "reply", "bad_response"];
const ID = ["id", "conversation_id", "conversationId", "session_id", "thread_id", "chat_id", "uuid"];
const LISTS = ["messages", "conversations", "conversation", "chat", "dialogue", "dialog", "transcript"];

/**
 * One conversation out of a value of JSON: our own format, OpenAI's chat format (`messages`), ShareGPT
 * (`conversations` of `from` and `value`), a bare list of messages, a transcript as text, a question and its answer.
 * @throws Unreadable saying what is wrong with it
 */
export function readRecord(value: unknown, line: number, speakers: Speakers): Draft {
  if (Array.isArray(value)) return { line, turns: messages(value, speakers) };
  if (!isFields(value)) throw new Unreadable("It is neither an object nor a list of messages.");
  if (Array.isArray(value["turns"]) && "source" in value) return own(value, line);
  const key = [...LISTS, "turns"].find((one) => value[one] !== undefined && value[one] !== null);
  const rest = { line, id: idOf(value), ...about(value) };
  const content = key === undefined ? undefined : value[key];
  if (Array.isArray(content)) return { ...rest, turns: messages(content, speakers) };
  if (typeof content === "string") return { ...rest, turns: readTranscript(content, speakers).turns };
  const query = QUERY.map((one) => value[one]).find((one) => typeof one === "string");
  const response = RESPONSE.map((one) => value[one]).find((one) => typeof one === "string");
  if (typeof query === "string") return { ...rest, turns: exchange(query, response) };
  if (isFields(value["mapping"]))
    throw new Unreadable("It is a tree of messages (`mapping`); export its branches as lists of messages.");
  throw new Unreadable(
    `It has none of messages, conversations, turns, transcript, or query and response; its keys are ${Object.keys(value).slice(0, 12).join(", ") || "none"}.`,
  );
}

function own(value: Fields, line: number): Draft {
  const parsed = conversationSchema.safeParse(value);
  if (!parsed.success) throw new Unreadable(describeIssues(parsed.error.issues));
  return { ...parsed.data, line };
}

export function exchange(query: string, response: unknown): LoggedTurn[] {
  const asked: LoggedTurn = { role: "user", content: query };
  return typeof response === "string" && response.trim() !== ""
    ? [asked, { role: "assistant", content: response }]
    : [asked];
}

function idOf(value: Fields): string | undefined {
  const id = ID.map((key) => value[key]).find((one) => typeof one === "string" || typeof one === "number");
  return id === undefined ? undefined : String(id);
}

/** What else a record says of its conversation: known keys by name, other texts and numbers as metadata. */
function about(value: Fields): Partial<Draft> {
  const taken = new Set([
    ...ID,
    ...LISTS,
    "turns",
    ...QUERY,
    ...RESPONSE,
    "persona",
    "userTypes",
    "agent",
    "system",
  ]);
  const metadata = Object.entries(value).flatMap(([key, one]): [string, string][] =>
    taken.has(key) || one === null ? [] : [[key, typeof one === "string" ? one : JSON.stringify(one)]],
  );
  const types = z.array(z.string().regex(/\S/).max(80)).max(20).safeParse(value["userTypes"]);
  const text = (key: string): string | undefined => {
    const one = value[key];
    return typeof one === "string" && one.trim() !== "" ? one : undefined;
  };
  const [persona, agent] = [text("persona"), text("agent")];
  return {
    ...(persona === undefined ? {} : { persona }),
    ...(agent === undefined ? {} : { agent }),
    ...(types.success ? { userTypes: types.data } : {}),
    ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) }),
  };
}

function messages(list: readonly unknown[], speakers: Speakers): LoggedTurn[] {
  if (list.length === 0) throw new Unreadable("It has no messages.");
  return list.map((one, index) => {
    if (!isFields(one)) throw new Unreadable(`Message ${index + 1} is not an object.`);
    try {
      return message(one, speakers);
    } catch (error) {
      if (error instanceof Unreadable) throw new Unreadable(`Message ${index + 1}: ${error.message}`);
      throw error;
    }
  });
}

/** One message with role and content, under whatever names. @throws Unreadable */
export function message(value: Fields, speakers: Speakers): LoggedTurn {
  const author = value["role"] ?? value["from"] ?? value["speaker"] ?? value["author"];
  const role = isFields(author) ? author["role"] : author;
  if (typeof role !== "string" || role.trim() === "") throw new Unreadable("It has no role.");
  if (/^(?:tool|function)$/i.test(role))
    throw new Unreadable(`Messages of a ${role.toLowerCase()} are not read; leave them out of the log.`);
  const at = moment(value["at"] ?? value["timestamp"] ?? value["created_at"] ?? value["create_time"]);
  const content = textOf(value["content"] ?? value["value"] ?? value["text"] ?? value["message"]);
  return { role: speakers.requireRole(role), content, ...(at === undefined ? {} : { at }) };
}

/** Text, or parts of text as chat APIs have them. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new Unreadable("Its content is not text.");
  return content
    .map((part: unknown) => {
      if (typeof part === "string") return part;
      if (isFields(part) && typeof part["text"] === "string") return part["text"];
      throw new Unreadable("A part of its content is not text.");
    })
    .join("\n");
}
