import { expect, it } from "vitest";
import { openLibraryStore } from "../../src/library/index.ts";
import { chatServer } from "../support/chat-server.ts";
import { commandLine } from "../support/command-line.ts";
import { libraryText, type Workspace, workspace } from "../support/workspace.ts";
import {
  canaries,
  DEEP,
  expectNoLeak,
  expectPlain,
  HUGE,
  PAYLOADS,
  SECRET,
  SECRET_NAME,
} from "./payloads.ts";

canaries();

/** Says and teaches one payload after the other, as agent and as learner. */
const MODEL = `
import { appendFileSync, readFileSync } from "node:fs";
const texts = JSON.parse(readFileSync(new URL("./payloads.json", import.meta.url), "utf8"));
let count = 0;
export default class Model {
  id() { return "hostile-model"; }
  async callApi(prompt, context) {
    const learner = context?.prompt?.config?.response_format?.json_schema?.name;
    appendFileSync(new URL("./calls.jsonl", import.meta.url), JSON.stringify({ learner: learner ?? null, prompt }) + "\\n");
    const text = texts[count++ % texts.length];
    const told = prompt.includes("thanks always");
    const operations = [
      { op: "ADD", id: null, text: "Say thanks always.", principles: [1] },
      ...[0, 1, 2].map((more) => ({ op: "ADD", id: null, text: texts[(count + more) % texts.length], principles: [1] })),
      { op: "DELETE", id: text, text: null, principles: [1] },
    ];
    const answers = {
      summary: { summary: text },
      principles: { principles: [{ text: "Say thanks always.", attempts: [1] }, { text, attempts: [1] }] },
    };
    const output = learner ? JSON.stringify(answers[learner] ?? { operations }) : (told || count % 2 === 0 ? "thanks " : "no ") + text;
    return { output, finishReason: "stop", cost: 0.001, tokenUsage: { prompt: 1, completion: 1, total: 2 }, metadata: { [text]: text } };
  }
}
`;
const GRADE = `
import { readFileSync } from "node:fs";
const texts = JSON.parse(readFileSync(new URL("./payloads.json", import.meta.url), "utf8"));
let count = 0;
export default (output) => {
  const pass = output.startsWith("thanks");
  const reason = texts[count++ % texts.length];
  return { pass, score: pass ? 1 : 0, reason, componentResults: [{ pass, score: pass ? 1 : 0, reason, metadata: { criterion: "thanks \\u001b[2J\\n::error::x" } }] };
};
`;

const TEXTS = PAYLOADS.map(({ text }) => text).filter((text) => text.trim() !== "");

function hostileFolder(): Workspace {
  const test = (split: string, index: number) => ({
    vars: { q: `${split} question ${index}` },
    description: TEXTS[index],
    metadata: {
      id: `${split} ${TEXTS[index * 5 + 30]}`,
      split,
      persona: TEXTS[index * 4 + 30],
      userTypes: [TEXTS[index * 3 + 30]],
      note: TEXTS[index],
    },
  });
  const range = (count: number) => Array.from({ length: count }, (_, index) => index);
  return workspace({
    "payloads.json": TEXTS,
    "tests.json": [
      ...range(4).map((index) => test("train", index)),
      ...range(3).map((index) => test("validation", index)),
      ...range(6).map((index) => test("test", index)),
    ],
    "model.mjs": MODEL,
    "grade.mjs": GRADE,
    "experiences/x/common.md": libraryText("x", [`Be {{env.${SECRET_NAME}}} \u202e as you are ::error::x`]),
    "promptfooconfig.json": {
      prompts: [{ label: "prompt \u001b[2J\n::error::x", raw: "Answer {{q}}" }],
      providers: [{ id: "file://model.mjs", label: "agent \u009b2J\n::error::x ##[error]x" }],
      defaultTest: { assert: [{ type: "javascript", value: "file://grade.mjs" }] },
      tests: "file://tests.json",
      metadata: {
        grpo: {
          agent: "x",
          groupSize: 3,
          epochs: 2,
          batchSize: 2,
          candidates: 1,
          advantage: "principles",
          maxWords: 200,
        },
      },
    },
  });
}

it("train, plan, eval, gate and learn with hostile replies, reasons and lessons obey and leak nothing", async () => {
  const space = hostileFolder();
  const runs = [
    ["train", "--dry-run"],
    ["train", "--display", "plain"],
    ["plan"],
    ["plan", "--headroom", "--display", "plain"],
    ["eval", "--dry-run"],
    ["eval", "--split", "validation", "--display", "plain"],
    ["gate", "--display", "tty"],
    ["runs", "list"],
    ["runs", "show", "20"],
    ["library", "show", "--agent", "x"],
    ["library", "log", "--agent", "x"],
  ];
  for (const args of runs) {
    const { code, stdout, stderr } = await commandLine(args, space.folder, { GITHUB_ACTIONS: "true" });
    expect([args, code, args[0] === "gate" ? "" : stderr.match(/^[A-Z_]+ .*/m)?.[0]]).toEqual([
      args,
      args[0] === "gate" ? expect.any(Number) : 0,
      args[0] === "gate" ? "" : undefined,
    ]);
    const own = /^::error title=worse[^\n]*\n/gm;
    // What redraws a line is ours.
    expectPlain(
      stdout.replace(own, "") + stderr.replace(/\r\u001b\[2K/g, "").replace(/\u001b\[(?:1|22)m/g, ""),
    );
    expectNoLeak(stdout, stderr);
  }
  expectNoLeak(...Object.values(space.snapshot()));
  const store = openLibraryStore({ root: `${space.folder}/experiences`, agent: "x", route: "common" });
  expect((await store.load()).document.experiences.length).toBeGreaterThan(0);
  expect((await store.history()).length).toBeGreaterThan(1);
  // Every reply is in the journal as it was said.
  const { stdout } = await commandLine(["runs", "export", "20"], space.folder);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const outputs = lines.flatMap((line) =>
    line.stage === "rollout" && line.kind === "result" ? [line.result.output] : [],
  );
  expect(outputs.length).toBeGreaterThan(20);
  for (const output of outputs) expect(TEXTS).toContain(output.replace(/^(?:thanks|no) /, ""));
});

it("a test's variables are rendered once, as by promptfoo itself", async () => {
  const space = hostileFolder();
  const tests = JSON.parse(space.read("tests.json"));
  const escaped = `{{ '{{' }}env.${SECRET_NAME}{{ '}}' }}`;
  for (const test of tests) test.vars = { q: `${escaped} ${test.vars.q}` };
  space.write("tests.json", tests);
  await commandLine(["eval", "--split", "validation", "--display", "none"], space.folder);
  const prompts = space.calls().map((call) => call.prompt);
  expect(prompts.length).toBeGreaterThan(0);
  for (const prompt of prompts) expect(prompt).toContain(`{{env.${SECRET_NAME}}}`);
  expectNoLeak(...prompts);
});

it("replies of 10 MB, of deep JSON and with a key in an error are answers or failures, never a crash", async () => {
  const space = hostileFolder();
  let nth = 0;
  const server = await chatServer(() => {
    nth += 1;
    if (nth === 1) return { content: HUGE };
    if (nth % 5 === 2) return { content: DEEP };
    if (nth % 5 === 3)
      return { status: 400, body: { error: { message: `Incorrect key ${SECRET} \u001b[2J`, type: "x" } } };
    if (nth % 5 === 4) return { content: `{"a":${DEEP}}` };
    return { content: '{"__proto__":{"polluted":true}}' };
  });
  const config = JSON.parse(space.read("promptfooconfig.json"));
  const format = { type: "json_schema", json_schema: { name: "x", schema: { type: "object" } } };
  config.providers = [
    {
      id: "openai:chat:gpt-x",
      config: { apiBaseUrl: server.baseUrl, apiKey: SECRET, max_tokens: 5, response_format: format },
    },
  ];
  space.write("promptfooconfig.json", config);
  const { code, stdout, stderr } = await commandLine(
    ["eval", "--split", "validation", "--repeats", "2", "--display", "plain", "--prompt", "Answer {{q}}"],
    space.folder,
  );
  expect([code, stderr.match(/^[A-Z_]+ .*/m)?.[0]]).toEqual([0, undefined]);
  expect(stdout).toContain("ROWS WITHOUT A REWARD");
  expectPlain(stdout + stderr);
  const files = Object.entries(space.snapshot()).filter(([name]) => name !== "promptfooconfig.json");
  expectNoLeak(stdout, stderr, ...files.map(([, text]) => text));
  // As a learner the same model teaches nothing, and ends nothing.
  config.providers = ["file://model.mjs"];
  space.write("promptfooconfig.json", config);
  const learner = JSON.stringify({
    model: "gpt-x",
    baseUrl: server.baseUrl,
    apiKeyEnv: SECRET_NAME,
    structured: false,
  });
  config.metadata.grpo.learner = JSON.parse(learner);
  for (const teacher of [
    JSON.parse(learner),
    { id: "openai:chat:gpt-x", config: { apiBaseUrl: server.baseUrl, apiKey: SECRET } },
  ]) {
    config.metadata.grpo.learner = teacher;
    space.write("promptfooconfig.json", config);
    const trained = await commandLine(["train", "--display", "plain", "--epochs", "1"], space.folder);
    expect(trained.code).toBe(0);
    expect(trained.stdout).toMatch(/failed: (?:summary|comparison) of .*\[secret\]/);
    expectPlain(trained.stdout + trained.stderr);
    expectNoLeak(trained.stdout, trained.stderr);
  }
});
