import { describe, expect, it } from "vitest";
import { faithfulness, whyUnusable } from "../../src/optimizer/wording.ts";

const REASONS = [
  'asks no question; end the reply with a question that starts with "What" or "How".',
  'the last question is closed: "Did you tell your brother about it?"; end the reply with a question that starts with "What" or "How".',
];
const REPLIES = ["You did well. Did you tell your brother about it?", "I see."];
const score = (text: string) => faithfulness(text, REASONS, REPLIES);

describe("a wording", () => {
  it("is the more faithful the more it says what the graders asked for, in their words", () => {
    const texts = [
      "End the reply with a question that starts with What or How.",
      "Ask a question that starts with What or How.",
      "Ask an open-ended question.",
      "Be curious about people.",
    ];
    expect(texts.toSorted((a, b) => score(b) - score(a))).toEqual(texts);
  });

  it("gains nothing by quoting what graders quote from a reply, and loses by copying it", () => {
    const copied = "Never ask 'Did you tell your brother about it?' of anybody.";
    expect(
      faithfulness(copied, ['the question is closed: "Did you tell your brother about it?"'], REPLIES),
    ).toBeLessThan(
      faithfulness(
        "Ask an open question.",
        ['the question is closed: "Did you tell your brother about it?"'],
        REPLIES,
      ),
    );
  });

  it("counts a demand by how often it was made", () => {
    const often = ["keep it to three sentences", "keep it to three sentences", "name the street twice"];
    expect(faithfulness("Keep it to three sentences.", often, [])).toBeGreaterThan(
      faithfulness("Name the street twice always.", often, []),
    );
  });

  it.each([
    ["Ask one question, for example", /not a whole sentence/],
    ["Ask one question, such as.", /not a whole sentence/],
    ["Say this:", /not a whole sentence/],
    ["Say one two three four five six seven eight nine ten.", /more than 8 words/],
  ])("cannot be used: %j", (text, why) => {
    expect(whyUnusable(text, 8)).toMatch(why);
  });

  it("can be used when it is a whole sentence within the limit", () => {
    expect(whyUnusable("Ask one open question.", 8)).toBeUndefined();
  });
});
