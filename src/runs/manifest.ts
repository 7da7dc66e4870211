import { basename, join } from "node:path";
import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { readText, renameDurably, writeDurably } from "../library/files.ts";
import { sqliteErrors } from "./journal-errors.ts";
import { PriceSourceSchema } from "./price.ts";
import { hashOf } from "./task.ts";
import type { UsageTotals } from "./usage.ts";

const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const Hashes = z.record(z.string(), Hash);
export const SPLITS = ["train", "validation", "test"] as const;

/** Everything that decides what a run learns, as hashes where it is long or not for others to read. */
export const IdentitySchema = z.strictObject({
  /** This package's version. */
  package: z.string(),
  command: z.enum(["train", "learn", "library prune", "simulate"]),
  /** What is left of the promptfooconfig without providers, prompts, tests and settings. */
  config: Hash,
  /** Local files that the config names, by path. */
  files: Hashes,
  /** The resolved settings, without keys. */
  settings: z.record(z.string(), z.json()),
  /** Tests by split and example id. */
  dataset: z.record(z.enum(SPLITS), Hashes),
  prompt: Hash,
  /** By role: agent, learner, judge 1, ... */
  models: z.record(z.string(), z.strictObject({ id: z.string(), config: Hash })),
  learnerPrompts: Hashes,
  /** Of `learn`: the finished rollouts. */
  rollouts: Hash.nullable(),
  /** Of `simulate`: personas, their model, and the library that the agent had. */
  simulation: Hashes.optional(),
});
export type RunIdentity = z.infer<typeof IdentitySchema>;

const UsageSchema = z.strictObject({
  calls: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  cachedTokens: z.number(),
  costUsd: z.number(),
  unpriced: z.number(),
}) satisfies z.ZodType<UsageTotals>;

export const ManifestSchema = z.strictObject({
  format: z.literal(1),
  id: z.string(),
  startedAt: z.iso.datetime(),
  host: z.string(),
  pid: z.int(),
  configPath: z.string(),
  /** What the command line said; a resumed run says it again. */
  flags: z.record(z.string(), z.json()),
  seed: z.int(),
  identity: IdentitySchema,
  /** Where the library is, and what it was when the run began; `entries` of its history. */
  library: z.strictObject({
    root: z.string(),
    agent: z.string(),
    route: z.string(),
    path: z.string(),
    text: z.string().nullable(),
    hash: Hash.nullable(),
    entries: z.int().nonnegative(),
  }),
  /** The run whose answers this one began with. */
  forkedFrom: z.string().nullable(),
  /** How many answers those are: the first of the journal. */
  reused: z.int().nonnegative(),
  /** `running` is also what a run says that was killed. */
  status: z.enum(["running", "finished", "stopped"]),
  /** Of a stopped run: the error's code. */
  code: z.string().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  /** Everything that the run paid for, resumed or not; null before its first end. */
  usage: UsageSchema.nullable(),
  /** Where the price of each model's calls came from, by model id; null before the run's first end. */
  prices: z.record(z.string(), PriceSourceSchema).nullable(),
});
export type Manifest = z.infer<typeof ManifestSchema>;

const FILE = "manifest.json";

/** The file has a checksum beside it: a digit that changed would be a manifest as good as any. */
const FileSchema = ManifestSchema.extend({ sum: Hash.optional() });

/** @throws GrpoError RUN_UNREADABLE; null when the folder holds none */
export function readManifest(folder: string): Manifest | null {
  const path = join(folder, FILE);
  const text = readText(path);
  if (text === null) return null;
  try {
    const { sum, ...manifest } = FileSchema.parse(JSON.parse(text));
    if (sum !== undefined && sum !== hashOf(manifest)) throw new Error("its checksum is another");
    // The id is a path where the run is gone on with.
    if (manifest.id === basename(folder)) return manifest;
    throw new Error(`it says that it is of run ${JSON.stringify(manifest.id)}`);
  } catch (cause) {
    throw new GrpoError({
      code: "RUN_UNREADABLE",
      message: `The run's manifest is not one (${reason(cause)}).`,
      place: path,
      remedy: "Restore the file, or remove the run's folder; libraries are not in it.",
      cause,
    });
  }
}

/** Puts the manifest into its place in one step. @throws GrpoError JOURNAL_NOT_WRITABLE */
export function writeManifest(folder: string, manifest: Manifest): void {
  const path = join(folder, FILE);
  sqliteErrors(path, "write", () => {
    const checked = ManifestSchema.parse(manifest);
    const file = { ...checked, sum: hashOf(checked) };
    writeDurably(`${path}.pending`, `${JSON.stringify(file, null, 2)}\n`);
    renameDurably(`${path}.pending`, path);
  });
}

/** Whether going on makes sense: a run that had nothing to learn from would only say so again. */
export const isUnfinished = ({ status, code }: Manifest): boolean =>
  status !== "finished" && code !== "NOTHING_INFORMATIVE";

function reason(cause: unknown): string {
  if (cause instanceof z.ZodError) return z.prettifyError(cause).replace(/\s+/g, " ");
  return cause instanceof Error ? cause.message : String(cause);
}
