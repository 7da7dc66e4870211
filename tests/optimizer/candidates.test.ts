import { describe, expect, it } from "vitest";
import { emptyLibrary, type LibraryDocument, type Operation } from "../../src/library/index.ts";
import { buildCandidate } from "../../src/optimizer/candidates.ts";
import { leakCheck } from "../../src/optimizer/leaks.ts";
import { parseSettings } from "../../src/suite/settings.ts";
import type { Suite, SuiteExample } from "../../src/suite/suite.ts";
import { example } from "../support/rollout-makers.ts";

const settings = parseSettings({}, { maxExperiences: 4, maxWords: 8 }, "test");
const admitAll = () => undefined;
const add = (text: string): Operation => ({ op: "ADD", text });
const proposal = (operations: Operation[], front: string[] = []) => ({
  operations,
  about: operations.map((_, index) => ({ criterion: `c${index}`, exampleIds: [`q${index}`] })),
  front,
});

function candidate(library: LibraryDocument, operations: Operation[], front: string[] = []) {
  return buildCandidate(library, proposal(operations, front), settings, admitAll);
}
const library = candidate(emptyLibrary({ agent: "a", route: "common" }), [
  add("Name the feeling."),
  add("Ask one question."),
  add("Stay brief."),
]).document;
const lines = (document: LibraryDocument) => document.experiences.map((one) => `${one.id} ${one.text}`);

describe("buildCandidate", () => {
  it("applies every operation and keeps what each is about", () => {
    const built = candidate(library, [
      add("Give no advice."),
      { op: "MODIFY", id: "E2", text: "Ask one open question." },
    ]);
    expect(lines(built.document)).toEqual([
      "E1 Name the feeling.",
      "E2 Ask one open question.",
      "E3 Stay brief.",
      "E4 Give no advice.",
    ]);
    expect(built.proposal.about.map((one) => one.criterion)).toEqual(["c0", "c1"]);
    expect(built.refused).toEqual([]);
  });

  it("one bad operation costs its neighbours nothing, and what is about what stays in step", () => {
    const built = candidate(library, [
      { op: "DELETE", id: "E9" },
      add("one two three four five six seven eight nine"),
      add("name the FEELING"),
      add("Give no advice."),
      add("A fifth."),
    ]);
    expect(lines(built.document).at(-1)).toBe("E4 Give no advice.");
    expect(built.proposal).toMatchObject({
      operations: [add("Give no advice.")],
      about: [{ criterion: "c3" }],
    });
    expect(built.refused.map((one) => one.reason)).toEqual([
      expect.stringContaining('no experience "E9"'),
      expect.stringContaining("9 words"),
      expect.stringContaining("E1 already says this"),
      expect.stringContaining("at most 4 experiences"),
    ]);
  });

  it("leaves out what may not enter, with the reason", () => {
    const refused = { text: "Greet Paul.", reason: 'it copies "paul" from an example' };
    const built = buildCandidate(
      library,
      proposal([add("Greet Paul."), add("Give no advice.")]),
      settings,
      (operation) => ("text" in operation && operation.text.includes("Paul") ? refused : undefined),
    );
    expect(lines(built.document)).toHaveLength(4);
    expect(built.refused).toEqual([refused]);
    expect(built.proposal.about.map((one) => one.criterion)).toEqual(["c1"]);
  });

  it("moves experiences to the front, unknown ones aside", () => {
    expect(
      lines(candidate(library, [add("Give no advice.")], ["E3", "E77"]).document).map((line) =>
        line.slice(0, 2),
      ),
    ).toEqual(["E3", "E1", "E2", "E4"]);
  });

  it("with nothing left to apply is the library, byte for byte", () => {
    const built = candidate(library, [{ op: "DELETE", id: "E9" }]);
    expect(built.document.source).toBe(library.source);
    expect(built.proposal.operations).toEqual([]);
  });
});

describe("leakCheck", () => {
  const withReference: SuiteExample = {
    ...example("t1", { query: "I lost my job on Monday and cannot sleep" }),
    split: "test",
    test: {
      vars: { query: "I lost my job on Monday and cannot sleep" },
      assert: [],
      metadata: { good_response: "Losing work like that can feel like the floor gives way beneath you" },
    },
  };
  const suite = {
    examples: {
      train: [example("a", { query: "my sister never calls me back" })],
      validation: [],
      test: [withReference],
    },
  } as unknown as Suite;
  const leaks = leakCheck(suite);

  it.each([
    [
      "five words of a training question",
      "When told my sister never calls me, ask.",
      /my sister never calls me/,
    ],
    [
      "five words of a sealed question, in other case and punctuation",
      "If they Lost my job, on MONDAY: be kind.",
      /lost my job on monday/,
    ],
    [
      "eight words of a reference reply",
      "Say: losing work like that can feel like the floor.",
      /losing work like that can feel like the/,
    ],
    ["four words of a question", "When my sister never calls, ask how it feels.", undefined],
    ["a stock phrase of a reference reply", "Say that it can feel like the floor gives.", undefined],
    ["nothing of any example", "Name the feeling before you ask.", undefined],
  ])("%s", (_what, text, expected) => {
    const reason = leaks(text);
    if (expected === undefined) expect(reason).toBeUndefined();
    else expect(reason).toMatch(expected);
  });
});
