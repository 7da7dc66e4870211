import { GrpoError } from "../library/error.ts";
import { safeColumns, safeJson, safeLine } from "../library/text.ts";
import { tokens } from "../reports/figures.ts";
import { openJournal } from "../runs/journal-sqlite.ts";
import { isUnfinished, type Manifest } from "../runs/manifest.ts";
import { findRun, isActive, journalPath, listRuns, pruneRuns } from "../runs/run-folders.ts";
import { UsageMeter } from "../runs/usage.ts";

/** `runs list`: one line a run, oldest first. */
export function listStoredRuns(root: string): string {
  const lines = listRuns(root).map(({ id, folder, manifest }) =>
    manifest instanceof GrpoError
      ? `${safeLine(id)}  ${safeLine(manifest.describe())}`
      : [
          safeLine(id),
          safeLine(statusOf(manifest)),
          manifest.identity.command,
          safeLine(`${manifest.library.agent}/${manifest.library.route}`),
          paidText(paidBy(folder, manifest)),
        ].join("  "),
  );
  return lines.length === 0 ? `No run in ${safeLine(root)}.` : lines.join("\n");
}

/** `runs show`: what a run is, what decided it, what it paid for. */
export function showRun(root: string, wanted: string): string {
  const { folder, manifest } = findRun(root, wanted);
  const { identity, library } = manifest;
  const { train, validation, test } = identity.dataset;
  const paid = paidBy(folder, manifest);
  const size = (split: object): number => Object.keys(split).length;
  const models = Object.entries(identity.models).map(([role, { id }]) => `${role} ${safeLine(id)}`);
  const flags = Object.entries(manifest.flags).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const lines: [string, string][] = [
    ["run", `${manifest.id}  ${statusOf(manifest)}`],
    ["command", [identity.command, ...flags].map(safeLine).join(" ")],
    ["version", identity.package],
    ["config", safeLine(manifest.configPath)],
    [
      "started",
      `${manifest.startedAt}${manifest.finishedAt === null ? "" : `, ended ${manifest.finishedAt}`}`,
    ],
    ["models", models.join(", ")],
    ["examples", `${size(train)} training, ${size(validation)} validation, ${size(test)} sealed test`],
    ["seed", String(manifest.seed)],
    ["library", `${safeLine(library.path)}, from ${library.hash?.slice(0, 12) ?? "nothing"}`],
    ...(manifest.forkedFrom === null
      ? []
      : [["forked", `from ${manifest.forkedFrom}, with ${manifest.reused} answers`] as [string, string]]),
    ["paid", paidText(paid)],
    ...stageLines(paid),
    ...priceLines(manifest),
    ...(isUnfinished(manifest) && !isActive(manifest)
      ? [["go on", `promptfoo-grpo ${identity.command} --resume ${manifest.id}`] as [string, string]]
      : []),
  ];
  return lines.map(([name, text]) => `${name.padEnd(12)}${safeColumns(text)}`).join("\n");
}

/** `runs export`: the manifest, then every answer and failure, a line of JSON each. */
export function* exportRun(root: string, wanted: string): Generator<string> {
  const { folder, manifest } = findRun(root, wanted);
  const journal = openJournal(journalPath(folder), "read");
  try {
    yield safeJson({ kind: "manifest", ...manifest });
    for (const entry of journal.entries()) yield safeJson(entry);
  } finally {
    journal.close();
  }
}

/** `runs prune`: removes finished runs but the newest. */
export function pruneStoredRuns(root: string, options: { keep: number; unfinished: boolean }): string {
  const removed = pruneRuns(root, options);
  return removed.length === 0 ? "Nothing to remove." : `Removed ${removed.map(safeLine).join(", ")}.`;
}

function statusOf(manifest: Manifest): string {
  const { status, code } = manifest;
  if (status === "running") return isActive(manifest) ? "under way" : "cut off";
  return code === null ? status : `${status} (${code})`;
}

/** What a run paid for; in one line why it cannot be told where its journal cannot be read. */
type Paid = UsageMeter | string;

function paidText(meter: Paid): string {
  if (typeof meter === "string") return meter;
  const paid = meter.total();
  const unknown = paid.unpriced === 0 ? "" : `, ${paid.unpriced} of unknown price`;
  return `${paid.calls} answers, ${tokens(paid)}, $${paid.costUsd.toFixed(4)}${unknown}`;
}

function stageLines(meter: Paid): [string, string][] {
  if (typeof meter === "string") return [["by stage", meter]];
  const text = Object.entries(meter.byStage())
    .map(([stage, { calls, costUsd }]) => `${stage} ${calls} ($${costUsd.toFixed(4)})`)
    .join(", ");
  return text === "" ? [] : [["by stage", text]];
}

/** By whose word a call of each model costs what it costs. */
function priceLines({ prices }: Manifest): [string, string][] {
  return Object.entries(prices ?? {}).map(([model, { from, perMillion, table }]) => {
    const rate =
      perMillion === undefined
        ? ""
        : ` ($${perMillion.input} in, $${perMillion.output} out a million tokens)`;
    return ["price", `${safeLine(model)}: ${table ?? SOURCES[from]}${rate}`];
  });
}

const SOURCES = {
  provider: "as its provider reports",
  settings: "as the settings state",
  table: "from a table",
  local: "nothing, on this machine",
  unknown: "unknown",
} as const;

function paidBy(folder: string, { reused }: Manifest): Paid {
  try {
    const journal = openJournal(journalPath(folder), "read");
    try {
      const meter = new UsageMeter();
      for (const { stage, usage } of journal.paid(reused)) if (usage !== null) meter.add(stage, usage);
      return meter;
    } finally {
      journal.close();
    }
  } catch (error) {
    if (error instanceof GrpoError) return safeLine(error.describe());
    throw error;
  }
}
