import { createHash } from "node:crypto";
import { join } from "node:path";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";
import { resultsOf, row } from "../support/results-files.ts";
import { type Workspace, workspace } from "../support/workspace.ts";
import { BOMB, canaries, DEEP, expectNoLeak, expectPlain, HUGE, PAYLOADS, SECRET } from "./payloads.ts";

canaries();

/** A row with the text wherever a results file holds text of others. */
function hostileRow(text: string, index: number, column: number): Record<string, unknown> {
  const score = index % 3 === 0 ? 1 - column : index % 3 === 1 ? column : 0.5;
  return row({
    id: index % 2 === 0 ? `${index} ${text}` : `t${index}`,
    q: text,
    column,
    score,
    metadata: { persona: text || "p", userTypes: [text, "a"], conversation: text, split: "test", note: text },
    testCase: { description: text },
    response: { output: text },
    more: {
      provider: { id: text, label: column === 0 ? "baseline" : "enhanced" },
      prompt: { raw: text, label: text },
      ...(index % 7 === 6 && column === 1
        ? { failureReason: 2, error: text, response: { error: text } }
        : {}),
      gradingResult: {
        pass: score === 1,
        score,
        reason: text,
        componentResults: [
          {
            pass: score === 1,
            score,
            reason: text,
            assertion: { type: "javascript", metric: index % 2 === 0 ? text : "kind", value: text },
            metadata: { criterion: text, must: index % 5 === 0 },
          },
        ],
      },
    },
  });
}

const ROWS = PAYLOADS.flatMap(({ text }, index) => [hostileRow(text, index, 0), hostileRow(text, index, 1)]);
const LABELS = ["base\u001b[2J\n::error::x <img onerror=x>", "enhanced ]]> </script> ##[error]"];
const NAMED = ROWS.map((one) => ({
  ...one,
  provider: { id: "model", label: LABELS[Number(one["promptIdx"])] },
}));

function judged(files: Record<string, unknown>, names: readonly string[], env: Record<string, string> = {}) {
  const space = workspace(files);
  const args = ["gate", "--results", ...names, "--output", "out"];
  return commandLine(args, space.folder, env).then((finished) => ({ space, ...finished }));
}

const read = (space: Workspace, name: string): string => space.read(join("out", name));

describe("gate --results", () => {
  it("prints, writes and annotates rows of all payloads, and obeys none", async () => {
    const files = { "r.json": resultsOf({ rows: NAMED, labels: LABELS }) };
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: join(workspace().folder, "step.md") };
    const { space, stdout, stderr, code } = await judged(files, ["r.json"], env);
    expect(code).toBe(2);
    const own = stdout.split("\n").filter((line) => line.startsWith("::error title=worse"));
    expect(own.length).toBe(10);
    expectPlain(
      stdout
        .split("\n")
        .filter((line) => !own.includes(line))
        .join("\n") + stderr,
    );
    for (const line of own) expect(line.split("::")).toHaveLength(3);
    const written = ["report.json", "summary.md", "report.html", "gate.junit.xml"].map((name) =>
      read(space, name),
    );
    expectNoLeak(stdout, stderr, ...written);
    const [report = "", summary = "", page = "", junit = ""] = written;
    expectReport(report);
    expectSummary(summary);
    expectPage(page);
    expectJunit(junit);
  });

  it("--json is JSON that a terminal does not obey, and says every reply as it was", async () => {
    const { stdout } = await judged({ "r.json": resultsOf({ rows: ROWS }) }, ["r.json", "--json"]);
    expectPlain(stdout);
    const replies = JSON.parse(stdout).tests.flatMap((one: { arms: { reply: string }[] }) =>
      one.arms.map((cell) => cell.reply),
    );
    for (const { name, text } of PAYLOADS) expect(replies, name).toContain(text);
  });

  it("two files of lines are read a line at a time, with the same words", async () => {
    const lines = (column: number): string =>
      ROWS.filter((one) => one["promptIdx"] === column)
        .map((one) => JSON.stringify({ ...one, promptIdx: 0 }))
        .join("\n");
    const { stdout, stderr } = await judged({ "a.jsonl": lines(0), "b.jsonl": lines(1) }, [
      "a.jsonl",
      "b.jsonl",
    ]);
    expectPlain(stdout + stderr);
    expectNoLeak(stdout, stderr);
  });

  it("keys that a provider quotes are in no report", async () => {
    const error = `401 Incorrect API key provided: ${SECRET} (Bearer sk-abcdefghijklmnopqrstuvwx)`;
    const rows = ["a", "b"].flatMap((id) =>
      [0, 1].map((column) => row({ id, column, more: { failureReason: 2, error, response: { error } } })),
    );
    const { space, stdout, stderr } = await judged({ "r.json": resultsOf({ rows }) }, ["r.json"]);
    const all = [
      stdout,
      stderr,
      ...Object.values(space.snapshot()).filter((text) => !text.includes("evalId")),
    ];
    expect(all.join()).toContain("Incorrect API key provided: [secret]");
    expectNoLeak(...all);
    expect(all.join()).not.toContain("sk-abcdefghijklmnopqrstuvwx");
  });
});

describe("a results file that is an attack as a whole", () => {
  const deepRow = JSON.stringify(row({ id: "a" })).replace('"vars":{', `"vars":{"x":${DEEP},`);
  it.each([
    ["deep JSON", "r.json", DEEP, 3],
    [
      "deep variables",
      "r.json",
      JSON.stringify(resultsOf({ rows: [] })).replace('"results":[]', `"results":[${deepRow}]`),
      3,
    ],
    ["a deep line", "r.jsonl", deepRow, 3],
    ["a YAML bomb", "r.yaml", `results:\n  version: 3\n  stats: {}\n  results: []\n${BOMB}`, 3],
    ["deep YAML", "r.yaml", DEEP, 3],
    ["a YAML tag", "r.yaml", '!!js/function "function(){}"', 3],
    [
      "a prototype key",
      "r.json",
      '{"__proto__":{"polluted":1},"results":{"version":3,"prompts":[],"results":[]}}',
      3,
    ],
    ["text that is no JSON", "r.json", "\u001b[2J::error::x", 3],
    [
      "10 MB in a reply",
      "r.json",
      JSON.stringify(
        resultsOf({ rows: [0, 1].map((column) => row({ column, response: { output: HUGE } })) }),
      ),
      2,
    ],
  ])("%s", async (_, name, content, expected) => {
    const { code, stdout, stderr } = await judged({ [name]: content }, [name]);
    expect(code).toBe(expected);
    expectPlain(stdout + stderr);
    expectNoLeak(stdout, stderr);
    expect(stdout.length + stderr.length).toBeLessThan(50_000);
  });

  it.each(PAYLOADS)("$name: as the file's name or a column", async ({ text }) => {
    for (const args of [
      ["gate", "--results", text],
      ["gate", "--results", "r.json", "--arms", `${text},x`],
      ["plan", "--results", `${text}.json`],
    ]) {
      const space = workspace({ "r.json": resultsOf({ rows: [row()] }) });
      const { code, stdout, stderr } = await commandLine(args, space.folder);
      expect(code).toBe(3);
      expectPlain(stdout + stderr);
      expectNoLeak(stdout, stderr);
    }
  });
});

function expectReport(text: string): void {
  const report = JSON.parse(text);
  expect(report.tests.length).toBe(PAYLOADS.length);
  const replies = new Set(
    report.tests.flatMap((one: { arms: { reply: string }[] }) => one.arms.map((cell) => cell.reply)),
  );
  for (const { name, text: reply } of PAYLOADS) expect(replies.has(reply), name).toBe(true);
}

/** Text of others stands in code spans or is escaped: nothing starts a block, a tag, a link or a mention. */
function expectSummary(text: string): void {
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  const outside = text.replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "").replace(/\\./g, "");
  expect(outside.match(/<(?!\/?(?:details|summary)>|!-- promptfoo-grpo:gate -->)/g)).toBeNull();
  expect(outside).not.toMatch(/!?\[[^\]]*\]\(|@\w|https?:\/\/|\]\(|<script/);
  const headings = text.split("\n").filter((line) => /^\s{0,3}#/.test(line));
  expect(headings).toHaveLength(1);
  expect(text.split("\n").filter((line) => line.includes("<!-- promptfoo-grpo:gate -->"))).toHaveLength(1);
}

type Node = DefaultTreeAdapterTypes.Node;
const ELEMENTS =
  "html head meta title style body header div h1 h2 h3 p ul li main dl dt dd svg line circle text section details summary span blockquote table caption thead tbody tr th td input label button script footer time";
const ATTRIBUTES =
  "lang charset http-equiv content name class viewBox role aria-label aria-hidden x1 x2 y1 y2 x y cx cy r width height id hidden type autocomplete spellcheck scope tabindex open datetime";

/** A DOM of our own elements and attributes only, whatever the words in it; its scripts and styles are ours by hash. */
function expectPage(page: string): void {
  const errors: string[] = [];
  const document = parse(page, { onParseError: (error) => errors.push(error.code) });
  expect(errors).toEqual([]);
  const hashes: string[] = [];
  let policy = "";
  const visit = (node: Node): void => {
    if ("tagName" in node) {
      expect(ELEMENTS.split(" ")).toContain(node.tagName);
      for (const { name, value } of node.attrs) {
        expect(ATTRIBUTES.split(" ")).toContain(name);
        if (name === "content" && value.startsWith("default-src")) policy = value;
      }
      const isData = node.attrs.some((one) => one.value === "application/json");
      const inside = node.childNodes.map((one) => ("value" in one ? one.value : "")).join("");
      if (isData) expect(JSON.parse(inside).tests).toHaveLength(PAYLOADS.length);
      else if (node.tagName === "script" || node.tagName === "style")
        hashes.push(`'sha256-${createHash("sha256").update(inside).digest("base64")}'`);
    } else expect(["#document", "#documentType", "#text"]).toContain(node.nodeName);
    if ("childNodes" in node) for (const child of node.childNodes) visit(child);
  };
  visit(document);
  expect(hashes).toHaveLength(2);
  const [style, script] = hashes;
  expect(policy).toBe(
    `default-src 'none'; script-src ${script}; style-src ${style}; base-uri 'none'; form-action 'none'`,
  );
  expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
}

function expectJunit(text: string): void {
  const found: string[] = [];
  const parser = new SaxesParser({ position: false });
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name }) => found.push(name));
  parser.on("doctype", () => expect.unreachable());
  parser.write(text).close();
  expect([...new Set(found)].sort()).toEqual(
    ["testsuites", "testsuite", "properties", "property", "testcase", "failure", "error"].sort(),
  );
  expect(found.filter((name) => name === "testcase")).toHaveLength(PAYLOADS.length + 1);
}
