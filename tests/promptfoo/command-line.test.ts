import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { chatServer } from "../support/chat-server.ts";
import { libraryText, promptfoo, REPOSITORY, workspace } from "../support/workspace.ts";

interface ResultsFile {
  config: Record<string, unknown>;
  results: {
    results: {
      error?: string;
      provider: { id: string; label?: string };
      response?: { output?: string; prompt?: string; cached?: boolean; metadata?: Record<string, unknown> };
      metadata?: Record<string, unknown>;
      score: number;
    }[];
  };
}

beforeAll(() => {
  if (!existsSync(join(REPOSITORY, "dist/index.js"))) throw new Error("dist/ is missing: npm run build");
});

const KEY = { OPENAI_API_KEY: "none" };

it("--repeat really repeats a wrapped provider, whose calls are made by a second copy of promptfoo", {
  timeout: 60_000,
}, async () => {
  const server = await chatServer((_call, nth) => ({ content: `reply ${nth}` }));
  const messages = () =>
    server.calls.map(({ body }) => body["messages"] as { role: string; content: string }[]);
  const space = workspace({ "experiences/integro/common.md": libraryText("integro", ["Ask one question."]) });
  const inner = `{ id: "openai:chat:gpt-4o-mini", config: { apiBaseUrl: "${server.baseUrl}" } }`;
  space.write(
    "promptfooconfig.yaml",
    `
prompts: ["Answer {{q}}"]
providers:
  - { id: "package:promptfoo-grpo:ExperienceProvider", label: baseline, config: { provider: ${inner}, library: none } }
  - { id: "package:promptfoo-grpo:ExperienceProvider", label: enhanced, config: { provider: ${inner}, library: { agent: integro } } }
tests: [{ vars: { q: a } }]
metadata: { grpo: { agent: integro, epochs: 2 } }
`,
  );
  const { code, stderr } = await promptfoo(["eval", "--repeat", "3", "-o", "out.json"], space.folder, KEY);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  const { config, results } = JSON.parse(space.read("out.json")) as ResultsFile;

  expect(server.calls).toHaveLength(6);
  expect(new Set(results.results.map((row) => row.response?.output)).size).toBe(6);
  expect(messages().filter((one) => one.length === 1)).toEqual(
    Array(3).fill([{ role: "user", content: "Answer a" }]),
  );
  const enhanced = results.results.filter((row) => row.provider.label === "enhanced");
  expect(enhanced.map((row) => row.response?.metadata?.["repeatIndex"]).sort()).toEqual([0, 1, 2]);
  expect(enhanced.every((row) => row.response?.prompt?.includes("[1] Ask one question."))).toBe(true);
  // The settings travel with the results.
  expect(config["metadata"]).toEqual({ grpo: { agent: "integro", epochs: 2 } });
});

it("paths in a provider's config are relative to the config file, and a missing library is an error row", {
  timeout: 60_000,
}, async () => {
  const space = workspace({
    "other/dir/experiences/integro/common.md": libraryText("integro", ["Ask one question."], 7),
    "other/dir/promptfooconfig.yaml": `
prompts: ["Answer {{q}}"]
providers:
  - id: package:promptfoo-grpo:ExperienceProvider
    label: there
    config: { provider: { id: "file://../../model.mjs" }, library: { agent: integro } }
  - id: package:promptfoo-grpo:ExperienceProvider
    label: missing
    config: { provider: { id: "file://../../model.mjs" }, library: { agent: nobody } }
tests: [{ vars: { q: a } }]
`,
  });
  mkdirSync(join(space.folder, "elsewhere"));
  const { code, stderr } = await promptfoo(
    ["eval", "-c", "../other/dir/promptfooconfig.yaml", "-o", "out.json", "--no-cache"],
    join(space.folder, "elsewhere"),
    KEY,
  );
  expect(`${code} ${stderr}`).toMatch(/^100 /);
  const { results } = JSON.parse(space.read("elsewhere/out.json")) as ResultsFile;
  const of = (label: string) => results.results.find((row) => row.provider.label === label);
  expect(of("there")?.response?.metadata?.["libraryVersion"]).toBe(7);
  expect(of("missing")?.error).toMatch(
    /^LIBRARY_NOT_FOUND .*other\/dir\/experiences\/nobody\/common\.md: .*train the agent first\.$/,
  );
  expect(space.calls()).toHaveLength(1);
  expect(JSON.parse(space.calls()[0]?.prompt ?? "")[1]).toEqual({ role: "user", content: "Answer a" });
});
