import { type Workspace, workspace } from "./workspace.ts";

const CRITERIA = ["avoids-advice", "asks-open-question"];

/** A persona file in the style that people write, so that `dataset add` can append to it. */
function persona(id: string, heldOut: boolean, topics: readonly string[]): string {
  const examples = topics.map((topic, index) =>
    [
      `  - id: ${id}-${String(index + 1).padStart(2, "0")}`,
      `    query: "${topic} has been on my mind since the night, i do not know what to do with it"`,
      `    good_response: "It sounds like ${topic} weighs on you. What is that like?"`,
      `    bad_response: "You should write a list about ${topic}."`,
      "    success_criteria:",
      ...CRITERIA.map((name) => `      ${name}: true`),
    ].join("\n"),
  );
  return `persona: ${id}\nname: ${id.toUpperCase()}\nuserTypes: [general]\nheldOut: ${heldOut}\nbackground: Somebody after a night.\nvoice: Plain.\nexamples:\n${examples.join("\n")}\n`;
}

const TRAINED =
  "the river,my brother,that old song,the garden,an argument,the long drive,her letter,the empty house,my first job,the storm,our dog,a promise,the hospital,my hands,the choir,the lake".split(
    ",",
  );
const SEALED =
  "the mountain,his laugh,a broken cup,the train,winter,my uncle,the attic,a photograph,the bakery,morning light,the bridge,an old coat,the orchard".split(
    ",",
  );

/**
 * A model that gives advice until its prompt says otherwise, and as learner says what to do instead. `BROKEN` is
 * what a marker file makes of it: it fails whatever it is asked.
 */
const MODEL = `
import { appendFileSync, existsSync } from "node:fs";
export default class {
  constructor({ id, config = {} }) { this.providerId = id ?? "model"; this.config = config; }
  id() { return "model"; }
  async callApi(prompt, context) {
    appendFileSync("calls.log", JSON.stringify(prompt) + "\\n");
    if (existsSync("outage")) return { error: "500 the model is down" };
    const schema = context?.prompt?.config?.response_format?.json_schema?.name;
    const tokenUsage = { prompt: 10, completion: 5, total: 15 };
    if (schema !== undefined) {
      const check = /Check: (\\S+)/.exec(prompt)?.[1] ?? "";
      const instruction = check === "avoids-advice"
        ? "Never tell the person what to do."
        : "End every reply with a question that starts with What or How.";
      return { output: JSON.stringify({ instruction }), tokenUsage, cost: 0.001 };
    }
    const [system] = JSON.parse(prompt);
    const kind = system.content.includes("Never tell") ? "It sounds like that weighs on you." : "You should write a list.";
    const asks = system.content.includes("What or How") ? " What is that like for you?" : "";
    return { output: this.config.worse && system.content.includes("What or How") ? "You should stop." : kind + asks, tokenUsage, cost: 0.001 };
  }
}
`;

const TESTS = `
import { personaTests } from "promptfoo-grpo";
export default () => personaTests(new URL("personas", import.meta.url).pathname);
`;

/** A conversation in which every reply gives advice. */
export function badConversation(id: string, about: readonly string[], who = "ann"): unknown {
  return {
    id,
    source: "production",
    persona: who,
    userTypes: ["general"],
    turns: about.flatMap((topic) => [
      { role: "user", content: `${topic} came up again today and it will not leave me alone` },
      { role: "assistant", content: `You should forget ${topic}. Try yoga and eat more fruit.` },
    ]),
    score: 0.1,
  };
}

export const goodConversation = (id: string): unknown => ({
  id,
  source: "production",
  persona: "ann",
  userTypes: ["general"],
  turns: [
    { role: "user", content: "the market was loud" },
    {
      role: "assistant",
      content: "It sounds like that was a lot, and that makes sense. What was it like for you?",
    },
  ],
  score: 1,
});

export const WEEK = [
  badConversation("c1", ["the smell of rain", "a quarrel with my landlord"]),
  badConversation("c2", ["the sound of the sea", "a book i lost"]),
  goodConversation("c3"),
];

export const jsonl = (rows: readonly unknown[]): string =>
  rows.map((one) => `${JSON.stringify(one)}\n`).join("");

/** A project with a trained and a held-out persona, a model, and a week's log. */
export function weeklyFolder(grpo: object = {}, model: object = {}): Workspace {
  return workspace({
    "promptfooconfig.yaml": {
      prompts: ['[{"role":"system","content":"You listen."},{"role":"user","content":{{query | dump}}}]'],
      providers: [{ id: "file://agent.mjs", label: "agent", config: model }],
      tests: "file://tests.mjs",
      metadata: {
        grpo: {
          agent: "x",
          advantage: "contrast",
          groupSize: 2,
          epochs: 1,
          candidates: 1,
          refinements: 0,
          ahead: false,
          ...grpo,
        },
      },
    },
    "agent.mjs": MODEL,
    "tests.mjs": TESTS,
    "personas/ann.yaml": persona("ann", false, TRAINED),
    "personas/ben.yaml": persona("ben", true, SEALED),
    "week.jsonl": jsonl(WEEK),
  });
}
