import { CsvError, parse } from "csv-parse/sync";
import type { LoggedTurn } from "../conversation.ts";
import {
  COLUMN_USES,
  type ColumnUse,
  type Draft,
  type Drafts,
  moment,
  type ReadOptions,
  Unreadable,
} from "./draft.ts";
import { exchange, readRecord } from "./record.ts";
import { type Speakers, speakersOf } from "./speakers.ts";
import { notesOf, readTranscript } from "./transcript.ts";

/** What columns are called; the first that a table has is taken. */
const NAMES: Readonly<Record<ColumnUse, readonly string[]>> = {
  id: [
    "conversation_id",
    "conversationid",
    "dialogue_id",
    "session_id",
    "thread_id",
    "chat_id",
    "conv_id",
    "id",
  ],
  persona: ["persona"],
  role: ["role", "speaker", "from", "author", "sender"],
  content: ["content", "text", "message", "value", "utterance"],
  at: ["at", "timestamp", "created_at", "time", "date"],
  transcript: [
    "full_conversation",
    "conversation",
    "transcript",
    "dialogue",
    "dialog",
    "messages",
    "conversations",
    "chat",
  ],
  query: ["query", "prompt", "question", "input"],
  response: ["response", "answer", "completion", "output", "reply"],
};

interface Row {
  line: number;
  cells: ReadonlyMap<string, string>;
}

type Columns = Partial<Record<ColumnUse, string>>;

/** A table with a row a turn, a row a conversation, or a row a question (and its answer). */
export function readTable(file: string, text: string, delimiter: string, options: ReadOptions): Drafts {
  const found: Drafts = { drafts: [], problems: [], notes: [] };
  const wrong = (line: number, message: string): void => {
    found.problems.push({ file, line, message });
  };
  const { names, rows } = readRows(text, delimiter, wrong);
  if (names.length === 0) return found;
  try {
    const columns = columnsOf(names, options.columns ?? {});
    const speakers = speakersOf(options);
    const used = Object.values(columns);
    const rest = names.filter((name) => !used.includes(name));
    if (columns.role !== undefined && columns.content !== undefined) {
      if (rest.length > 0) found.notes.push(`${file}: columns not read: ${rest.join(", ")}`);
      byTurn(rows, columns, speakers, found.drafts, wrong);
    } else byRow(file, rows, { columns, rest, speakers, splitAt: options.splitAt }, found, wrong);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    wrong(1, error.message);
  }
  return found;
}

function columnsOf(names: readonly string[], given: Columns): Columns {
  const columns: Columns = {};
  for (const use of COLUMN_USES) {
    const wanted = given[use];
    const found =
      wanted === undefined
        ? NAMES[use]
            .map((one) => names.find((name) => name.toLowerCase() === one))
            .find((one) => one !== undefined)
        : names.find((name) => name === wanted);
    if (wanted !== undefined && found === undefined)
      throw new Unreadable(`There is no column "${wanted}"; there are ${names.join(", ")}.`);
    const isTaken = wanted === undefined && Object.values(given).includes(found ?? "");
    if (found !== undefined && !isTaken) columns[use] = found;
  }
  // What the user named decides what a row is.
  if (given.query !== undefined || given.transcript !== undefined) {
    delete columns.role;
    if (given.transcript === undefined) delete columns.transcript;
  }
  const isTurn = columns.role !== undefined && columns.content !== undefined;
  if (!isTurn && columns.transcript === undefined && columns.query === undefined) {
    const flags =
      "--column role=NAME --column content=NAME, --column transcript=NAME, or --column query=NAME";
    throw new Unreadable(
      `It is not clear what a row is: the columns are ${names.join(", ")}. Say it with ${flags}.`,
    );
  }
  return columns;
}

/** Rows of one conversation stand together or apart; their order is the file's. */
function byTurn(
  rows: readonly Row[],
  columns: Columns,
  speakers: Speakers,
  drafts: Draft[],
  wrong: (line: number, message: string) => void,
): void {
  const open = new Map<string, Draft | null>();
  for (const row of rows) {
    const cell = (use: ColumnUse): string => row.cells.get(columns[use] ?? "") ?? "";
    const id = cell("id");
    try {
      if (columns.id !== undefined && id.trim() === "")
        throw new Unreadable(`The column "${columns.id}" is empty.`);
      const at = moment(cell("at"));
      const turn: LoggedTurn = {
        role: speakers.requireRole(cell("role")),
        content: cell("content"),
        ...(at && { at }),
      };
      const known = open.get(id);
      // What is wrong with its conversation has been said.
      if (known === null) continue;
      if (known !== undefined) known.turns.push(turn);
      else {
        const persona = cell("persona");
        const draft: Draft = { line: row.line, id: id || undefined, turns: [turn], names: speakers.names };
        if (persona.trim() !== "") draft.persona = persona;
        open.set(id, draft);
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      // A conversation that lacks a turn is not the conversation that was had.
      open.set(id, null);
      wrong(row.line, `${error.message} The conversation${id === "" ? "" : ` "${id}"`} is left out.`);
    }
  }
  for (const draft of open.values()) if (draft !== null) drafts.push(draft);
}

interface RowReading {
  columns: Columns;
  /** Columns that become metadata. */
  rest: readonly string[];
  speakers: Speakers;
  splitAt: string | undefined;
}

function byRow(
  file: string,
  rows: readonly Row[],
  { columns, rest, speakers, splitAt }: RowReading,
  found: Drafts,
  wrong: (line: number, message: string) => void,
): void {
  for (const { line, cells } of rows) {
    const cell = (use: ColumnUse): string => cells.get(columns[use] ?? "") ?? "";
    const metadata = rest.flatMap((name): [string, string][] => {
      const value = cells.get(name) ?? "";
      return value.trim() === "" || name === "" ? [] : [[name, value]];
    });
    const about: Omit<Draft, "turns"> = {
      line,
      id: cell("id") || undefined,
      names: speakers.names,
      ...(cell("persona").trim() === "" ? {} : { persona: cell("persona") }),
      ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) }),
    };
    try {
      if (columns.transcript !== undefined) {
        const { turns, notes } = transcriptCell(`${file}:${line}`, cell("transcript"), line, speakers);
        found.notes.push(...notes);
        found.drafts.push({ ...about, turns });
        continue;
      }
      const asked = (splitAt === undefined ? [cell("query")] : cell("query").split(splitAt))
        .map((one) => one.trim())
        .filter((one) => one !== "");
      if (asked.length === 0) throw new Unreadable(`The column "${columns.query}" is empty.`);
      for (const [index, query] of asked.entries()) {
        const id = about.id === undefined || asked.length === 1 ? about.id : `${about.id}-${index + 1}`;
        found.drafts.push({ ...about, id, turns: exchange(query, cell("response")) });
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      wrong(line, error.message);
    }
  }
}

/** A conversation in one cell: JSON of messages, or `speaker: text`. */
function transcriptCell(
  place: string,
  text: string,
  line: number,
  speakers: Speakers,
): { turns: LoggedTurn[]; notes: string[] } {
  if (/^\s*[[{]\s*["{[]/.test(text)) {
    try {
      return { turns: readRecord(JSON.parse(text), line, speakers).turns, notes: [] };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const { turns, strays, doubts } = readTranscript(text, speakers);
  return { turns, notes: notesOf(place, strays, doubts) };
}

function readRows(
  text: string,
  delimiter: string,
  wrong: (line: number, message: string) => void,
): { names: string[]; rows: Row[] } {
  const [header, ...records] = parseRecords(text, delimiter, wrong);
  const names = (header?.record ?? []).map((name) => name.trim());
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
  if (twice !== undefined || names.includes("__proto__")) {
    wrong(
      1,
      twice === undefined ? 'A column is named "__proto__".' : `The column "${twice}" is there twice.`,
    );
    return { names: [], rows: [] };
  }
  const rows: Row[] = [];
  let line = (header?.info.lines ?? 0) + 1;
  for (const { record, info } of records) {
    const starts = line;
    line = info.lines + 1;
    if (record.every((cell) => cell === "")) continue;
    if (record.length === names.length)
      rows.push({ line: starts, cells: new Map(names.map((name, index) => [name, record[index] ?? ""])) });
    else wrong(starts, `The row has ${record.length} cells for ${names.length} columns.`);
  }
  if (names.length > 0 && rows.length === 0) wrong(1, "There is no row in it.");
  return { names, rows };
}

function parseRecords(
  text: string,
  delimiter: string,
  wrong: (line: number, message: string) => void,
): { record: string[]; info: { lines: number } }[] {
  // In tab-separated files a quote is mostly just a quote.
  const options = {
    bom: true,
    delimiter,
    info: true,
    relax_column_count: true,
    relax_quotes: delimiter === "\t",
  };
  try {
    const rows: unknown[] = parse(text, options);
    return rows as { record: string[]; info: { lines: number } }[];
  } catch (error) {
    const line = error instanceof CsvError && typeof error["lines"] === "number" ? error["lines"] : 1;
    wrong(line, `Malformed CSV: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}
