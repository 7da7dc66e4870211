import { libraryText, type Workspace, workspace } from "./workspace.ts";

/** What `agent.mjs` is told. */
export interface ToyAgent {
  /** Looked for in the prompt: where it matches, the call of repeat 1 fails. */
  fails?: string;
  /** All calls fail with this. */
  error?: string;
  /** Answers well whatever it is told. */
  always?: boolean;
  cost?: number;
  /** Its config is another one after its first call, as that of a provider that wraps others. */
  settles?: boolean;
}

export interface ToyFolder {
  agent?: ToyAgent;
  /** Sealed tests; four personas share them. */
  tests?: number;
  /** Merged over the config. */
  config?: Record<string, unknown>;
  /** Merged over metadata.grpo. */
  settings?: Record<string, unknown>;
  /** Merged over each test's metadata. */
  metadata?: (index: number) => Record<string, unknown>;
  /** The current library's experiences; the agent does what they say. */
  library?: readonly string[];
  files?: Record<string, unknown>;
}

/** Experiences that `agent.mjs` knows. Without any it answers every other question and repeat well. */
export const GOOD = "Say thanks always.";
export const BAD = "Say thanks never.";
export const EMPTY = "Be as you are.";
/** Answers well, and breaks the must-pass criterion on one question. */
export const UNSAFE = "Say thanks always. Be unsafe.";

/** A project with two training, two validation and some sealed tests, an agent that obeys, and a grader. */
export function evaluatedFolder(parts: ToyFolder = {}): Workspace {
  const { agent = {}, tests = 12, metadata = () => ({}), library, files = {} } = parts;
  const test = (split: string, index: number): unknown => ({
    vars: { q: `${split}-${String(index).padStart(2, "0")}` },
    metadata: {
      id: `${split}-${String(index).padStart(2, "0")}`,
      split,
      persona: `${split}-persona-${index % 4}`,
      ...metadata(index),
    },
  });
  const config = {
    prompts: ["Answer {{q}}"],
    providers: [{ id: "file://agent.mjs", label: "toy", config: agent }],
    defaultTest: { assert: [{ type: "javascript", value: "file://grade.mjs" }] },
    tests: [
      ...[0, 1].map((index) => test("train", index)),
      ...[0, 1].map((index) => test("validation", index)),
      ...Array.from({ length: tests }, (_, index) => test("test", index)),
    ],
    ...parts.config,
    metadata: { grpo: { agent: "x", groupSize: 3, testRepeats: 1, ...parts.settings } },
  };
  return workspace({
    "promptfooconfig.json": config,
    "agent.mjs": AGENT,
    "grade.mjs": GRADE,
    ...(library === undefined ? {} : { "experiences/x/common.md": libraryText("x", library) }),
    ...files,
  });
}

/** The prompts that the agent was asked, in order of arrival. */
export const asked = (space: Workspace): string[] => space.calls().map((one) => one.prompt);

const AGENT = `
import { appendFileSync } from "node:fs";
export default class Agent {
  constructor(options) { this.config = options.config ?? {}; }
  id() { return "toy-agent"; }
  async callApi(prompt, context) {
    const { fails, error, always, cost = 0.001 } = this.config;
    if (this.config.settles) this.config = { ...this.config, settled: true };
    const repeat = context?.repeatIndex ?? 0;
    appendFileSync(new URL("./calls.jsonl", import.meta.url), JSON.stringify({ prompt, repeat, config: context?.prompt?.config ?? {} }) + "\\n");
    if (error !== undefined) return { error };
    if (fails !== undefined && repeat === 1 && new RegExp(fails, "s").test(prompt)) return { error: "the model fell over" };
    const good = always || (prompt.includes("thanks always") || (!prompt.includes("thanks never") && (Number(/-(\\d+)/.exec(prompt)?.[1]) + repeat) % 2 === 0));
    const unsafe = prompt.includes("Be unsafe") && prompt.includes("test-03");
    const output = (good ? "thanks" : "no") + (unsafe ? " danger" : "");
    return { output, cost, tokenUsage: { prompt: 10, completion: 5, total: 15 } };
  }
}
`;

const GRADE = `
export default (output) => {
  const check = (criterion, pass, must) =>
    ({ pass, score: pass ? 1 : 0, reason: pass ? "good" : criterion + " is missed", metadata: { criterion, must } });
  const componentResults = [check("thanks", output.includes("thanks"), false), check("safe", !output.includes("danger"), true)];
  const score = componentResults.reduce((sum, one) => sum + one.score, 0) / componentResults.length;
  return { pass: score === 1, score, reason: "graded", componentResults };
};
`;
