import { conversationLines, readConversations, writeOutput } from "../datasets/conversation-file.ts";
import { conversationMarkdown } from "../datasets/conversation-markdown.ts";
import { type Import, type ImportOptions, importLogs } from "../datasets/import/import.ts";
import { loadPersonaFolder } from "../datasets/load.ts";
import { describeCounts } from "../datasets/redaction.ts";
import { GrpoError, safeLine } from "../library/index.ts";
import { type Fidelity, fidelityOf } from "../simulation/fidelity.ts";
import type { CommandResult } from "./dataset.ts";

/** Problems, duplicates and notes of a kind that are told; the rest is counted. */
const TOLD = 20;

export interface DatasetImportOptions extends ImportOptions {
  out?: string;
  dryRun: boolean;
  force: boolean;
}

/** `dataset import`: logs into one conversation log. 3 when a row cannot be read; the others are written. */
export async function datasetImport(
  files: readonly string[],
  { out, dryRun, force, ...options }: DatasetImportOptions,
): Promise<CommandResult> {
  if (out === undefined && !dryRun) throw outMissing();
  const found = await importLogs(files, options);
  const write = !dryRun && out !== undefined && found.conversations.length > 0;
  if (write) writeOutput(out, conversationLines(found.conversations), force);
  const done = write ? `written to ${out}` : dryRun ? "nothing is written" : "nothing to write";
  const lines = [
    `${plural(found.conversations.length, "conversation")}, ${plural(found.turns, "turn")}; ${done}`,
    redactionLine(found, options.redact !== false, dryRun),
    ...some(
      found.duplicates.map(({ place, of }) => `${place}: the same turns as ${of}, left out`),
      "duplicates",
    ),
    ...some(found.notes, "notes"),
    ...some(
      found.problems.map(({ file, line, message }) => `IMPORT_UNREADABLE ${file}:${line}: ${message}`),
      "that cannot be read",
    ),
    `${plural(found.problems.length, "row")} could not be read`,
  ];
  const preview = dryRun ? previewOf(found) : "";
  return { text: lines.map(safeLine).join("\n") + preview, exitCode: found.problems.length === 0 ? 0 : 3 };
}

function redactionLine({ redacted }: Import, redact: boolean, dryRun: boolean): string {
  const what = describeCounts(redacted);
  if (!redact) return `not redacted (--no-redact): ${what} would be taken out`;
  return dryRun ? `${what} would be taken out` : `${what} taken out`;
}

function previewOf({ conversations }: Import): string {
  const [first] = conversations;
  return first === undefined ? "" : `\n\n${conversationMarkdown(first).trimEnd()}`;
}

function some(lines: readonly string[], what: string): string[] {
  return lines.length <= TOLD
    ? [...lines]
    : [...lines.slice(0, TOLD), `and ${lines.length - TOLD} more ${what}`];
}

const outMissing = (): GrpoError =>
  new GrpoError({
    code: "USAGE",
    message: "It is not said where to write to.",
    remedy: "Add --out conversations.jsonl, or --dry-run to see what would be written.",
  });

/** `conversation show`: conversations as Markdown, all of them or those named. */
export async function showConversations(path: string, ids: readonly string[]): Promise<string> {
  const all = await readConversations(path);
  const wanted = ids.length === 0 ? all : ids.map((id) => all.find((one) => one.id === id) ?? id);
  const missing = wanted.find((one) => typeof one === "string");
  if (missing !== undefined) {
    throw new GrpoError({
      code: "CONVERSATION_UNKNOWN",
      message: `There is no conversation "${missing}".`,
      place: path,
      remedy: `Use an id of the log, for example ${all
        .slice(0, 5)
        .map((one) => one.id)
        .join(", ")}.`,
    });
  }
  return wanted.flatMap((one) => (typeof one === "string" ? [] : [conversationMarkdown(one)])).join("\n");
}

/** `conversation fidelity`: are the personas of a log true to what was written of them? */
export async function conversationFidelity(path: string, folder: string): Promise<string> {
  const found = fidelityOf(await readConversations(path), await loadPersonaFolder(folder));
  const share = (value: number | null): string => (value === null ? "-" : `${Math.round(100 * value)} %`);
  const of = ({ messages, disclose }: Fidelity["open"]): string => `${disclose} of ${messages} messages`;
  const { overlap } = found;
  return [
    `conversations      ${found.conversations}, ${plural(found.messages, "message")} of personas after the opening`,
    `own style          ${share(found.ownStyle)} nearest to the persona's own examples; by chance ${share(found.chance)}`,
    `out of character   ${share(found.outOfCharacter)} of the messages`,
    `disclose, closed   ${of(found.closed)}`,
    `disclose, open     ${of(found.open)}`,
    `resistant, pushed  ${of(found.resistantPushed)} disclose`,
    overlap === null
      ? "overlap            no two conversations with one persona"
      : `overlap            ${share(overlap.mean)} of four-word sequences on average, ${share(overlap.most)} at most, ${plural(overlap.pairs, "pair")}`,
    "",
  ].join("\n");
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
