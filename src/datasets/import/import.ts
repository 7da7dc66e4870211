import { basename } from "node:path";
import { foldWhitespace } from "../../library/text.ts";
import { canonicalJson, sha256 } from "../../runs/canonical.ts";
import { type Conversation, conversationSchema, type LoggedTurn } from "../conversation.ts";
import { describeIssues } from "../json-items.ts";
import { openRedaction, type RedactionCounts } from "../redaction.ts";
import type { Problem } from "../yaml-source.ts";
import type { Draft, ReadOptions } from "./draft.ts";
import { readAnyLog } from "./read-log.ts";

export interface ImportOptions extends ReadOptions {
  /** Take keys and personal data out; on unless it is false. */
  redact?: boolean;
  /** Names of people to take out too. */
  names?: readonly string[];
  /** What every conversation is said to be, where the log does not say. */
  persona?: string;
  agent?: string;
  userTypes?: readonly string[];
}

/** A conversation left out because another has the same turns. */
interface Duplicate {
  place: string;
  of: string;
}

export interface Import {
  conversations: Conversation[];
  problems: Problem[];
  duplicates: Duplicate[];
  notes: string[];
  /** What was taken out, or would be with `redact`. */
  redacted: RedactionCounts;
  turns: number;
}

/**
 * Reads logs into conversations: redacted, each once, with the place it came from. One id for the same turns,
 * however often they are imported.
 * @throws GrpoError IMPORT_FORMAT, CONVERSATIONS_UNREADABLE
 */
export async function importLogs(files: readonly string[], options: ImportOptions = {}): Promise<Import> {
  const result: Import = {
    conversations: [],
    problems: [],
    duplicates: [],
    notes: [],
    redacted: {},
    turns: 0,
  };
  const byTurns = new Map<string, string>();
  const byId = new Map<string, string>();
  for (const file of files) {
    const { drafts, problems, notes } = await readAnyLog(file, options);
    const before = result.problems.length;
    result.problems.push(...problems);
    result.notes.push(...notes);
    if (drafts.length === 0 && problems.length === 0)
      result.problems.push({ file, line: 1, message: "There is no conversation in it." });
    for (const draft of drafts) {
      const place = `${file}:${draft.line}`;
      const key = sha256(
        canonicalJson(draft.turns.map(({ role, content }) => [role, foldWhitespace(content)])),
      );
      const same = byTurns.get(key);
      if (same !== undefined) {
        result.duplicates.push({ place, of: same });
        continue;
      }
      byTurns.set(key, place);
      const { value, problem } = conversationOf(draft, file, key, options, result.redacted);
      const taken = value === undefined ? undefined : byId.get(value.id);
      if (value === undefined || taken !== undefined) {
        const message = problem ?? `The id "${value?.id}" is already used at ${taken} by other turns.`;
        result.problems.push({ file, line: draft.line, message });
        continue;
      }
      byId.set(value.id, place);
      result.conversations.push(value);
      result.turns += value.turns.length;
    }
    const own = result.problems.splice(before).toSorted((a, b) => a.line - b.line);
    result.problems.push(...own);
  }
  return result;
}

function conversationOf(
  draft: Draft,
  file: string,
  key: string,
  options: ImportOptions,
  total: RedactionCounts,
): { value?: Conversation; problem?: string } {
  const { line, id: given, names = [], source, provenance, userTypes, turns, metadata, ...rest } = draft;
  const redaction = openRedaction({ names: [...names, ...(options.names ?? [])] });
  const clean = (text: string): string => {
    const redacted = redaction.redact(text);
    return options.redact === false ? text : redacted;
  };
  const id = safeId(given, options.redact !== false) ?? `log-${key.slice(0, 12)}`;
  const cleanTurns = turns.map((turn): LoggedTurn => ({ ...turn, content: clean(turn.content) }));
  const cleanMetadata = Object.entries(metadata ?? {}).map(([name, text]) => [name, clean(text)]);
  const persona = rest.persona === undefined ? options.persona : clean(rest.persona);
  const agent = rest.agent ?? options.agent;
  for (const [kind, count] of Object.entries(redaction.counts))
    total[kind as keyof RedactionCounts] = (total[kind as keyof RedactionCounts] ?? 0) + count;
  const counted =
    options.redact === false || Object.keys(redaction.counts).length === 0 ? {} : redaction.counts;
  const parsed = conversationSchema.safeParse({
    ...rest,
    id,
    source: source ?? "imported",
    ...(persona === undefined ? {} : { persona }),
    ...(agent === undefined ? {} : { agent }),
    userTypes: userTypes ?? options.userTypes ?? [],
    turns: cleanTurns,
    // What a simulation says of itself is worth more than where its file was.
    provenance: {
      file: basename(file),
      line,
      ...provenance,
      ...(Object.keys(counted).length === 0 ? {} : { redacted: counted }),
    },
    ...(cleanMetadata.length === 0 ? {} : { metadata: Object.fromEntries(cleanMetadata) }),
  });
  return parsed.success ? { value: parsed.data } : { problem: describeIssues(parsed.error.issues) };
}

/** An id of the log's own, unless it is itself personal: an address, a name, a key. A number is an id. */
function safeId(given: string | undefined, redact: boolean): string | undefined {
  const id = given === undefined ? "" : foldWhitespace(given);
  if (id === "") return undefined;
  if (!redact || /^[\d-]+$/.test(id)) return id;
  const { redact: clean } = openRedaction();
  return clean(id) === id ? id : undefined;
}
