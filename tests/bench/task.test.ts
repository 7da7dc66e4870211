import { describe, expect, it } from "vitest";
import { CRITERIA, chances, expected, HARMFUL, NEUTRAL, TICKETS } from "../../bench/mock/task.ts";

const phraseOf = (name: string): string => CRITERIA.find((one) => one.name === name)?.phrase ?? "";
const ALL = CRITERIA.map((one) => one.phrase).join(". ");

describe("the bench's task", () => {
  it("has 20 tickets to train on and 10 held out, three different criteria each", () => {
    expect(TICKETS.filter((one) => one.split === "train")).toHaveLength(20);
    expect(TICKETS.filter((one) => one.split === "heldout")).toHaveLength(10);
    for (const ticket of TICKETS) expect(new Set(ticket.criteria).size).toBe(3);
  });

  it("asks every criterion of the training tickets and of the held-out ones", () => {
    for (const split of ["train", "heldout"]) {
      const asked = TICKETS.filter((one) => one.split === split).flatMap((one) => one.criteria);
      expect(new Set(asked).size).toBe(CRITERIA.length);
    }
  });

  // The figures of other systems rest on these numbers: the same prompt must be worth the same here.
  it.each([
    { says: "nothing", prompt: "", score: 0.42, pass: 0.079, phrases: 0 },
    { says: "a guideline without effect", prompt: NEUTRAL, score: 0.42, pass: 0.079, phrases: 0 },
    { says: "every guideline", prompt: ALL, score: 0.9, pass: 0.729, phrases: 20 },
    {
      says: "every guideline and the harmful one",
      prompt: `${ALL}. ${HARMFUL}`,
      score: 0.45,
      pass: 0.091125,
      phrases: 20,
    },
    {
      says: "one guideline, in capitals",
      prompt: phraseOf("refund-window").toUpperCase(),
      score: 0.42 + 1.6 / 30,
      phrases: 1,
    },
  ])("gives a prompt that holds $says its exact score", ({ prompt, score, pass, phrases }) => {
    const found = expected(prompt, "heldout");
    expect(found.score).toBeCloseTo(score, 10);
    if (pass !== undefined) expect(found.pass).toBeCloseTo(pass, 10);
    expect(found.phrases).toBe(phrases);
  });

  it("scores tickets by id as it does a split", () => {
    const ids = TICKETS.filter((one) => one.split === "train").map((one) => one.id);
    expect(expected(phraseOf("cost"), ids)).toEqual(expected(phraseOf("cost"), "train"));
  });

  it("leaves a criterion that is met anyway as it is", () => {
    const ticket = {
      id: "t",
      split: "train" as const,
      criteria: ["greeting", "refund-window"],
      question: "",
    };
    const prompt = `${phraseOf("greeting")}. ${phraseOf("refund-window")}`;
    expect(chances(ticket, prompt, 0.5)).toEqual([0.9, 0.5]);
    expect(chances(ticket, `${prompt} ${HARMFUL}`, 0.5)).toEqual([0.45, 0.25]);
  });
});
