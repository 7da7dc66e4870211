import { describe, expect, it } from "vitest";
import { z } from "zod";
import { askLearner, parseReply, type Question } from "../../src/optimizer/ask.ts";
import { answeringLearner } from "../support/answering-learner.ts";

const Shape = z.strictObject({ items: z.array(z.strictObject({ text: z.string().min(1), nth: z.int() })) });
const GOOD = '{"items": [{"text": "Name the feeling.", "nth": 1}]}';
const value = { items: [{ text: "Name the feeling.", nth: 1 }] };

const question: Question<z.infer<typeof Shape>> = {
  stage: "advantage",
  messages: [{ role: "user", content: "Say." }],
  name: "shape",
  schema: Shape,
  temperature: 0.7,
  seed: 7,
  maxTokens: 100,
};

describe("a reply that ended normally", () => {
  it.each([
    ["plain JSON", GOOD],
    ["JSON with white space around", `\n  ${GOOD}\n\n`],
    ["a fence", `\`\`\`json\n${GOOD}\n\`\`\``],
    ["a fence without language", `\`\`\`\n${GOOD}\n\`\`\``],
    ["a fence on one line", `\`\`\`json${GOOD}\`\`\``],
    ["prose around", `Here it is: ${GOOD} I hope it helps.`],
    ["prose around a fence", `Sure.\n\`\`\`json\n${GOOD}\n\`\`\`\nDone.`],
    ["brackets in the prose before", `As asked [in JSON]: ${GOOD}`],
    ["braces in the prose after", `${GOOD}\nThis fills {items} as [asked].`],
    ["a trailing comma", GOOD.replace("]}", ",]}")],
    ["single quotes and bare keys", "{items: [{text: 'Name the feeling.', nth: 1}]}"],
    ["a missing last bracket", GOOD.slice(0, -1)],
    ["every closing bracket missing", GOOD.slice(0, -3)],
    ["comments", `{ // the items\n "items": [{"text": "Name the feeling.", "nth": 1}]}`],
  ])("is read from %s", (_what, text) => {
    expect(parseReply({ text, complete: true }, Shape)).toEqual({ ok: true, value });
  });

  it.each([
    ["an empty reply", "", /no JSON/],
    ["white space", " \n", /no JSON/],
    ["a refusal", "I'm sorry, but I can't help with that.", /no JSON/],
    ["a refusal with a bracket", "I can't help [with that].", /./],
    ["a bare string", '"Name the feeling."', /no JSON/],
    ["a number", "42", /no JSON/],
    ["an array for the object", '[{"text": "a", "nth": 1}]', /expected object, received array/],
    [
      "several answers for the one that was asked for",
      `[${GOOD}, ${GOOD}]`,
      /expected object, received array/,
    ],
    ["an object for the array", '{"items": {"text": "a", "nth": 1}}', /expected array/],
    ["a missing field", '{"items": [{"text": "a"}]}', /nth/],
    ["an unknown field", '{"items": [], "why": "x"}', /why/],
    ["an empty text", '{"items": [{"text": "", "nth": 1}]}', /text/],
    [
      "a LaTeX escape that JSON reads as a form feed",
      String.raw`{"items": [{"text": "Write \frac{1}{2}.", "nth": 1}]}`,
      /control character/,
    ],
    ["a backspace", String.raw`{"items": [{"text": "Write \beta.", "nth": 1}]}`, /control character/],
  ])("is refused with its reason: %s", (_what, text, reason) => {
    const answer = parseReply({ text, complete: true }, Shape);
    expect(answer).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });
});

describe("a reply that was cut", () => {
  it.each(
    Array.from({ length: GOOD.length - 1 }, (_, index) => GOOD.slice(0, index + 1)).filter(
      (_, index) => index % 4 === 3,
    ),
  )("is never mended: %s", (text) => {
    expect(parseReply({ text, complete: false }, Shape)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/cut|end/),
    });
  });

  it("still counts when the JSON itself is whole", () => {
    expect(parseReply({ text: `${GOOD}\nI chose this beca`, complete: false }, Shape)).toEqual({
      ok: true,
      value,
    });
  });
});

describe("askLearner", () => {
  it("sends the schema that the reply must satisfy", async () => {
    const learner = answeringLearner(() => GOOD);
    expect(await askLearner(learner, question)).toEqual({ ok: true, value });
    expect(learner.asked).toHaveLength(1);
    expect(learner.asked[0]).toMatchObject({
      schemaName: "shape",
      seed: 7,
      temperature: 0.7,
      maxTokens: 100,
    });
    expect(learner.asked[0]?.schema).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["items"],
    });
  });

  it("asks again once, showing the wrong reply and what is wrong with it", async () => {
    const learner = answeringLearner((_request, nth) => (nth === 1 ? '{"items": 3}' : GOOD));
    expect(await askLearner(learner, question)).toEqual({ ok: true, value });
    const [, again] = learner.asked;
    expect(again?.messages.map((one) => one.role)).toEqual(["user", "assistant", "user"]);
    expect(again?.messages[1]?.content).toBe('{"items": 3}');
    expect(again?.messages[2]?.content).toMatch(/expected array/);
    expect(again?.seed).not.toBe(7);
  });

  it("fails with the reason after the second wrong reply", async () => {
    const learner = answeringLearner(() => "no");
    expect(await askLearner(learner, question)).toEqual({
      ok: false,
      reason: "asked twice: the reply holds no JSON of the asked shape",
    });
    expect(learner.asked).toHaveLength(2);
  });

  it("a failed call is not asked again: the limiter has tried already", async () => {
    const learner = answeringLearner(() => ({ error: "API error: 400" }));
    expect(await askLearner(learner, question)).toEqual({ ok: false, reason: "API error: 400" });
    expect(learner.asked).toHaveLength(1);
  });
});
