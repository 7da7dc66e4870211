import { z } from "zod";
import { GrpoError } from "./error.ts";
import { hashText } from "./files.ts";
import { isLook, type Look, LookSchema } from "./looks.ts";
import { OperationSchema } from "./operations.ts";
import { isQuarantined, type Quarantined, QuarantinedSchema } from "./quarantine.ts";

const HashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** What whoever makes a version says about it. */
export const EntryNotesSchema = z.object({
  author: z.enum(["train", "prune", "human", "rollback"]),
  /** Why, in words. */
  reason: z.string(),
  operations: z.array(OperationSchema).default([]),
  /** The rollouts that stand behind it: at least `exampleId`, mostly `reward` (0..1, null = ungraded). */
  evidence: z.array(z.looseObject({ exampleId: z.string() })).default([]),
  /** The gate's result, as the gate writes it; null when there was none. */
  gate: z.json().default(null),
  /** Model by role, for example `{ agent, learner, judge }`. */
  models: z.record(z.string(), z.json()).default({}),
  /** US dollars for this step; null when unknown. */
  costUsd: z.number().nonnegative().nullable().default(null),
  /** The training run that made it, and which of its entries this is (1 is the first): what a resumed run replays. */
  run: z.object({ id: z.string().min(1), entry: z.int().min(1) }).optional(),
  /** The text in quarantine that a person took in by it. */
  released: z.string().min(1).optional(),
});
export type EntryNotes = z.input<typeof EntryNotesSchema>;

/** One line of the history: an accepted version, or a rejected candidate (which takes no version number). */
export const HistoryEntrySchema = z
  .object({
    status: z.enum(["accepted", "rejected"]),
    version: z.int().min(1).nullable(),
    /** sha256 of `text`. */
    hash: HashSchema,
    parentHash: HashSchema.nullable(),
    parentVersion: z.int().min(1).nullable(),
    /** ISO time. */
    at: z.iso.datetime(),
    ...EntryNotesSchema.shape,
    /** The whole library file, byte for byte. */
    text: z.string(),
  })
  .refine((entry) => (entry.status === "accepted") === (entry.version !== null), {
    error: "an accepted entry has a version and a rejected one has none",
    path: ["version"],
  });
export type HistoryEntry = z.infer<typeof HistoryEntrySchema>;
export type AcceptedEntry = HistoryEntry & { status: "accepted"; version: number };

/** One line of JSON, without its line end. */
export function printEntry(entry: HistoryEntry): string {
  return JSON.stringify(HistoryEntrySchema.parse(entry));
}

/** Everything that a history file holds, each kind oldest first. */
export interface History {
  /** Every line as it stands, without its line end, oldest first. */
  lines: readonly string[];
  entries: HistoryEntry[];
  looks: Look[];
  quarantined: Quarantined[];
}

type Line = HistoryEntry | Look | Quarantined;

/**
 * Versions and rejected candidates, looks at the sealed test, and texts in quarantine.
 * @throws GrpoError LIBRARY_HISTORY_TRUNCATED (a last line cut short), LIBRARY_HISTORY_INVALID, with file and line
 */
export function parseHistory(source: string, place: string): History {
  const lines = source.split("\n");
  const unfinished = lines.pop() ?? "";
  const all = lines.map((line, index) => parseEntry(line, `${place}:${index + 1}`));
  if (unfinished !== "") all.push(parseLastEntry(unfinished, `${place}:${lines.length + 1}`));
  requireRising(all, place);
  return {
    lines: unfinished === "" ? lines : [...lines, unfinished],
    entries: all.filter((one) => one.status !== "look" && one.status !== "quarantined"),
    looks: all.filter((one) => one.status === "look"),
    quarantined: all.filter((one) => one.status === "quarantined"),
  };
}

export function isAccepted(entry: HistoryEntry): entry is AcceptedEntry {
  return entry.status === "accepted" && entry.version !== null;
}

function parseEntry(line: string, place: string): Line {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw invalid("is not JSON", place, cause);
  }
  const look = isLook(value) ? LookSchema.safeParse(value) : undefined;
  if (look?.success === true) return look.data;
  const quarantined = isQuarantined(value) ? QuarantinedSchema.safeParse(value) : undefined;
  if (quarantined?.success === true) return quarantined.data;
  const parsed = HistoryEntrySchema.safeParse(value);
  if (parsed.success && parsed.data.hash === hashText(parsed.data.text)) return parsed.data;
  if (parsed.success) throw invalid("has a text that is not the one its hash names", place);
  const issue = (look ?? quarantined ?? parsed).error?.issues[0];
  throw invalid(
    `is not a history entry (${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""})`,
    place,
    parsed.error,
  );
}

/** A complete last line that only lacks its line end is as good as any other. */
function parseLastEntry(line: string, place: string): Line {
  try {
    JSON.parse(line);
  } catch (cause) {
    throw new GrpoError({
      code: "LIBRARY_HISTORY_TRUNCATED",
      message:
        "The history's last line is cut short, and the library is not the version before it: part of the history is lost.",
      place,
      remedy:
        "Restore the history from version control; or delete this line, and the library counts as edited by hand.",
      cause,
    });
  }
  return parseEntry(line, place);
}

function requireRising(lines: readonly Line[], place: string): void {
  let latest = 0;
  lines.forEach((line, index) => {
    if (line.status !== "accepted" || line.version === null) return;
    const { version } = line;
    if (version <= latest) throw invalid(`takes the version ${version} again`, `${place}:${index + 1}`);
    latest = version;
  });
}

function invalid(message: string, place: string, cause?: unknown): GrpoError {
  return new GrpoError({
    code: "LIBRARY_HISTORY_INVALID",
    message: `A line of the library's history ${message}.`,
    place,
    remedy: "The history is only ever appended to: restore the file from version control.",
    cause,
  });
}
