import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { operationsBetween } from "../library/changes.ts";
import { replaceDurably } from "../library/files.ts";
import { isAccepted } from "../library/history.ts";
import {
  type EntryNotes,
  GrpoError,
  hashText,
  type LibraryDocument,
  type LibraryStore,
  OperationSchema,
  openLibraryStore,
  parseLibrary,
} from "../library/index.ts";
import { threeWayPicture } from "../library/three-way.ts";

/** What a proposal's gate said of it. */
const GateSchema = z.strictObject({
  verdict: z.enum(["proven", "worse", "not proven"]),
  exitCode: z.int().min(0).max(2),
  sentence: z.string(),
  because: z.array(z.string()),
  mean: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  must: z
    .array(z.strictObject({ name: z.string(), before: z.number(), after: z.number() }))
    .describe("Must-pass criteria, 0..1; never part of the verdict's gain."),
});

export const ProposalSchema = z
  .strictObject({
    format: z.literal(1),
    id: z.string().min(1),
    at: z.iso.datetime(),
    agent: z.string(),
    route: z.string(),
    base: z.strictObject({
      version: z.int().nonnegative(),
      hash: z
        .string()
        .nullable()
        .describe("sha256 of the library that it was made from; null: there was none"),
      text: z.string().nullable(),
    }),
    candidate: z.strictObject({ hash: z.string(), text: z.string() }),
    operations: z.array(OperationSchema),
    evidence: z.array(z.looseObject({ exampleId: z.string() })),
    models: z.record(z.string(), z.json()),
    gate: GateSchema.nullable().describe("null: it was not judged on held-out examples"),
    examples: z.array(z.string()).describe("Ids of the examples that it was learned from."),
    conversations: z.strictObject({ all: z.int().nonnegative(), flagged: z.int().nonnegative() }).nullable(),
    costUsd: z.number().nonnegative().nullable(),
    status: z.enum(["open", "accepted", "rejected"]),
  })
  .describe("A library that a loop proposes, with what it rests on, for a person to accept or reject.");
export type Proposal = z.infer<typeof ProposalSchema>;

const FILE = "proposal.json";

/** The library of a proposal while it is being made: a store of its own, with the history that the real one has. */
export async function proposalStore(folder: string, real: LibraryStore): Promise<LibraryStore> {
  const { agent, route } = real;
  const store = openLibraryStore({ root: join(folder, "experiences"), agent, route });
  if ((await store.current()) === null) await store.receive(await real.snapshot());
  return store;
}

/** What a proposal says beside the library's own history. */
export type ProposalFacts = Pick<Proposal, "id" | "gate" | "examples" | "conversations" | "costUsd">;

/**
 * The difference between the real library and the proposal's, with what its history says of each step.
 * @returns undefined when nothing was learned
 */
export async function makeProposal(
  real: LibraryStore,
  proposed: LibraryStore,
  facts: ProposalFacts,
): Promise<Proposal | undefined> {
  const [before, after] = [await real.load(), await proposed.load()];
  const operations = operationsBetween(before.document, after.document);
  if (operations.length === 0 || after.hash === null) return undefined;
  const known = (await real.history()).length;
  const steps = (await proposed.history()).slice(known).filter(isAccepted);
  return ProposalSchema.parse({
    format: 1,
    at: new Date().toISOString(),
    agent: real.agent,
    route: real.route,
    base: {
      version: before.version,
      hash: before.hash,
      text: before.hash === null ? null : before.document.source,
    },
    candidate: { hash: after.hash, text: after.document.source },
    operations: operations.map((operation) => reasoned(operation, steps)),
    evidence: steps.flatMap(({ evidence }) => evidence),
    models: steps.at(-1)?.models ?? {},
    status: "open",
    ...facts,
  });
}

/** An operation with the reason that the learner gave for the same words. */
function reasoned(
  operation: Proposal["operations"][number],
  steps: readonly { operations: Proposal["operations"] }[],
): Proposal["operations"][number] {
  if (!("text" in operation)) return operation;
  const same = steps
    .flatMap(({ operations }) => operations)
    .findLast((one) => "text" in one && one.text === operation.text);
  return {
    ...operation,
    ...(same?.reason === undefined ? {} : { reason: same.reason }),
    ...(same?.effect === undefined ? {} : { effect: same.effect }),
  };
}

export function writeProposal(folder: string, proposal: Proposal): string {
  const path = join(folder, FILE);
  replaceDurably(path, `${JSON.stringify(ProposalSchema.parse(proposal), null, 2)}\n`);
  return path;
}

/** @param path a proposal's folder, or its file. @throws GrpoError PROPOSAL_NOT_FOUND, PROPOSAL_INVALID */
export function readProposal(path: string): { folder: string; proposal: Proposal } {
  const folder = path.endsWith(".json") ? join(path, "..") : path;
  const file = join(folder, FILE);
  if (!existsSync(file)) {
    throw new GrpoError({
      code: "PROPOSAL_NOT_FOUND",
      message: "There is no proposal here.",
      place: file,
      remedy: "Name the folder that `weekly` has printed, below .grpo/proposals.",
    });
  }
  const parsed = ProposalSchema.safeParse(parsedJson(readFileSync(file, "utf8")));
  if (!parsed.success) throw invalid(file, z.prettifyError(parsed.error).split("\n").join(" "));
  const { candidate, base } = parsed.data;
  if (
    hashText(candidate.text) !== candidate.hash ||
    (base.text !== null && hashText(base.text) !== base.hash)
  )
    throw invalid(file, "a library's text is not the one that its hash names");
  return { folder, proposal: parsed.data };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const invalid = (place: string, what: string): GrpoError =>
  new GrpoError({
    code: "PROPOSAL_INVALID",
    message: `The proposal cannot be read: ${what}.`,
    place,
    remedy: "Make it again; change a library by editing its Markdown file, not here.",
  });

/**
 * Makes the proposal the library's next version, if the library still is the one that it was made from.
 * @throws GrpoError LIBRARY_CONFLICT with both changes, PROPOSAL_CLOSED
 */
export async function acceptProposal(store: LibraryStore, folder: string, reason: string): Promise<number> {
  const { proposal } = readProposal(folder);
  requireOpen(proposal, folder);
  const document = documentOf(proposal, store, folder);
  const { hash } = await store.load();
  if (hash !== proposal.base.hash) throw await changedMeanwhile(store, proposal, folder);
  const { version } = await store.commit({
    document,
    expectedParentHash: proposal.base.hash,
    entry: notesOf(proposal, `proposal ${proposal.id} accepted: ${reason}`),
  });
  writeProposal(folder, { ...proposal, status: "accepted" });
  return version;
}

/** Remembers the candidate as refused, so that it is not proposed again from the same library. @throws GrpoError PROPOSAL_CLOSED */
export async function rejectProposal(store: LibraryStore, folder: string, reason: string): Promise<void> {
  const { proposal } = readProposal(folder);
  requireOpen(proposal, folder);
  await store.recordRejected({
    document: documentOf(proposal, store, folder),
    parentHash: proposal.base.hash,
    entry: notesOf(proposal, `proposal ${proposal.id} rejected: ${reason}`),
  });
  writeProposal(folder, { ...proposal, status: "rejected" });
}

function documentOf(
  { candidate, agent, route }: Proposal,
  store: LibraryStore,
  folder: string,
): LibraryDocument {
  if (agent === store.agent && route === store.route) return parseLibrary(candidate.text, join(folder, FILE));
  throw new GrpoError({
    code: "PROPOSAL_INVALID",
    message: `The proposal is for ${agent}/${route}, not for ${store.agent}/${store.route}.`,
    place: folder,
    remedy: `Add --agent ${agent} --route ${route}.`,
  });
}

const notesOf = ({ operations, evidence, models, gate, costUsd }: Proposal, reason: string): EntryNotes => ({
  author: "train",
  reason,
  operations,
  evidence,
  models,
  gate: gate === null ? null : { ...gate },
  costUsd,
});

function requireOpen({ status, id }: Proposal, folder: string): void {
  if (status === "open") return;
  throw new GrpoError({
    code: "PROPOSAL_CLOSED",
    message: `Proposal ${id} was ${status} already.`,
    place: folder,
    remedy: "`promptfoo-grpo library log` shows what became of it; `library rollback` takes a version back.",
  });
}

async function changedMeanwhile(
  store: LibraryStore,
  { base, candidate }: Proposal,
  folder: string,
): Promise<GrpoError> {
  return new GrpoError({
    code: "LIBRARY_CONFLICT",
    message: "The library was changed since the proposal was made, so it was not written over it.",
    place: store.path,
    remedy: `Merge by hand what you want of ${folder} into the library's file, or make a new proposal.`,
    details: threeWayPicture(store.path, {
      base: base.text,
      theirs: await store.current(),
      ours: candidate.text,
    }),
    exitCode: 5,
  });
}
