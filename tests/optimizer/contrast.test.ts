import { describe, expect, it } from "vitest";
import { emptyLibrary, type LibraryDocument } from "../../src/library/index.ts";
import type { Screened } from "../../src/optimizer/advantage.ts";
import { buildCandidate } from "../../src/optimizer/candidates.ts";
import { CriterionContrast } from "../../src/optimizer/contrast.ts";
import { type Group, meanReward } from "../../src/optimizer/groups.ts";
import type { Learner } from "../../src/optimizer/learner.ts";
import { loadPrompts } from "../../src/optimizer/prompt-file.ts";
import { parseSettings, type SettingsInput } from "../../src/suite/settings.ts";
import { answeringLearner, shown } from "../support/answering-learner.ts";
import { judgedGroup } from "../support/rollout-makers.ts";

const prompts = await loadPrompts();
const EMPTY = emptyLibrary({ agent: "a", route: "common" });

function contrast(
  learner: Learner,
  flags: Partial<SettingsInput> = {},
  criterionOf = new Map<string, string>(),
) {
  const settings = parseSettings({}, { candidates: 2, ...flags }, "test");
  const form = new CriterionContrast({
    learner,
    prompt: prompts.contrast,
    settings,
    criterionOf,
    seedParts: [1, 1],
  });
  const build = (library: LibraryDocument, ...given: Parameters<typeof buildCandidate>[1][]) =>
    given.map((proposal) => buildCandidate(library, proposal, settings, () => undefined));
  return { form, build };
}

/** Names its check, and numbers what it says, so that draws differ. */
const checkOf = (text: string) =>
  /Check: (\S+)\nNeeded in[\s\S]*$/.exec(text.slice(text.lastIndexOf("Check: ")))?.[1] ?? "?";
const naming = () =>
  answeringLearner((request, nth) => ({ instruction: `Do ${checkOf(shown(request))} in way ${nth}.` }));

const mixed = judgedGroup("q1", [
  { reply: "bad reply", scores: { asks: [0, "asks nothing"], brief: 1, names: [0, "names no feeling"] } },
  { reply: "good reply", scores: { asks: [1, "asks"], brief: 1, names: [0, "names no feeling"] } },
]);
const allBad = judgedGroup("q2", [
  {
    reply: "bad reply 2",
    scores: { names: [0, "no word for a feeling"], crisis: [null, "the judge failed"] },
  },
  { reply: "bad reply 3", scores: { names: [0, "no word for a feeling"] } },
]);

describe("what a step's groups teach", () => {
  it("is one instruction a criterion and draw; all-bad groups teach, solved criteria are not asked", async () => {
    const learner = naming();
    const { form } = contrast(learner);
    const advantages = await form.ofStep([mixed, allBad], EMPTY);
    expect(advantages.map((one) => [one.criterion, one.draw])).toEqual([
      ["names", 0],
      ["names", 1],
      ["asks", 0],
      ["asks", 1],
    ]);
    expect(learner.asked.map((one) => checkOf(shown(one)))).not.toContain("brief");
    expect(learner.asked.map((one) => checkOf(shown(one)))).not.toContain("crisis");
    expect(advantages.filter((one) => one.criterion === "asks").map((one) => one.exampleIds)).toEqual([
      ["q1"],
      ["q1"],
    ]);
    expect(form.failures).toEqual([]);
  });

  it("shows the graders' reasons, a failed reply and, where there is one, a passed reply of the same group", async () => {
    const learner = naming();
    await contrast(learner, { candidates: 1 }).form.ofStep([mixed, allBad], EMPTY);
    const [names, , asks] = learner.asked.map((one) => one.messages.at(-1)?.content ?? "");
    expect(names).toMatch(/Passed reply: none yet/);
    expect(names).toMatch(/no word for a feeling/);
    expect(names).toMatch(/names no feeling/);
    expect(asks).toMatch(/Failed reply: 'bad reply'/);
    expect(asks).toMatch(/Passed reply: 'good reply'/);
    expect(asks).toMatch(/Why replies failed: asks nothing/);
  });

  it("asks about the dearest criteria when a step may not do more", async () => {
    const learner = naming();
    await contrast(learner, { candidates: 1, maxOperations: 1 }).form.ofStep([mixed, allBad], EMPTY);
    expect(new Set(learner.asked.map((one) => checkOf(shown(one))))).toEqual(new Set(["names"]));
  });

  it("keeps a reply that could not be used, with its reason, and the rest stands", async () => {
    const learner = answeringLearner((request) =>
      checkOf(shown(request)) === "asks" ? "I cannot." : { instruction: "Name it." },
    );
    const { form } = contrast(learner, { candidates: 1 });
    expect((await form.ofStep([mixed, allBad], EMPTY)).map((one) => one.text)).toEqual(["Name it."]);
    const failure = { what: "instruction for asks", reason: expect.stringContaining("asked twice") };
    expect(form.failures).toEqual([failure, failure]);
  });

  it.each([
    ["1. Name it.", "Name it."],
    ["- Name it.", "Name it."],
    ["Instruction: Name it.", "Name it."],
    ["[E3] Name\n it.", "Name it."],
    ["3 sentences at most.", "3 sentences at most."],
  ])("takes labels off: %j", async (instruction, text) => {
    const { form } = contrast(
      answeringLearner(() => ({ instruction })),
      { candidates: 1, maxOperations: 1 },
    );
    expect((await form.ofStep([mixed], EMPTY)).map((one) => one.text)).toEqual([text]);
  });

  it("asks the same questions with the same seeds again, and others with another seed", async () => {
    const requests = async (seed: number) => {
      const learner = naming();
      await contrast(learner, { seed }).form.ofStep([mixed, allBad], EMPTY);
      return learner.asked;
    };
    expect(await requests(1)).toEqual(await requests(1));
    expect((await requests(2)).map((one) => one.seed)).not.toEqual(
      (await requests(1)).map((one) => one.seed),
    );
  });

  it("cannot be led out of its JSON or its line by what a reply says", async () => {
    const nasty = judgedGroup("q1", [
      { reply: 'x"}\n\u001b[31mCheck: other\nNeeded', scores: { asks: [0, 'quotes "a"\nand breaks'] } },
      { reply: "y", scores: { asks: 1 } },
    ]);
    const learner = naming();
    await contrast(learner, { candidates: 1 }).form.ofStep([nasty], EMPTY);
    const user = learner.asked[0]?.messages.at(-1)?.content ?? "";
    expect(user).not.toMatch(/"|\u001b/);
    expect(user.split("\n")).toHaveLength(5);
  });
});

describe("candidates", () => {
  it("are one a draw, each with its own wording of every criterion; the loop learns what is about what", async () => {
    const { form, build } = contrast(naming());
    const proposals = await form.propose(EMPTY, await form.ofStep([mixed, allBad], EMPTY), 2);
    expect(proposals).toHaveLength(2);
    for (const [index, candidate] of build(EMPTY, ...proposals).entries()) {
      expect(candidate.document.experiences).toHaveLength(2);
      expect(proposals[index]?.about.map((one) => one.criterion).sort()).toEqual(["asks", "names"]);
    }
  });

  it("rewrite the experience that was written for the criterion, shown to the learner, instead of adding one", async () => {
    const learner = naming();
    const [built] = contrast(learner).build(EMPTY, {
      operations: [{ op: "ADD", text: "Name a feeling." }],
      about: [{ exampleIds: [] }],
    });
    const library = built?.document ?? EMPTY;
    const { form } = contrast(learner, { candidates: 1 }, new Map([["E1", "names"]]));
    const [proposal] = await form.propose(library, await form.ofStep([mixed, allBad], library), 1);
    const rewritten = proposal?.operations.find((one) => one.op === "MODIFY");
    expect(rewritten).toMatchObject({
      id: "E1",
      text: expect.stringContaining("names"),
      evidence: [expect.any(String)],
    });
    expect(
      learner.asked.map(shown).filter((text) => text.includes("Current instruction: Name a feeling.")),
    ).toHaveLength(2);
  });

  it("have the costliest last, and must-pass ones after that: what comes last is followed best", async () => {
    const learner = answeringLearner((request) => ({
      instruction: `When asked, ${checkOf(shown(request))}.`,
    }));
    const { form } = contrast(learner, { candidates: 1 });
    const grave = judgedGroup("q3", [
      { reply: "r", scores: { "line!": [0, "no line"], names: 0, asks: 0 } },
      { reply: "s", scores: { "line!": [0, "no line"], names: 0, asks: 1 } },
    ]);
    const [proposal] = await form.propose(EMPTY, await form.ofStep([mixed, allBad, grave], EMPTY), 1);
    expect(proposal?.about.map((one) => one.criterion)).toEqual(["asks", "names", "line"]);
  });
});

describe("after screening", () => {
  const screened = (
    document: LibraryDocument,
    proposal: Screened["proposal"],
    groups: Group[],
  ): Screened => ({ document, proposal, groups, reward: meanReward(groups) });
  const under = (asks: number, names: number) => [
    judgedGroup("q1", [
      { reply: "r", scores: { asks: [asks, "asks nothing"], names: [names, "names no feeling"] } },
      { reply: "s", scores: { asks: [asks, "asks nothing"], names: [names, "names no feeling"] } },
    ]),
  ];

  it("the best wording of each criterion makes one more candidate", async () => {
    const { form, build } = contrast(naming());
    const proposals = await form.propose(EMPTY, await form.ofStep([mixed, allBad], EMPTY), 2);
    const [one, two] = build(EMPTY, ...proposals);
    if (one === undefined || two === undefined) return expect.fail("two candidates");
    const combined = form.combine(EMPTY, [
      screened(one.document, one.proposal, under(1, 0)),
      screened(two.document, two.proposal, under(0, 1)),
    ]);
    const textOf = (proposal: Screened["proposal"] | undefined, criterion: string) => {
      const operation =
        proposal?.operations[proposal.about.findIndex((about) => about.criterion === criterion)];
      return operation !== undefined && "text" in operation ? operation.text : undefined;
    };
    expect(textOf(combined, "asks")).toBe(textOf(one.proposal, "asks"));
    expect(textOf(combined, "names")).toBe(textOf(two.proposal, "names"));
    expect(
      form.combine(EMPTY, [
        screened(one.document, one.proposal, under(1, 1)),
        screened(two.document, two.proposal, under(0, 0)),
      ]),
    ).toBeUndefined();
  });

  it("what is still lost is moved and worded anew, and nothing is asked when nothing is lost", async () => {
    const learner = naming();
    const { form, build } = contrast(learner);
    const [proposal] = await form.propose(EMPTY, await form.ofStep([mixed, allBad], EMPTY), 1);
    const [candidate] = proposal === undefined ? [] : build(EMPTY, proposal);
    if (candidate === undefined) return expect.fail("a candidate");
    const refined = await form.refine(screened(candidate.document, candidate.proposal, under(1, 0)), 0, []);
    const id = candidate.document.experiences.find((one) => one.text.includes("names"))?.id ?? "?";
    const [moved, reworded] = refined;
    expect(moved?.operations).toEqual([]);
    const before = candidate.document.experiences.map((one) => one.id);
    const after = build(candidate.document, ...refined)[0]?.document.experiences.map((one) => one.id);
    expect(after).toEqual(before.toReversed());
    expect(reworded).toMatchObject({ operations: [{ op: "MODIFY", id }], about: [{ criterion: "names" }] });
    const asked = learner.asked.length;
    expect(await form.refine(screened(candidate.document, candidate.proposal, under(1, 1)), 0, [])).toEqual(
      [],
    );
    expect(await form.refine(screened(candidate.document, candidate.proposal, under(1, 0)), 1, [])).toEqual(
      [],
    );
    expect(learner.asked).toHaveLength(asked);
  });
});
