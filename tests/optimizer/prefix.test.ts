import { describe, expect, it } from "vitest";
import { parseLibrary } from "../../src/library/index.ts";
import { toGroup } from "../../src/optimizer/groups.ts";
import type { LearnerRequest } from "../../src/optimizer/learner.ts";
import { GroupPrinciples } from "../../src/optimizer/principles.ts";
import { loadPrompts } from "../../src/optimizer/prompt-file.ts";
import { parseSettings } from "../../src/suite/settings.ts";
import { answeringLearner } from "../support/answering-learner.ts";
import { example, rollout } from "../support/rollout-makers.ts";

// Providers keep the beginning of a prompt and read it once, for as long as the next one begins alike.

const LIBRARY = parseLibrary(
  "---\nagent: a\nroute: common\nversion: 1\n---\n- [E1] Name the feeling.\n- [E2] Ask once.\n",
  "lib.md",
);
const ANSWERS: Record<string, unknown> = {
  summary: { summary: "It listened." },
  principles: { principles: [{ text: "Name it.", attempts: [1] }] },
  merge: { principles: [{ text: "Name it.", from: [1] }] },
  revision: { operations: [] },
};

/** What the learner is asked in one step: two groups of two replies that are too long, then many principles. */
async function askedInAStep(): Promise<LearnerRequest[]> {
  const learner = answeringLearner((request) => ANSWERS[request.schemaName]);
  const settings = parseSettings({}, {}, "test");
  const form = new GroupPrinciples({ learner, prompts: await loadPrompts(), settings, seedParts: [1, 1] });
  for (const id of ["ant", "bee"]) {
    const replies = ["x", "y"].map((word, repeat) =>
      rollout(repeat, { repeat, reply: `${word} of ${id}`.repeat(2000), scores: { asks: repeat } }),
    );
    await form.ofGroup(toGroup(example(id, { query: `${id} asks` }), replies), LIBRARY);
  }
  const many = Array.from({ length: 40 }, (_, index) => ({
    text: `${index} is a thing.`,
    exampleIds: [`q${index}`],
    draw: 0,
  }));
  await form.propose(LIBRARY, many, 2);
  return learner.asked;
}

const asked = await askedInAStep();
const of = (stage: string): string[] =>
  asked
    .filter((one) => one.stage === stage)
    .map((one) => one.messages.map(({ role, content }) => `${role}: ${content}`).join("\n"));

function common(a = "", b = ""): string {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end++;
  return a.slice(0, end);
}

describe("two of the learner's prompts in one step begin alike up to what differs", () => {
  it("comparisons: the instructions and the library, up to the question", () => {
    const [one, other] = of("advantage");
    expect(common(one, other)).toMatch(
      /^system: .*\nuser: <experiences>[\s\S]*\[E2\] Ask once\.[\s\S]*<question>\n$/,
    );
    expect(one?.slice(common(one, other).length)).toMatch(/^ant asks/);
  });

  it("summaries of a group: the instructions and the question, up to the attempt", () => {
    const [one, other] = of("summary");
    expect(common(one, other)).toMatch(
      /^system: .*\nuser: <question>\nant asks\n<\/question>\n<attempt reward="$/,
    );
  });

  it("summaries of a step: the instructions", () => {
    const [one, , third] = of("summary");
    expect(common(one, third)).toMatch(/^system: .*\nuser: <question>\n$/);
  });

  it("merges: the instructions, up to the principles", () => {
    const [one, other] = of("merge");
    expect(common(one, other)).toMatch(/^system: .*\nuser: <principles>\n1\. $/);
  });

  it("revisions: all of it, and the library before what was learned", () => {
    const [one, other] = of("revision");
    expect(one).toBe(other);
    expect(one).toMatch(/^system: .*\nuser: <library>[\s\S]*\[E2\] Ask once\.[\s\S]*<principles>\n1\. /);
  });

  it("an answer that cannot be used is asked for again below the very same messages", async () => {
    const learner = answeringLearner((_request, nth) => (nth === 1 ? "no" : ANSWERS["principles"]));
    const settings = parseSettings({}, {}, "test");
    const form = new GroupPrinciples({ learner, prompts: await loadPrompts(), settings, seedParts: [1] });
    await form.ofGroup(toGroup(example("q"), [rollout(0), rollout(1, { repeat: 1 })]), LIBRARY);
    const [first, again] = learner.asked;
    expect(again?.messages.slice(0, first?.messages.length)).toEqual(first?.messages);
    expect(again?.messages).toHaveLength((first?.messages.length ?? 0) + 2);
  });
});
