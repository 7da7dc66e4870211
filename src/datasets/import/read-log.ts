import { extname } from "node:path";
import { GrpoError } from "../../library/error.ts";
import { readLog } from "../conversation-file.ts";
import { itemLines, type JsonItem, readJsonLines, strangeness } from "../json-items.ts";
import { type Drafts, type ReadOptions, Unreadable } from "./draft.ts";
import { readRecord } from "./record.ts";
import { speakersOf } from "./speakers.ts";
import { readTable } from "./table.ts";
import { readTranscripts } from "./transcript.ts";

type Reader = (file: string, text: string, options: ReadOptions) => Drafts;

const READERS: Readonly<Record<string, Reader>> = {
  ".json": readJson,
  ".jsonl": (file, text, options) => {
    const { items, problems } = readJsonLines(file, text);
    const found = readItems(file, items, options);
    return { ...found, problems: [...problems, ...found.problems] };
  },
  ".csv": (file, text, options) => readTable(file, text, ",", options),
  ".tsv": (file, text, options) => readTable(file, text, "\t", options),
  ".md": (file, text, options) => readTranscripts(file, text, options, true),
  ".markdown": (file, text, options) => readTranscripts(file, text, options, true),
  ".txt": (file, text, options) => readTranscripts(file, text, options, false),
};

/**
 * Reads a log of any format that is known by the file's ending. What cannot be read is in `problems`.
 * @throws GrpoError IMPORT_FORMAT, CONVERSATIONS_UNREADABLE
 */
export async function readAnyLog(file: string, options: ReadOptions): Promise<Drafts> {
  const reader = READERS[extname(file).toLowerCase()];
  if (reader !== undefined) return reader(file, await readLog(file), options);
  throw new GrpoError({
    code: "IMPORT_FORMAT",
    message: `"${extname(file)}" is not a format of conversation logs that can be read.`,
    place: file,
    remedy: `Use one of ${Object.keys(READERS).join(", ")}.`,
  });
}

function readJson(file: string, text: string, options: ReadOptions): Drafts {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    const { list, key } = listIn(value);
    const lines = list === undefined ? [1] : itemLines(text, key);
    const items = (list ?? [value]).map((item, index) => ({ value: item, line: lines[index] ?? 1 }));
    return readItems(file, items, options);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const line = Number(/\(line (\d+) column \d+\)/.exec(error.message)?.[1] ?? 1);
    return { drafts: [], problems: [{ file, line, message: `Malformed JSON: ${error.message}` }], notes: [] };
  }
}

/** Several conversations are a list, or a list under the one key that says so; a list of messages is one. */
function listIn(value: unknown): { list?: unknown[]; key?: string } {
  const isRecord = (one: unknown): boolean =>
    Array.isArray(one) ||
    (typeof one === "object" && one !== null && !["role", "from", "speaker"].some((key) => key in one));
  if (Array.isArray(value)) return value.some(isRecord) || value.length === 0 ? { list: value } : {};
  if (typeof value !== "object" || value === null) return {};
  for (const [key, list] of Object.entries(value))
    if (
      ["conversations", "data", "items", "rows"].includes(key) &&
      Array.isArray(list) &&
      list.some(isRecord)
    )
      return { list, key };
  return {};
}

function readItems(file: string, items: readonly JsonItem[], options: ReadOptions): Drafts {
  const found: Drafts = { drafts: [], problems: [], notes: [] };
  const speakers = speakersOf(options);
  for (const { line, value } of items) {
    try {
      const odd = strangeness(value);
      if (odd !== undefined) throw new Unreadable(`Not a conversation: ${odd}.`);
      found.drafts.push({ names: speakers.names, ...readRecord(value, line, speakers) });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      found.problems.push({ file, line, message: error.message });
    }
  }
  return found;
}
