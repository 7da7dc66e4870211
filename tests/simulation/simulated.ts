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
