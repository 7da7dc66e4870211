import type { LoggedTurn } from "../conversation.ts";
import { type Draft, type Drafts, type ReadOptions, Unreadable } from "./draft.ts";
import { type Speakers, speakersOf } from "./speakers.ts";

/** `Name: text`, `**Name:** text`, `**Name** · 3`, `### Name`, `[10:31] Name: text`. */
const INLINE =
  /^(?:[>*-] )?(?:\[[\d/.,:\-T Zapm+]{4,32}\] ?)?(?:\*\*|__)?([\p{L}][\p{L}\p{N} ._'’()-]{0,39}?)(?:\*\*|__)?\s?:(?:\*\*|__)?(?:\s+(.*))?$/u;
const HEADING =
  /^(?:#{1,6} +(?:\*\*)?([\p{L}][\p{L}\p{N} ._'’()-]{0,39}?)(?:\*\*)?:?|(?:\*\*|__)([\p{L}][\p{L}\p{N} ._'’()-]{0,39}?):?(?:\*\*|__)(?: ·.*)?)\s*$/u;
const TITLE = /^# +(.+)$/;
const RULE = /^(?:-{3,}|\*{3,}|_{3,})\s*$/;

interface Line {
  text: string;
  /** From 1. */
  line: number;
}

/** Turns of `speaker: text`, each going on until the next speaker. `strays` are lines that belong to nobody. */
export interface Transcript {
  turns: LoggedTurn[];
  strays: Line[];
  /** Line beginnings that look like speakers and are read as text, such as `Note:`. */
  doubts: string[];
}

/** @throws Unreadable when nobody known speaks in it */
export function readTranscript(text: string, speakers: Speakers, markdown = false): Transcript {
  return readTurns(linesOf(text), speakers, markdown);
}

function readTurns(lines: readonly Line[], speakers: Speakers, markdown: boolean): Transcript {
  const turns: LoggedTurn[] = [];
  const strays: Line[] = [];
  const doubts: string[] = [];
  let open: { role: LoggedTurn["role"]; lines: string[]; quoted: boolean | undefined } | undefined;
  const close = (): void => {
    if (open !== undefined) turns.push({ role: open.role, content: contentOf(open, markdown) });
    open = undefined;
  };
  let first: string | undefined;
  for (const { text, line } of lines) {
    const isQuote = markdown && text.startsWith(">");
    // Below a speaker's name a quote is what was said, also when it looks like a speaker.
    const said = isQuote && open !== undefined && open.quoted !== false ? undefined : spokenBy(text);
    first ??= said?.speaker;
    const role = said === undefined ? undefined : speakers.roleOf(said.speaker);
    if (said !== undefined && role === undefined) doubts.push(said.speaker);
    if (said !== undefined && role !== undefined) {
      close();
      open = {
        role,
        lines: said.text === "" ? [] : [said.text],
        quoted: said.text === "" ? undefined : false,
      };
      continue;
    }
    if (open !== undefined && open.quoted === undefined && text.trim() !== "") open.quoted = isQuote;
    // A turn that is a quote ends with it: what follows is nobody's.
    const belongs = open !== undefined && !(open.quoted === true && text.trim() !== "" && !isQuote);
    if (belongs) open?.lines.push(text);
    else if (text.trim() !== "") strays.push({ text, line });
    if (!belongs) close();
  }
  close();
  if (turns.length === 0) {
    if (first !== undefined) speakers.requireRole(first);
    throw new Unreadable("No line begins with a speaker and a colon, such as `User: hello`.");
  }
  return { turns, strays, doubts };
}

function spokenBy(line: string): { speaker: string; text: string } | undefined {
  const heading = HEADING.exec(line);
  if (heading !== null) return { speaker: heading[1] ?? heading[2] ?? "", text: "" };
  const inline = INLINE.exec(line);
  return inline === null ? undefined : { speaker: inline[1] ?? "", text: inline[2] ?? "" };
}

function contentOf(
  { lines, quoted }: { lines: string[]; quoted: boolean | undefined },
  markdown: boolean,
): string {
  const bare = quoted === true ? lines.map((line) => line.replace(/^> ?/, "")) : lines;
  const text = bare
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();
  // In Markdown a backslash before punctuation is none of the text.
  return markdown ? text.replace(/\\([!-/:-@[-`{-~])/g, "$1") : text;
}

const linesOf = (text: string): Line[] =>
  text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .map((line, index) => ({ text: line, line: index + 1 }));

/** A text file of one conversation, or of several, each under a title of its own (`# id`) or after a rule (`---`). */
export function readTranscripts(file: string, text: string, options: ReadOptions, markdown: boolean): Drafts {
  const speakers = speakersOf(options);
  const drafts: Draft[] = [];
  const found: Drafts = { drafts, problems: [], notes: [] };
  for (const { title, lines } of parts(linesOf(text), speakers, markdown)) {
    const line = lines.find((one) => one.text.trim() !== "")?.line ?? 1;
    try {
      const { turns, strays, doubts } = readTurns(lines, speakers, markdown);
      drafts.push({ line, id: title, turns, names: speakers.names });
      found.notes.push(...notesOf(`${file}:${line}`, strays, doubts));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      found.problems.push({ file, line, message: error.message });
    }
  }
  return found;
}

/** What of a transcript a person should know of. */
export function notesOf(place: string, strays: readonly Line[], doubts: readonly string[]): string[] {
  const names = [...new Set(doubts)].slice(0, 5).map((one) => `"${one}:"`);
  const [stray] = strays;
  return [
    ...(names.length === 0
      ? []
      : [`${place}: lines that begin with ${names.join(", ")} are read as text, not as speakers`]),
    ...(stray === undefined
      ? []
      : [
          `${place}: ${strays.length} lines outside of any turn are left out, the first on line ${stray.line}`,
        ]),
  ];
}

function parts(
  lines: readonly Line[],
  speakers: Speakers,
  markdown: boolean,
): { title?: string | undefined; lines: Line[] }[] {
  const all: { title?: string | undefined; lines: Line[] }[] = [{ lines: [] }];
  for (const line of lines) {
    const title = markdown ? TITLE.exec(line.text)?.[1] : undefined;
    const isSpeaker = title !== undefined && speakers.roleOf(title.replace(/:$/, "")) !== undefined;
    if (title !== undefined && !isSpeaker)
      all.push({ title: contentOf({ lines: [title], quoted: false }, true), lines: [] });
    else if (RULE.test(line.text)) all.push({ lines: [] });
    else all.at(-1)?.lines.push(line);
  }
  const filled = all.filter((part) => part.lines.some(({ text }) => text.trim() !== ""));
  return filled.length === 0 ? [{ lines: [...lines] }] : filled;
}
