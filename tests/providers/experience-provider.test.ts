import { join } from "node:path";
import { expect, it } from "vitest";
import { GrpoError } from "../../src/library/index.ts";
import { ExperienceProvider } from "../../src/providers/experience-provider.ts";
import { rowsOf } from "../support/evaluating.ts";
import { libraryText, type Workspace, workspace } from "../support/workspace.ts";

const PROMPTS: Record<string, string> = {
  "a string": 'Answer {{q}} with "care"\n  and keep\tthis  spacing ',
  "a JSON chat":
    '[{"role": "system",   "content": "You are Integro."},\n {"role":"user","content":{{q | dump}}}]',
  "a YAML chat": "- role: system\n  content: You are Integro.\n- role: user\n  content: '{{q}}' # kept\n",
};
const HEADING = "Write every reply so that it follows each of these guidelines that applies:";

/** Text that promptfoo would render, read or run anywhere but at the provider's boundary. */
const HOSTILE = [
  "Say {{env.HOME}} first.",
  'Say {{range.constructor("return 1")()}} next.',
  "file:///etc/hostname",
  "{% raw %}{{q}}{% endraw %} and {# gone? #}",
  "package:promptfoo-grpo:rubric",
  'Quote "this", \\n that, $& and \u{1F9E1}.',
];

function project(texts?: readonly string[]): Workspace {
  const space = workspace();
  if (texts !== undefined) space.write("experiences/integro/common.md", libraryText("integro", texts, 4));
  return space;
}

function wrapped(
  { folder }: Workspace,
  library: unknown,
  name = "wrapped",
  inner: Record<string, unknown> = {},
): ExperienceProvider {
  const provider = { id: `file://${folder}/model.mjs`, config: { name, ...inner } };
  return new ExperienceProvider({ id: "x", label: name, config: { provider, library, basePath: folder } });
}

const test = { vars: { q: 'it\'s {{env.HOME}} & "fine"' } };

it.each(
  Object.entries(PROMPTS).flatMap(([name, prompt]) => [
    { name, prompt, library: "none" as const, label: "none" },
    { name, prompt, library: { agent: "integro" }, label: "empty" },
  ]),
)("$name reaches the inner provider byte for byte with the library $label", async ({ prompt, library }) => {
  const space = project([]);
  const bare = { id: `file://${space.folder}/model.mjs`, config: { name: "bare" } };
  const rows = await rowsOf({
    prompts: [{ raw: prompt, label: "p" }],
    providers: [bare, wrapped(space, library)],
    tests: [test],
  });
  const [one, two] = space.calls();
  expect([one?.name, two?.name].sort()).toEqual(["bare", "wrapped"]);
  expect(two?.prompt).toBe(one?.prompt);
  expect(new Set(rows.map((row) => row.response?.prompt))).toEqual(new Set([undefined]));
});

it("adds the experiences to the system message there is", async () => {
  const space = project(["Ask one question.", "Stay brief."]);
  await rowsOf({
    prompts: [{ raw: PROMPTS["a JSON chat"], label: "p" }],
    providers: [wrapped(space, { agent: "integro" })],
    tests: [{ vars: { q: "hm" } }],
  });
  expect(JSON.parse(space.calls()[0]?.prompt ?? "")).toEqual([
    { role: "system", content: `You are Integro.\n\n${HEADING}\n[1] Ask one question.\n[2] Stay brief.` },
    { role: "user", content: "hm" },
  ]);
});

it.each([
  { name: "a JSON chat", prompt: '[{"role":"user","content":"hm"}]', first: "user" },
  { name: "a string", prompt: "hm", first: "user" },
])("adds a system message to $name without one", async ({ prompt }) => {
  const space = project(["Ask one question."]);
  await rowsOf({
    prompts: [{ raw: prompt, label: "p" }],
    providers: [wrapped(space, { agent: "integro" })],
    tests: [{ vars: {} }],
  });
  expect(JSON.parse(space.calls()[0]?.prompt ?? "")).toEqual([
    { role: "system", content: `${HEADING}\n[1] Ask one question.` },
    { role: "user", content: "hm" },
  ]);
});

it("a YAML chat stays YAML, with the experiences in its system message", async () => {
  const space = project(["Ask one question."]);
  await rowsOf({
    prompts: [{ raw: PROMPTS["a YAML chat"], label: "p" }],
    providers: [wrapped(space, { agent: "integro" })],
    tests: [{ vars: { q: "hm" } }],
  });
  const prompt = space.calls()[0]?.prompt ?? "";
  expect(prompt).toMatch(/^- role: system\n/);
  expect(prompt).toContain("[1] Ask one question.");
  expect(prompt).toContain("- role: user\n  content: 'hm' # kept");
});

it.each(HOSTILE)("library text reaches the model unrendered: %s", async (text) => {
  const space = project([text]);
  const prompts = Object.values(PROMPTS).map((raw, index) => ({ raw, label: `p${index}` }));
  await rowsOf({
    prompts,
    providers: [wrapped(space, { agent: "integro" })],
    tests: [{ vars: { q: "hm" } }],
  });
  const [chat, json, yaml] = [0, 1, 2].map((index) => space.calls()[index]?.prompt ?? "");
  expect(JSON.parse(chat ?? "")[0].content).toBe(`${HEADING}\n[1] ${text}`);
  expect(JSON.parse(json ?? "")[0].content).toBe(`You are Integro.\n\n${HEADING}\n[1] ${text}`);
  expect(yaml).toMatch(/^- role: system\n/);
});

it("the response tells the prompt that was sent, the repeat and the library; the rest passes through", async () => {
  const space = project(["Ask one question."]);
  const response = {
    cached: true,
    cost: 0.25,
    tokenUsage: { total: 9, prompt: 4, completion: 5 },
    metadata: { trace: "t1" },
    finishReason: "stop",
  };
  const rows = await rowsOf(
    {
      prompts: ["hm"],
      providers: [wrapped(space, { agent: "integro" }, "w", { response })],
      tests: [{ vars: {} }],
    },
    { repeat: 2 },
  );
  const responses = rows
    .map((row) => row.response)
    .sort((a, b) => Number(a?.metadata?.["repeatIndex"]) - Number(b?.metadata?.["repeatIndex"]));
  // Every repeat is really asked: the copy of promptfoo that makes the inner call knows of no repeats.
  expect(space.calls().map(({ repeat, bustCache }) => ({ repeat, bustCache }))).toEqual(
    expect.arrayContaining([0, 1].map((repeat) => ({ repeat, bustCache: true }))),
  );
  for (const [index, one] of responses.entries()) {
    expect(one).toMatchObject({
      prompt: space.calls()[0]?.prompt,
      cached: true,
      cost: 0.25,
      finishReason: "stop",
    });
    expect(one?.tokenUsage).toMatchObject({ total: 9, prompt: 4, completion: 5 });
    expect(one?.metadata).toMatchObject({
      trace: "t1",
      repeatIndex: index,
      libraryVersion: 4,
      libraryHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  }
});

it("the baseline reports no library", async () => {
  const space = project();
  const [row] = await rowsOf({ prompts: ["hm"], providers: [wrapped(space, "none")], tests: [{ vars: {} }] });
  expect(row?.response?.metadata).toMatchObject({ repeatIndex: 0, libraryVersion: null, libraryHash: null });
});

it("the inner provider's transform and delay are promptfoo's to apply, once", async () => {
  const space = project(["Ask one question."]);
  const provider = {
    id: `file://${space.folder}/model.mjs`,
    config: { reply: "raw" },
    transform: "output + '!'",
  };
  const outer = new ExperienceProvider({
    config: { provider, library: { agent: "integro" }, basePath: space.folder },
  });
  const rows = await rowsOf(
    { prompts: ["hm"], providers: [outer], tests: [{ vars: {} }, { vars: { again: 1 } }] },
    { maxConcurrency: 1 },
  );
  expect(rows.map((row) => row.response?.output)).toEqual(["raw!", "raw!"]);
});

it("ids differ by wrapped provider, library, route and version, so that no rate limit is shared by accident", () => {
  const of = (config: Record<string, unknown>) => new ExperienceProvider({ config }).id();
  const ids = [
    of({ provider: "openai:a" }),
    of({ provider: "openai:b" }),
    of({ provider: { id: "openai:a", label: "other" }, library: { agent: "x" } }),
    of({ provider: "openai:a", library: { agent: "x", route: "crisis" } }),
    of({ provider: "openai:a", library: { agent: "x", route: "crisis", version: 2 } }),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

it.each([
  [{}, "provider"],
  [{ provider: "openai:a", libary: "none" }, "libary"],
  [{ provider: "openai:a", library: "integro" }, "library"],
  [{ provider: "openai:a", library: { agent: "x", version: 0 } }, "version"],
])("a wrong config is refused: %j", (config, key) => {
  expect(() => new ExperienceProvider({ label: "enhanced", config })).toThrow(GrpoError);
  try {
    new ExperienceProvider({ label: "enhanced", config });
  } catch (error) {
    expect(error).toMatchObject({ code: "PROVIDER_CONFIG_INVALID", place: "enhanced", exitCode: 3 });
    expect(String(error)).toContain(key);
    expect(String(error)).not.toContain("\n");
  }
});

it.each([
  { name: "a missing library", file: undefined, library: { agent: "integro" }, code: "LIBRARY_NOT_FOUND" },
  {
    name: "a missing version",
    file: libraryText("integro", ["Ask."], 4),
    library: { agent: "integro", version: 9 },
    code: "LIBRARY_VERSION_UNKNOWN",
  },
  {
    name: "a malformed library",
    file: "no front matter",
    library: { agent: "integro" },
    code: "LIBRARY_FRONT_MATTER",
  },
  {
    name: "a name that leaves the root",
    file: undefined,
    library: { agent: "../.." },
    code: "LIBRARY_NAME_INVALID",
  },
])("$name is an error row and calls no model", async ({ file, library, code }) => {
  const space = project();
  if (file !== undefined) space.write("experiences/integro/common.md", file);
  const rows = await rowsOf({
    prompts: ["hm"],
    providers: [wrapped(space, library)],
    tests: [{ vars: {}, assert: [{ type: "contains", value: "" }] }],
  });
  expect(rows.map(({ failureReason, error }) => ({ failureReason, error }))).toEqual([
    { failureReason: 2, error: expect.stringMatching(new RegExp(`^${code} `)) },
  ]);
  expect(space.calls()).toEqual([]);
});

it("an inner provider that fails is an error row, one that cannot be loaded too", async () => {
  const space = project();
  const missing = new ExperienceProvider({
    config: { provider: `file://${join(space.folder, "gone.mjs")}`, basePath: space.folder },
  });
  const rows = await rowsOf({
    prompts: ["hm"],
    providers: [wrapped(space, "none", "w", { error: "HTTP 500 upstream" }), missing],
    tests: [{ vars: {} }],
  });
  const [failed, unloadable] = [...rows].sort((a, b) => a.promptIdx - b.promptIdx);
  expect(failed).toMatchObject({ failureReason: 2, error: "HTTP 500 upstream" });
  expect(unloadable).toMatchObject({ failureReason: 2, error: expect.stringContaining("gone.mjs") });
});

it("with detect each conversation gets its own route's experiences, and the row says which and why", async () => {
  const space = project(["Be kind."]);
  space.write(
    "experiences/integro/crisis.md",
    libraryText("integro", ["Name the danger."], 2).replace("route: common", "route: crisis"),
  );
  const chat = '[{"role":"system","content":"You are Integro."},{"role":"user","content":{{q | dump}}}]';
  const rows = await rowsOf({
    prompts: [{ raw: chat, label: "chat" }],
    providers: [wrapped(space, { agent: "integro", detect: true })],
    tests: [
      { vars: { q: "i want to kill myself" } },
      { vars: { q: "we went to the sea, it was a long week" } },
    ],
  });
  const found = rows.map(({ response }) => [response?.metadata?.["libraryRoute"], String(response?.prompt)]);
  const crisis = found.find(([route]) => (route as { route: string }).route === "crisis");
  const other = found.find(([route]) => (route as { route: string }).route === "common");
  expect(crisis?.[0]).toMatchObject({
    why: "kill yourself",
    versions: { common: 4, crisis: 2 },
    leftOut: [],
  });
  expect(crisis?.[1]).toContain("[1] Be kind.\\n[2] Name the danger.");
  expect(other?.[1]).toContain("[1] Be kind.");
  expect(other?.[1]).not.toContain("[2]");
});

it("with a classifier what the rules leave open takes the route that it names", async () => {
  const space = project(["Be kind."]);
  space.write(
    "experiences/integro/crisis.md",
    libraryText("integro", ["Name the danger."], 2).replace("route: common", "route: crisis"),
  );
  space.write(
    "sorter.mjs",
    'export default class { id() { return "sorter"; } async callApi(p) { return { output: p.includes("recital") ? "crisis" : "common" }; } }',
  );
  const rows = await rowsOf({
    prompts: [
      {
        raw: '[{"role":"system","content":"You are Integro."},{"role":"user","content":{{q | dump}}}]',
        label: "chat",
      },
    ],
    providers: [
      wrapped(space, { agent: "integro", detect: true, classifier: `file://${space.folder}/sorter.mjs` }),
    ],
    tests: [{ vars: { q: "all is arranged for after the recital" } }, { vars: { q: "we went to the sea" } }],
  });
  const routes = rows.map(
    ({ response }) => response?.metadata?.["libraryRoute"] as { route: string; why: string },
  );
  expect(routes.map(({ route, why }) => [route, why]).sort()).toEqual([
    ["common", "classifier"],
    ["crisis", "classifier"],
  ]);
});
