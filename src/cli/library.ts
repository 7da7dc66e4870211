import { parseLibrary } from "../library/document.ts";
import { GrpoError } from "../library/error.ts";
import { type Limits, LimitsSchema } from "../library/experience.ts";
import type { HistoryEntry } from "../library/history.ts";
import { lintLibrary } from "../library/lint.ts";
import type { Look } from "../library/looks.ts";
import { effectText, type MeasuredEffect, type Operation } from "../library/operations.ts";
import type { Quarantined } from "../library/quarantine.ts";
import { estimatedPromptTokens } from "../library/render.ts";
import type { LibraryAddress } from "../library/state.ts";
import type { LibraryStore } from "../library/store.ts";
import type { LibraryStores } from "../library/stores.ts";
import { safeLine } from "../library/text.ts";
import { describeQuarantined } from "./quarantine.ts";

/** `library list`: one line a library; one that cannot be read says why. */
export async function listLibraries(stores: LibraryStores): Promise<string> {
  const known = await stores.addresses();
  if (known.length === 0) return `No library in ${safeLine(stores.place)}.`;
  const lines: string[] = [];
  for (const address of known) lines.push(await describeLibrary(stores, address));
  return lines.join("\n");
}

/** `library show`: what the library says now. */
export async function showLibrary(store: LibraryStore, effects = false): Promise<string> {
  const { document, version, edited, hash, recovered } = await store.load();
  const known = effects ? await effectsOfExperiences(store) : new Map<string, MeasuredEffect>();
  const items = document.experiences.flatMap(({ id, text }) => {
    const effect = known.get(text);
    const told = effect === undefined ? "not measured" : effectText(effect);
    return [`[${id}] ${safeLine(text)}`, ...(effects ? [`     ${told}`] : [])];
  });
  return [
    `${store.agent}/${store.route}  ${versionName(version, edited)}  ${shortHash(hash)}  ${safeLine(store.path)}`,
    ...(recovered ? ["A commit that had been interrupted was completed."] : []),
    ...(items.length === 0 ? ["No experiences."] : items),
    ...(items.length === 0 ? [] : [`Adds ~${estimatedPromptTokens(document)} tokens to each call.`]),
  ].join("\n");
}

/** What each text was last measured to do, by the accepted history. */
async function effectsOfExperiences(store: LibraryStore): Promise<Map<string, MeasuredEffect>> {
  const known = new Map<string, MeasuredEffect>();
  for (const entry of await store.history()) {
    if (entry.status !== "accepted") continue;
    const texts = new Map(
      parseLibrary(entry.text, store.historyPath).experiences.map(({ id, text }) => [id, text]),
    );
    for (const operation of entry.operations) {
      const id = "id" in operation ? operation.id : undefined;
      const text = "text" in operation ? operation.text : texts.get(id ?? "");
      if (operation.effect !== undefined && text !== undefined) known.set(text, operation.effect);
    }
  }
  return known;
}

/** `library log`: versions, rejected candidates, texts in quarantine and looks at the sealed test, newest first: who, when, why, what. */
export async function logLibrary(store: LibraryStore): Promise<string> {
  const versions = inOrderOfTime(await store.history(), await store.quarantined());
  const lines = inOrderOfTime(versions, await store.looks())
    .toReversed()
    .map(describeLine);
  lines.unshift(...(await describeUnrecorded(store)));
  return lines.length === 0 ? "No history." : lines.join("\n");
}

/** `library rollback V`: the earlier text becomes a new version. */
export async function rollbackLibrary(store: LibraryStore, version: number, reason: string): Promise<string> {
  const committed = await store.rollback(version, reason);
  return `${store.agent}/${store.route} is back at the text of version ${version}, as version ${committed.version}.`;
}

/** `library lint`: one line a finding, and whether any is an error. */
export async function lintLibraryFile(
  store: LibraryStore,
  limits: Limits = LimitsSchema.parse({}),
  texts: readonly string[] = [],
): Promise<{ text: string; hasErrors: boolean }> {
  const findings = lintLibrary((await store.load()).document, limits, texts);
  const lines = findings.map(({ severity, code, message }) => `${severity}  ${code}  ${safeLine(message)}`);
  return {
    text: lines.length === 0 ? `${store.agent}/${store.route}: nothing to report.` : lines.join("\n"),
    hasErrors: findings.some(({ severity }) => severity === "error"),
  };
}

async function describeLibrary(stores: LibraryStores, address: LibraryAddress): Promise<string> {
  const name = safeLine(`${address.agent}/${address.route}`);
  try {
    const { document, version, edited, hash } = await stores.open(address).load();
    const count = document.experiences.length;
    return `${name}  ${versionName(version, edited)}  ${count} experience${count === 1 ? "" : "s"}  ${shortHash(hash)}`;
  } catch (error) {
    if (error instanceof GrpoError) return `${name}  ${safeLine(error.describe())}`;
    throw error;
  }
}

/** The history can be read when the file cannot; the log then says so and still shows it. */
async function describeUnrecorded(store: LibraryStore): Promise<string[]> {
  try {
    return (await store.load()).edited
      ? ["not recorded  human  the file was changed since the last version"]
      : [];
  } catch (error) {
    if (error instanceof GrpoError) return [safeLine(error.describe())];
    throw error;
  }
}

type Line = HistoryEntry | Look | Quarantined;

/** Each kind keeps the order of its lines in the file, whatever a clock said. */
function inOrderOfTime(entries: readonly Line[], others: readonly (Look | Quarantined)[]): Line[] {
  const left = [...others];
  const lines = entries.flatMap((entry) => {
    const later = left.findIndex((other) => other.at >= entry.at);
    return [...left.splice(0, later === -1 ? left.length : later), entry];
  });
  return [...lines, ...left];
}

const describeLine = (line: Line): string => {
  if (line.status === "look") return describeLook(line);
  return line.status === "quarantined" ? describeQuarantined(line) : describeEntry(line);
};

function describeLook({ by, at, version, tests, verdict, hash }: Look): string {
  const what = `version ${version} on ${tests} test${tests === 1 ? "" : "s"}: ${safeLine(verdict)}`;
  return ["look at the sealed test", by, at, what, shortHash(hash)].join("  ");
}

function describeEntry(entry: HistoryEntry): string {
  const parent = entry.parentVersion === null ? "from nothing" : `from version ${entry.parentVersion}`;
  const cost = entry.costUsd === null ? [] : [`$${entry.costUsd.toFixed(4)}`];
  const name = entry.version === null ? "rejected" : `version ${entry.version}`;
  const head = [name, entry.author, entry.at, parent, ...cost, shortHash(entry.hash)].join("  ");
  const rollouts = entry.evidence.length === 0 ? [] : [`  evidence: ${evidenceIds(entry)}`];
  return [
    head,
    `  why: ${safeLine(entry.reason)}`,
    ...entry.operations.map(describeOperation),
    ...rollouts,
  ].join("\n");
}

function describeOperation(operation: Operation): string {
  const id = operation.op === "ADD" || operation.id === undefined ? "" : ` ${safeLine(operation.id)}`;
  const text = "text" in operation ? ` ${safeLine(operation.text)}` : "";
  const reason = operation.reason === undefined ? "" : ` (${safeLine(operation.reason)})`;
  const effect = operation.effect === undefined ? "" : `: ${effectText(operation.effect)}`;
  return `  ${operation.op}${id}${text}${reason}${effect}`;
}

function evidenceIds(entry: HistoryEntry): string {
  return [...new Set(entry.evidence.map(({ exampleId }) => safeLine(exampleId)))].join(", ");
}

function versionName(version: number, edited: boolean): string {
  if (version === 0) return "not written yet";
  return edited ? `version ${version}, edited by hand and not recorded yet` : `version ${version}`;
}

function shortHash(hash: string | null): string {
  return hash === null ? "-" : hash.slice(0, 12);
}
