import type { LibraryDocument } from "../library/document.ts";
import { GrpoError } from "../library/error.ts";
import { LimitsSchema } from "../library/experience.ts";
import type { HistoryEntry } from "../library/history.ts";
import { lintLibrary } from "../library/lint.ts";
import { applyOperations, type Operation } from "../library/operations.ts";
import type { Quarantined } from "../library/quarantine.ts";
import type { LibraryStore } from "../library/store.ts";
import { safeLine } from "../library/text.ts";

export interface ReleaseOptions {
  reason: string;
  /** The text to take in instead of the one that was kept. */
  text?: string;
}

/** `library quarantine`: one line a text that may not enter by itself, newest last; or one of them in full. */
export async function showQuarantine(store: LibraryStore, id: string | undefined): Promise<string> {
  const history = await store.history();
  if (id !== undefined)
    return describeQuarantined(await requireQuarantined(store, id), releasedAs(history, id));
  const lines = (await store.quarantined()).map((one) => {
    const codes = one.reasons.map(({ code }) => code).join(", ");
    return `${one.id}  ${releasedAs(history, one.id) ?? "held"}  ${codes}  ${safeLine(one.text)}`;
  });
  return lines.length === 0 ? `${store.agent}/${store.route}: nothing is in quarantine.` : lines.join("\n");
}

export function describeQuarantined(line: Quarantined, released?: string): string {
  const models = Object.entries(line.models).map(([role, id]) => `${role} ${String(id)}`);
  const examples = line.evidence.map(({ exampleId }) => safeLine(exampleId));
  return [
    ["quarantined", line.id, line.at, ...(released === undefined ? [] : [released])].join("  "),
    `  ${line.op}${line.experience === null ? "" : ` ${safeLine(line.experience)}`} ${safeLine(line.text)}`,
    ...line.reasons.map(({ code, message }) => `  why: ${safeLine(code)}: ${safeLine(message)}`),
    ...(examples.length === 0 ? [] : [`  from: ${[...new Set(examples)].join(", ")}`]),
    ...(line.run === undefined ? [] : [`  run: ${safeLine(line.run)}`]),
    ...(models.length === 0 ? [] : [`  models: ${safeLine(models.join(", "))}`]),
  ].join("\n");
}

/**
 * `library release`: a person takes a text in; it becomes a version of its own after lint.
 * @throws GrpoError QUARANTINE_UNKNOWN, QUARANTINE_RELEASED, QUARANTINE_REFUSED, LIBRARY_CONFLICT
 */
export async function releaseQuarantined(
  store: LibraryStore,
  id: string,
  { reason, text }: ReleaseOptions,
): Promise<string> {
  const held = await requireQuarantined(store, id);
  const released = releasedAs(await store.history(), id);
  if (released !== undefined) throw alreadyReleased(store, id, released);
  const { document, hash } = await store.load();
  const operation = operationOf(held, document, text ?? held.text);
  const limits = LimitsSchema.parse({});
  const { document: next, applied, refused } = applyOperations(document, [operation], limits);
  const experience = applied[0]?.id ?? null;
  const errors = lintLibrary(next, limits).filter(
    (one) => one.severity === "error" && (one.id === experience || one.id === null),
  );
  const problems = [...refused.map((one) => one.reason), ...errors.map((one) => one.message)];
  if (problems.length > 0) throw refusedRelease(store, id, problems);
  const { version } = await store.commit({
    document: next,
    expectedParentHash: hash,
    entry: {
      author: "human",
      reason,
      operations: [operation],
      evidence: held.evidence.map((one) => ({ ...one, experience })),
      models: held.models,
      released: id,
    },
  });
  return `${store.agent}/${store.route} holds ${id} as ${experience}, version ${version}.`;
}

/** What was to replace an experience that is gone by now is a new one. */
function operationOf(held: Quarantined, { experiences }: LibraryDocument, text: string): Operation {
  const { experience: id } = held;
  const why = { reason: `released from quarantine (${held.id})` };
  const isThere = id !== null && experiences.some((one) => one.id === id);
  return isThere ? { op: "MODIFY", id, text, ...why } : { op: "ADD", text, ...why };
}

function releasedAs(history: readonly HistoryEntry[], id: string): string | undefined {
  const entry = history.find((one) => one.released === id);
  return entry === undefined ? undefined : `released as version ${entry.version}`;
}

async function requireQuarantined(store: LibraryStore, id: string): Promise<Quarantined> {
  const all = await store.quarantined();
  const found = all.find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new GrpoError({
    code: "QUARANTINE_UNKNOWN",
    message: `No text in quarantine is called ${JSON.stringify(id)}.`,
    place: store.historyPath,
    remedy:
      all.length === 0 ? "Nothing is in quarantine." : `Name one of ${all.map((one) => one.id).join(", ")}.`,
  });
}

const alreadyReleased = (store: LibraryStore, id: string, released: string): GrpoError =>
  new GrpoError({
    code: "QUARANTINE_RELEASED",
    message: `${id} was ${released} already.`,
    place: store.historyPath,
    remedy: "Edit the library's file to change what it says now.",
  });

const refusedRelease = (store: LibraryStore, id: string, problems: readonly string[]): GrpoError =>
  new GrpoError({
    code: "QUARANTINE_REFUSED",
    message: `${id} cannot be taken in as it is: ${problems.join(" ")}`,
    place: store.path,
    remedy: 'Say it in words of your own with --text "...", or write it into the file by hand.',
  });
