import { writeFileSync } from "node:fs";
import type { Workspace } from "../support/workspace.ts";
import { workspace } from "../support/workspace.ts";

const hidden = (secret: string, openings: string[]) => ({
  wants: "To be heard.",
  hides: secret,
  pushed: "You shut down.",
  validated: "You open up.",
  ignored: "You repeat yourself.",
  leaves: "You go.",
  openings,
});

const example = (persona: string) => ({
  id: `${persona}-01`,
  query: `the question of ${persona}`,
  bad_response: "You should go out more.",
  good_response: "It sounds like you feel sad. What was it like?",
  success_criteria: { "avoids-advice": true },
});

export const persona = (name: string, more: Record<string, unknown> = {}) => ({
  persona: name,
  name: name.toUpperCase(),
  userTypes: ["general"],
  background: `${name} is a person.`,
  voice: "Plain.",
  hidden: hidden(`the secret of ${name}`, [`hello from ${name}`, `good evening from ${name}`]),
  examples: [example(name)],
  ...more,
});

/** Answers as either model, and writes down what it was asked. What it says depends on prompt and seed alone. */
const MODEL = `
import { appendFileSync } from "node:fs";
export default class {
  constructor(options) { this.config = options.config; }
  id() { return "mock:" + this.config.who; }
  async callApi(prompt, context) {
    const seed = context.prompt.config.seed;
    appendFileSync("calls.jsonl", JSON.stringify({ who: this.config.who, seed, prompt }) + "\\n");
    const { say, replies } = this.config;
    const kind = prompt.includes("never advise") ? 1 : seed % 2;
    const output = say ? say + " " + (seed % 1000) : replies[kind];
    return { output, tokenUsage: { prompt: 10, completion: 5, total: 15 }, cost: 0.001 };
  }
}`;

export const REPLIES = [
  "You should go for a walk.",
  "It makes sense that you feel sad. What is it like now?",
];

export interface Asked {
  who: string;
  seed: number;
  prompt: string;
}

/** A project whose agent and personas are scripted. */
export function simulatedProject(
  personas: readonly (Record<string, unknown> & { persona: string })[] = [
    persona("ann"),
    persona("bob"),
    persona("cleo", { heldOut: true }),
  ],
  say = "it was a long day",
  config: Record<string, unknown> = {},
): Workspace & { asked(): Asked[]; forget(): void } {
  const agent = { id: "file://model.mjs", label: "agent", config: { who: "agent", replies: REPLIES } };
  const space = workspace({
    "model.mjs": MODEL,
    ...Object.fromEntries(personas.map((one) => [`personas/${one.persona}.yaml`, one])),
    "promptfooconfig.yaml": {
      prompts: ['[{"role":"system","content":"You listen."},{"role":"user","content":{{ query | dump }}}]'],
      providers: [agent],
      tests: [{ vars: { query: "x" }, assert: [{ type: "contains", value: "x" }] }],
      metadata: { grpo: { personaModel: { id: "file://model.mjs", config: { who: "persona", say } } } },
      ...config,
    },
  });
  process.chdir(space.folder);
  return {
    ...space,
    asked: () =>
      space
        .read("calls.jsonl")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Asked),
    forget: () => writeFileSync("calls.jsonl", ""),
  };
}

/** Of a ConversationProvider in such a project. */
export const CONVERSATION = {
  provider: { id: "file://model.mjs", config: { who: "agent", replies: REPLIES } },
  persona: {
    provider: { id: "file://model.mjs", config: { who: "persona", say: "it was a long day" } },
    folder: "personas",
  },
  maxTurns: 3,
};
export const PROMPT =
  '[{"role":"system","content":"You listen."},{"role":"user","content":{{ query | dump }}}]';

/** A project whose tests are conversations; its learner finds one experience, under which the agent does not advise. */
export const conversationProject = () => {
  const names = ["ann", "bob", "dan", "eve", "fay", "gus", "cleo"];
  const space = simulatedProject(
    names.map((name) => persona(name, { heldOut: name === "cleo" })),
    "it was a long day",
    {
      prompts: [PROMPT],
      providers: [
        { id: "package:promptfoo-grpo:ConversationProvider", label: "agent", config: CONVERSATION },
      ],
      tests: "file://tests.mjs",
      metadata: {
        grpo: {
          agent: "talker",
          groupSize: 3,
          epochs: 1,
          advantage: "contrast",
          learner: "file://learner.mjs",
          minSupport: 1,
          concurrency: 4,
        },
      },
    },
  );
  space.write(
    "tests.mjs",
    `import { conversationTests } from "promptfoo-grpo"; export default () => conversationTests("personas");`,
  );
  space.write(
    "learner.mjs",
    `import { appendFileSync } from "node:fs";
export default class { id() { return "learner"; } async callApi(prompt) {
  appendFileSync("learner.jsonl", JSON.stringify(prompt) + "\\n");
  return { output: JSON.stringify({ instruction: "Reflect the feeling and never advise anybody on anything." }), tokenUsage: { prompt: 1, completion: 1, total: 2 }, cost: 0 };
} }`,
  );
  return space;
};
