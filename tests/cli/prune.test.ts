import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { logLibrary, showLibrary } from "../../src/cli/library.ts";
import { type PruneOptions, pruneLibrary } from "../../src/cli/prune.ts";
import { applyOperations, type LibraryStore, openLibraryStore } from "../../src/library/index.ts";
import { unfinishedNote } from "../../src/optimizer/run-request.ts";
import type { Suite } from "../../src/suite/suite.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { type Workspace, workspace } from "../support/workspace.ts";

let printed = "";
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const GOOD = "Name what is owed.";
const BAD = "Answer in one word.";
const IDLE = "Write in plain ink.";

/** The agent's reply is its prompt: a guideline acts by standing in it. */
const GRADE = `
export default (output, { test }) => {
  const has = (words) => output.includes(words);
  const { ungraded, needs, must } = test.metadata;
  if (ungraded) return { pass: false, score: Number.NaN, reason: "no score" };
  const score = Math.max(0, 0.4 + (has("owed") ? 0.4 : 0) - (has("one word") ? 0.3 : 0) - (needs && !has(needs) ? 0.5 : 0));
  const part = (name, value, extra) => ({ pass: value > 0.5, score: value, reason: "", assertion: { type: "javascript", metric: name }, ...extra });
  if (!must) return { pass: score > 0.5, score, reason: "" };
  const kept = has(must) ? 1 : 0;
  return { pass: false, score: (score + kept) / 2, reason: "", componentResults: [part("kind", score), part("safe", kept, { metadata: { must: true } })] };
};`;

interface Extra {
  ungraded?: boolean;
  needs?: string;
  must?: string;
}

async function project(texts: readonly string[], on: { train?: Extra; validation?: Extra } = {}, grpo = {}) {
  const tests = (["train", "validation"] as const).flatMap((split) =>
    Array.from({ length: split === "train" ? 8 : 4 }, (_, index) => ({
      vars: { q: `${split} ${index}` },
      metadata: { id: `${split}-${index}`, split, ...on[split] },
    })),
  );
  const space = workspace({
    "grade.mjs": GRADE,
    "promptfooconfig.yaml": {
      prompts: ["Answer {{q}}"],
      providers: [{ id: "file://model.mjs", label: "m" }],
      defaultTest: { assert: [{ type: "javascript", value: "file://grade.mjs" }] },
      tests,
      metadata: { grpo: { agent: "x", ...grpo } },
    },
  });
  const store = openLibraryStore({ root: `${space.folder}/experiences`, agent: "x", route: "common" });
  if (texts.length > 0) await plant(store, texts);
  const prune = (flags: PruneOptions["flags"] = {}, options: Partial<PruneOptions> = {}): Promise<number> =>
    pruneLibrary({
      config: `${space.folder}/promptfooconfig.yaml`,
      display: "none",
      ...options,
      flags: { pruneRounds: 10, validationRepeats: 1, ...flags },
    });
  return { space, store, prune };
}

async function plant(store: LibraryStore, texts: readonly string[]): Promise<void> {
  const { document } = applyOperations(
    (await store.load()).document,
    texts.map((text) => ({ op: "ADD", text })),
    { maxExperiences: 20, maxWords: 32 },
  );
  const evidence = [0, 1].map((index) => ({ exampleId: `train-${index}`, experience: "E1" }));
  await store.commit({
    document,
    expectedParentHash: null,
    entry: { author: "train", reason: "learned", evidence },
  });
}

const textsOf = async (store: LibraryStore): Promise<string[]> =>
  (await store.load()).document.experiences.map(({ text }) => text);
const asked = (space: Workspace): number => space.calls().length;

describe("library prune", () => {
  it("removes what hurts and what does nothing, as a version that tells what was measured", async () => {
    const { store, prune } = await project([GOOD, BAD, IDLE]);
    expect(await prune()).toBe(0);
    expect(await textsOf(store)).toEqual([GOOD]);
    expect((await store.history()).at(-1)).toMatchObject({
      status: "accepted",
      version: 2,
      author: "prune",
      parentVersion: 1,
      gate: { accepted: true, margin: 0.02, n: 4 },
      operations: [
        { op: "DELETE", id: "E2", reason: "hurts" },
        { op: "DELETE", id: "E3", reason: "does nothing" },
        { op: "KEEP", id: "E1", reason: "helps" },
      ],
    });
    const [hurts, , helps] = (await store.history()).at(-1)?.operations ?? [];
    expect(hurts?.effect?.high).toBeLessThan(-0.1);
    expect(helps?.effect?.low).toBeGreaterThan(0.1);
    // Of its two examples, two rollouts a round each.
    const seen = (helps?.effect?.with ?? 0) + (helps?.effect?.without ?? 0);
    expect(seen * 4).toBe((hurts?.effect?.with ?? 0) + (hurts?.effect?.without ?? 0));
    expect(printed).toMatch(/E2 +hurts +-0\.\d\d +-0\.\d\d to -0\.\d\d +\d+\/\d+ +all +Answer in one word\./);
    expect(printed).toMatch(/E1 +helps +\+0\.\d\d .* 2 of its own +Name what is owed\./);
    expect(printed).toContain("result      x/common version 2: 3 experiences -> 1");
    expect(await showLibrary(store, true)).toMatch(/\[E1\] Name what is owed\.\n +\+0\.\d\d \(95 % \+/);
    expect(await showLibrary(store)).not.toContain("95 %");
    expect(await logLibrary(store)).toMatch(
      /version 2 {2}prune .*\n.*\n {2}DELETE E2 \(hurts\): -0\.\d\d \(95 % /,
    );
  });

  it("stops measuring once everything is decided", async () => {
    const { space, prune } = await project([BAD]);
    await prune({ pruneRounds: 30 });
    expect(asked(space)).toBeLessThan(8 * 2 * 10);
  });

  it("keeps what does nothing when the gate refuses, and removes what hurts", async () => {
    const { store, prune } = await project([GOOD, BAD, IDLE], { validation: { needs: "plain ink" } });
    await prune({ pruneMargin: 0 });
    expect((await store.history()).map(({ status, operations }) => [status, operations[1]])).toMatchObject([
      ["accepted", undefined],
      ["rejected", { op: "DELETE", id: "E3" }],
      ["accepted", { op: "KEEP", id: "E1" }],
    ]);
    expect(await textsOf(store)).toEqual([GOOD, IDLE]);
  });

  it("does not try again what the gate refused, but with a larger margin", async () => {
    const { store, prune } = await project([GOOD, IDLE], { validation: { needs: "plain ink" } });
    await prune();
    expect((await store.history()).at(-1)).toMatchObject({
      status: "rejected",
      author: "prune",
      reason: expect.stringMatching(/^worse on validation by more than 0\.02/),
    });
    const entries = (await store.history()).length;
    await prune();
    expect(await store.history()).toHaveLength(entries);
    expect(printed).toContain("stays as it is: the gate refused this before");
    await prune({ pruneMargin: 0.6 });
    expect(await textsOf(store)).toEqual([GOOD]);
  });

  it("never trades a must-pass criterion, in measuring and at the gate", async () => {
    const needed = await project([GOOD, IDLE], { train: { must: "plain ink" } });
    await needed.prune();
    expect(printed).toMatch(/E2 +helps/);
    expect(await textsOf(needed.store)).toEqual([GOOD, IDLE]);
    const unseen = await project([GOOD, IDLE], { validation: { must: "plain ink" } });
    await unseen.prune({ pruneMargin: 1 });
    expect((await unseen.store.history()).at(-1)?.reason).toMatch(/^must-pass criterion safe got worse/);
  });

  it("goes on where a cap stopped it, asking nothing twice", async () => {
    const whole = await project([GOOD, BAD, IDLE]);
    await whole.prune();
    const cut = await project([GOOD, BAD, IDLE]);
    const error = await grpoErrorOf(() => cut.prune({ maxCalls: 70 }));
    expect(error).toMatchObject({ code: "BUDGET_REACHED", exitCode: 4 });
    expect(await textsOf(cut.store)).toEqual([GOOD, BAD, IDLE]);
    const note = unfinishedNote({ settings: { agent: "x", route: "common" } } as Suite, {
      command: "train",
      flags: {},
    });
    expect(note).toContain("promptfoo-grpo library prune --resume");
    await cut.prune({ maxCalls: 10_000 }, { resume: true });
    expect(asked(cut.space)).toBe(asked(whole.space));
    expect((await cut.store.load()).document.source).toBe((await whole.store.load()).document.source);
  });

  it("prints the plan and calls nothing", async () => {
    const { space, prune } = await project([GOOD, BAD]);
    await prune({ pruneExamples: 5, pruneRounds: 4 }, { dryRun: true });
    expect(printed).toContain("2 experiences, 1 with the examples that taught them");
    expect(printed).toContain("measuring   at most 40 rollouts: 5 training examples x 2, 4 rounds");
    expect(printed).toContain("calls       at most 52, graders not counted");
    expect(asked(space)).toBe(0);
  });

  it("tells the same as JSON", async () => {
    const { prune } = await project([GOOD, BAD]);
    await prune({}, { json: true });
    expect(JSON.parse(printed)).toMatchObject({
      version: 2,
      removed: ["E2"],
      experiences: [
        { id: "E1", decision: "helps", taughtBy: ["train-0", "train-1"] },
        { id: "E2", decision: "hurts", taughtBy: null },
      ],
    });
  });

  it.each<[string, string[], Extra, string]>([
    ["a library without experiences", [], {}, "NOTHING_TO_PRUNE"],
    ["rollouts that nobody could grade", [GOOD], { ungraded: true }, "ALL_UNGRADED"],
  ])("refuses %s", async (_what, texts, train, code) => {
    const { store, prune } = await project(texts, { train });
    const before = await store.history();
    expect(await grpoErrorOf(() => prune())).toMatchObject({ code, exitCode: 3 });
    expect(await store.history()).toEqual(before);
  });
});
