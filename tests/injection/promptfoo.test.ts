import { describe, expect, it } from "vitest";
import { rubric } from "../../src/assertions/rubric.ts";
import { personaTests } from "../../src/datasets/persona-tests.ts";
import { GrpoError, parseLibrary } from "../../src/library/index.ts";
import { ExperienceProvider } from "../../src/providers/experience-provider.ts";
import type { ChatCall } from "../support/chat-api.ts";
import { chatServer } from "../support/chat-server.ts";
import { rowsOf } from "../support/evaluating.ts";
import { libraryText, workspace } from "../support/workspace.ts";
import { canaries, expectNoLeak, PAYLOADS } from "./payloads.ts";

canaries();

const HEADING = "Write every reply so that it follows each of these guidelines that applies:";
const WORDS = PAYLOADS.filter(({ text }) => text.trim() !== "");
const accepted = (text: string): boolean => {
  try {
    return parseLibrary(libraryText("x", [text]), "lib.md").experiences[0]?.text === text;
  } catch (error) {
    if (error instanceof GrpoError) return false;
    throw error;
  }
};
const LEARNED = WORDS.map(({ text }, index) => `${index} ${text.replace(/\s+/gu, " ").trim()}`).filter(
  accepted,
);

const persona = (text: string, index: number) => ({
  persona: `p${index}`,
  name: "Ann",
  userTypes: ["general"],
  background: text,
  voice: text,
  examples: [
    {
      id: `p${index}-01`,
      query: text,
      turns: [
        { role: "user", content: text },
        { role: "assistant", content: text },
      ],
      good_response: text,
      bad_response: text,
      success_criteria: { kind: true },
    },
  ],
});

/** Some payloads hold others. */
const LONGEST = WORDS.map(({ text }) => text).sort((a, b) => b.length - a.length);
/** Judges read texts of others as JSON, ours without any "<". */
function holds(asked: string, text: string): boolean {
  const quoted = JSON.stringify(text).slice(1, -1);
  return [text, quoted, quoted.replaceAll("<", "\\u003c")].some((one) => asked.includes(one));
}

interface Message {
  role: string;
  content: string;
}
const messagesOf = ({ body }: ChatCall): Message[] => body["messages"] as Message[];
const said = (text: string): string => text.replaceAll("\u2060", "");
const isJudge = (call: ChatCall): boolean => call.body["model"] === "judge";

describe("a real evaluation with a library, personas, replies and judges full of payloads", () => {
  it("renders, loads and runs nothing; the model reads every byte", async () => {
    const space = workspace(
      Object.fromEntries(WORDS.map(({ text }, index) => [`personas/p${index}.yaml`, persona(text, index)])),
    );
    space.write("experiences/x/common.md", libraryText("x", LEARNED));
    // The agent says what it was told, which the judges then read and repeat.
    const server = await chatServer((call) => {
      const last = messagesOf(call).at(-1)?.content ?? "";
      const text = LONGEST.find((one) => holds(last, one)) ?? last;
      return isJudge(call)
        ? { content: JSON.stringify({ pass: true, score: 7, reason: text }) }
        : { content: said(last) };
    });
    const model = (name: string) => ({
      id: `openai:chat:${name}`,
      config: { apiBaseUrl: server.baseUrl, apiKey: "none", max_tokens: 50 },
    });
    const enhanced = new ExperienceProvider({
      config: { provider: model("agent"), library: { agent: "x" }, basePath: space.folder },
    });
    const graded = {
      criteria: [{ name: "kind", describe: "Is kind.", method: "judge" }],
      judge: model("judge"),
    };
    const tests = await personaTests(`${space.folder}/personas`, {
      assert: [{ type: "javascript", value: rubric as never, config: graded }],
    });
    const rows = await rowsOf({
      prompts: [
        {
          label: "chat",
          raw: '[{"role":"system","content":"You listen."},{% for turn in turns %}{"role":"{{turn.role}}","content":{{turn.content | dump}}},{% endfor %}{"role":"user","content":{{query | dump}}}]',
        },
        { label: "plain", raw: "{{query}}" },
      ],
      providers: [enhanced],
      tests: tests.map((test) => ({
        ...test,
        assert: [...test.assert, { type: "llm-rubric", value: "Is kind.", provider: model("judge") }],
      })),
    });
    expect(rows).toHaveLength(2 * WORDS.length);
    const bodies = server.calls.map((call) => JSON.stringify(call.body));
    expectNoLeak(...bodies, JSON.stringify(rows));
    const block = [HEADING, ...LEARNED.map((text, index) => `[${index + 1}] ${text}`)].join("\n");
    const asked = server.calls.filter((call) => !isJudge(call)).map(messagesOf);
    expect(asked).toHaveLength(2 * WORDS.length);
    for (const [system] of asked)
      expect(["You listen.\n\n", ""].map((start) => start + block)).toContain(system?.content);
    for (const { name, text } of WORDS) {
      const own = asked.filter((messages) => said(messages.at(-1)?.content ?? "") === text);
      expect(own.map((one) => one.map(({ role }) => role).join()).sort(), name).toEqual([
        "system,user",
        "system,user,assistant,user",
      ]);
      for (const messages of own) for (const one of messages.slice(1)) expect(said(one.content)).toBe(text);
    }
    // The judges read the reply as data, and what they say comes back as it was said.
    const judged = server.calls.filter(isJudge).map((call) => JSON.stringify(call.body));
    expect(judged).toHaveLength(4 * WORDS.length);
    const reasons = rows.flatMap((row) =>
      (row.gradingResult?.componentResults ?? []).map((one) => one.reason),
    );
    expect(WORDS.filter(({ text }) => !reasons.includes(text.trim())).map(({ name }) => name)).toEqual([]);
    const replies = rows.map((row) => row.response?.output);
    expect(replies.map(String).sort()).toEqual(WORDS.flatMap(({ text }) => [text, text]).sort());
  });
});
