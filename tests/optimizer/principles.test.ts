import { describe, expect, it } from "vitest";
import { emptyLibrary } from "../../src/library/index.ts";
import type { Advantage } from "../../src/optimizer/advantage.ts";
import { toGroup } from "../../src/optimizer/groups.ts";
import type { Learner } from "../../src/optimizer/learner.ts";
import { GroupPrinciples } from "../../src/optimizer/principles.ts";
import { loadPrompts } from "../../src/optimizer/prompt-file.ts";
import { parseSettings, type SettingsInput } from "../../src/suite/settings.ts";
import { answeringLearner, shown } from "../support/answering-learner.ts";
import { example, group, rollout } from "../support/rollout-makers.ts";

const prompts = await loadPrompts();
const EMPTY = emptyLibrary({ agent: "a", route: "common" });

function principles(learner: Learner, flags: Partial<SettingsInput> = {}) {
  const settings = parseSettings({}, { candidates: 2, ...flags }, "test");
  return new GroupPrinciples({ learner, prompts, settings, seedParts: [1, 1] });
}

const answers = (over: Partial<Record<string, unknown>> = {}) =>
  answeringLearner((request) => {
    const given: Record<string, unknown> = {
      summary: { summary: "It listened." },
      principles: { principles: [{ text: "Name the feeling first.", attempts: [1] }] },
      revision: { operations: [{ op: "ADD", id: null, text: "Name the feeling first.", principles: [1] }] },
      ...over,
    };
    return given[request.schemaName];
  });

describe("what one group taught", () => {
  it("is summarised rollout by rollout and then compared, rewards and reasons shown", async () => {
    const learner = answers();
    const judged = toGroup(example("q1", { query: "what now?" }), [
      rollout(0.25, { reply: "advice", repeat: 0, scores: { "keeps-boundaries": [0, "gives advice"] } }),
      rollout(1, { reply: "listening", repeat: 1, scores: { "keeps-boundaries": [1, "fine"] } }),
    ]);
    const form = principles(learner, { schedule: "plain" });
    expect(await form.ofGroup(judged, EMPTY)).toEqual([
      { text: "Name the feeling first.", exampleIds: ["q1"], draw: 0 },
    ]);
    expect(learner.asked.map((one) => one.stage)).toEqual(["summary", "summary", "advantage"]);
    const [first, , comparison] = learner.asked.map(shown);
    expect(first).toMatch(/what now\?[\s\S]*advice[\s\S]*keeps-boundaries: 0\.00 \(gives advice\)/);
    expect(comparison).toMatch(
      /\(none yet\)[\s\S]*what now\?[\s\S]*number="1" reward="0\.25"[\s\S]*It listened\.[\s\S]*number="2" reward="1\.00"/,
    );
  });

  it.each([
    ["informative", [0, 1], 2],
    ["all bad", [0.5, 0.5], 2],
    ["solved", [1, 1], 0],
    ["incomplete", [1, null], 0],
    ["informative with an ungraded rollout, which is left out", [0, null, 1], 2],
  ])("a group that is %s", async (_what, rewards, summaries) => {
    const learner = answers();
    await principles(learner, { schedule: "plain" }).ofGroup(group("q1", rewards), EMPTY);
    expect(learner.asked.filter((one) => one.stage === "summary")).toHaveLength(summaries);
    expect(learner.asked.map(shown).join("")).not.toMatch(/NaN|null/);
  });

  it.each([
    ["short replies are compared as they are", 100, 0],
    ["long ones are summarised first, each by itself", 9000, 2],
  ])("unless the schedule is plain, %s", async (_what, length, summaries) => {
    const learner = answers();
    const replies = toGroup(example("q1"), [
      rollout(0, { reply: "a".repeat(length) }),
      rollout(1, { reply: "b".repeat(length), repeat: 1 }),
    ]);
    expect(await principles(learner).ofGroup(replies, EMPTY)).toHaveLength(1);
    expect(learner.asked.filter((one) => one.stage === "summary")).toHaveLength(summaries);
    expect(learner.asked.map(shown).at(-1)?.includes("a".repeat(100))).toBe(summaries === 0);
  });

  it("a failed summary is kept with its reason, and the reply itself is compared instead", async () => {
    const learner = answers({ summary: "no" });
    const form = principles(learner, { schedule: "plain" });
    const shownReply = toGroup(example("q1"), [
      rollout(0, { reply: "the very words" }),
      rollout(1, { repeat: 1 }),
    ]);
    expect(await form.ofGroup(shownReply, EMPTY)).toHaveLength(1);
    expect(form.failures.map((one) => one.what).sort()).toEqual([
      "summary of q1, repeat 0",
      "summary of q1, repeat 1",
    ]);
    expect(learner.asked.map(shown).at(-1)).toContain("the very words");
  });

  it("a failed comparison is kept with its reason", async () => {
    const form = principles(answers({ principles: { principles: [{ text: "x" }] } }));
    expect(await form.ofGroup(group("q1", [0, 1]), EMPTY)).toEqual([]);
    expect(form.failures).toEqual([
      { what: "comparison of q1", reason: expect.stringContaining("attempts") },
    ]);
  });

  it("a very long question is shown by its beginning and end too", async () => {
    const learner = answers();
    const query = `BEGIN${"x".repeat(50_000)}END`;
    const judged = toGroup(example("q1", { query }), [rollout(0), rollout(1, { repeat: 1 })]);
    await principles(learner, { schedule: "plain" }).ofGroup(judged, EMPTY);
    expect(learner.asked).toHaveLength(3);
    for (const text of learner.asked.map(shown)) {
      expect(text.length).toBeLessThan(10_000);
      expect(text).toMatch(/BEGINx+\n\[… \d+ characters left out …\]\nx+END/);
    }
  });

  it("a very long reply is shown by its beginning and end", async () => {
    const learner = answers();
    const long = toGroup(example("q1"), [
      rollout(0, { reply: `BEGIN${"x".repeat(50_000)}END` }),
      rollout(1, { repeat: 1 }),
    ]);
    await principles(learner).ofGroup(long, EMPTY);
    const text = learner.asked.map(shown)[0] ?? "";
    expect(text.length).toBeLessThan(10_000);
    expect(text).toMatch(/BEGINx+\n\[… \d+ characters left out …\]\nx+END/);
  });
});

describe("what a step's principles make of the library", () => {
  const advantages: Advantage[] = [
    { text: "Name the feeling.", exampleIds: ["q1"], draw: 0 },
    { text: "Ask less.", exampleIds: ["q2"], draw: 0 },
  ];
  const many: Advantage[] = Array.from({ length: 36 }, (_, index) => ({
    text: `Name feeling ${index}.`,
    exampleIds: [`q${index}`],
    draw: 0,
  }));

  it("operations carry the examples and words of the principles behind them", async () => {
    const learner = answers({
      revision: {
        operations: [
          { op: "ADD", id: null, text: " Name the feeling;\n  ask less.", principles: [1, 2] },
          { op: "MODIFY", id: "E2", text: "Ask once.", principles: [2] },
          { op: "DELETE", id: "E4", text: null, principles: [] },
          { op: "KEEP", id: "E1", text: null, principles: [] },
        ],
      },
    });
    const proposals = await principles(learner, { candidates: 1 }).propose(EMPTY, advantages, 1);
    expect(proposals).toEqual([
      {
        operations: [
          {
            op: "ADD",
            text: "Name the feeling; ask less.",
            reason: "Name the feeling. | Ask less.",
            evidence: ["q1", "q2"],
          },
          { op: "MODIFY", id: "E2", text: "Ask once.", reason: "Ask less.", evidence: ["q2"] },
          { op: "DELETE", id: "E4", reason: "", evidence: [] },
        ],
        about: [
          { exampleIds: ["q1", "q2"], taughtBy: ["Name the feeling.", "Ask less."] },
          { exampleIds: ["q2"], taughtBy: ["Ask less."] },
          { exampleIds: [], taughtBy: [] },
        ],
      },
    ]);
  });

  it("an operation that lacks its text or id is kept as failed; its neighbours stand", async () => {
    const form = principles(
      answers({
        revision: {
          operations: [
            { op: "ADD", id: null, text: null, principles: [1] },
            { op: "MODIFY", id: null, text: "x", principles: [1] },
            { op: "ADD", id: null, text: "Name it.", principles: [1] },
          ],
        },
      }),
    );
    const [proposal] = await form.propose(EMPTY, advantages, 1);
    expect(proposal?.operations).toMatchObject([{ op: "ADD", text: "Name it." }]);
    expect(form.failures.map((one) => one.what)).toEqual(["operation ADD", "operation MODIFY"]);
  });

  it("operations beyond the cap of a step are left out, and said to be", async () => {
    const operations = ["a", "b", "c"].map((text) => ({ op: "ADD", id: null, text, principles: [1] }));
    const form = principles(answers({ revision: { operations } }), { maxOperations: 2 });
    const [proposal] = await form.propose(EMPTY, advantages, 1);
    expect(proposal?.operations).toHaveLength(2);
    expect(form.failures).toEqual([{ what: "operation ADD", reason: expect.stringContaining("at most 2") }]);
  });

  it("many principles are merged first, once for all draws, and those behind them stay behind the operations", async () => {
    const learner = answers({
      merge: { principles: [{ text: "Name the feeling.", from: [1, 3] }] },
      revision: { operations: [{ op: "ADD", id: null, text: "Name feelings.", principles: [1, 2] }] },
    });
    const proposals = await principles(learner).propose(EMPTY, many, 2);
    expect(learner.asked.map((one) => one.stage)).toEqual([
      ...Array<string>(6).fill("merge"),
      "revision",
      "revision",
    ]);
    expect(new Set(learner.asked.map((one) => one.seed)).size).toBe(8);
    expect(learner.asked.map(shown)[6]).not.toContain("Name feeling 0.");
    const exampleIds = ["q0", "q2", "q6", "q8"];
    expect(proposals[0]).toEqual({
      operations: [
        {
          op: "ADD",
          text: "Name feelings.",
          reason: "Name the feeling. | Name the feeling.",
          evidence: exampleIds,
        },
      ],
      about: [{ exampleIds, taughtBy: exampleIds.map((id) => `Name feeling ${id.slice(1)}.`) }],
    });
  });

  it("the paper's schedule revises all principles at once", async () => {
    const learner = answers();
    await principles(learner, { schedule: "plain" }).propose(EMPTY, many, 1);
    expect(learner.asked.map((one) => one.stage)).toEqual(["revision"]);
  });

  it("a merge that fails twice is kept with its reason, and its principles are revised as they are", async () => {
    const learner = answers({ merge: { principles: [] } });
    const form = principles(learner);
    expect(await form.propose(EMPTY, many, 1)).toHaveLength(1);
    expect(form.failures).toHaveLength(6);
    expect(form.failures[0]).toEqual({
      what: "merging of 6 principles",
      reason: expect.stringMatching(/^asked twice/),
    });
    expect(learner.asked.map(shown).at(-1)).toContain("36. Name feeling 35.");
  });

  it("draws differ by seed, and nothing is asked when nothing was learned", async () => {
    const learner = answers();
    const form = principles(learner);
    expect(await form.propose(EMPTY, [], 3)).toEqual([]);
    expect(learner.asked).toEqual([]);
    await form.propose(EMPTY, advantages, 3);
    expect(new Set(learner.asked.map((one) => one.seed)).size).toBe(3);
  });

  it("one failed revision leaves the other candidates", async () => {
    const learner = answeringLearner((_request, nth) =>
      nth === 1
        ? { error: "API error: 400" }
        : { operations: [{ op: "ADD", id: null, text: "Name it.", principles: [1] }] },
    );
    const form = principles(learner);
    expect(await form.propose(EMPTY, advantages, 2)).toHaveLength(1);
    expect(form.failures).toEqual([{ what: "revision 1", reason: "API error: 400" }]);
  });
});
