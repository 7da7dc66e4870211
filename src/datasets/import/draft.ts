import type { Conversation, LoggedTurn } from "../conversation.ts";
import type { Problem } from "../yaml-source.ts";

/** A conversation as a file has it, before it gets an id and is redacted. */
export type Draft = Omit<Conversation, "id" | "source" | "userTypes" | "provenance"> & {
  line: number;
  /** Its id in the file. */
  id?: string | undefined;
  source?: Conversation["source"];
  userTypes?: string[];
  provenance?: Conversation["provenance"];
  /** Names of people that the file itself gives, such as speakers. */
  names?: string[];
};

/** What a reader makes of a file. */
export interface Drafts {
  drafts: Draft[];
  problems: Problem[];
  /** What was read in a way that a person should know of. */
  notes: string[];
}

/** How to read what a file does not say by itself. */
export interface ReadOptions {
  /** Speakers who are the person, beside the known ones. */
  users?: readonly string[];
  /** Speakers who are the agent. */
  assistants?: readonly string[];
  /** What a column is: `{ query: "Sample Prompts" }`. */
  columns?: Readonly<Partial<Record<ColumnUse, string>>>;
  /** What separates several questions within one cell. */
  splitAt?: string;
}

export const COLUMN_USES = [
  "id",
  "persona",
  "role",
  "content",
  "at",
  "transcript",
  "query",
  "response",
] as const;
export type ColumnUse = (typeof COLUMN_USES)[number];

/** What is wrong with one conversation; its place is known to whoever reads the file. */
export class Unreadable extends Error {}

/** A moment as logs write it: ISO, or seconds or milliseconds since 1970. */
export function moment(value: unknown): LoggedTurn["at"] {
  if (value === undefined || value === null || value === "") return undefined;
  const number =
    typeof value === "number" ? value : /^\d{9,13}(\.\d+)?$/.test(String(value)) ? Number(value) : null;
  const date = new Date(number === null ? String(value) : number < 1e11 ? number * 1000 : number);
  if (Number.isNaN(date.getTime())) throw new Unreadable(`"${String(value).slice(0, 40)}" is not a time.`);
  return date.toISOString();
}
