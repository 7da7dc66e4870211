import { join } from "node:path";
import type { TestCase } from "promptfoo";
import { evaluate } from "promptfoo";
import { describe, expect, it } from "vitest";
import { readTestsFile } from "../../src/datasets/read-tests.ts";
import { folderOf } from "./fixtures.ts";

const read = (name: string, text: string) => readTestsFile(join(folderOf({ [name]: text }), name));
const lineOf = (place: string | undefined) => Number(place?.split(":").at(-1));

const CSV = `query,__expected,__expected2,__description,__metadata:persona,__metadata:userTypes[],__metric,__threshold
"hi, ""you""
there",contains: hello,,first,ann,"verbose, crisis",warmth,0.5

plain,similar(0.9): hello,javascript: output.length > 3,,bob,,,
`;

describe("readTestsFile", () => {
  it.each([
    ["t.yaml", "- vars: { q: one }\n- description: two\n  vars: { q: two }\n", [1, 2]],
    ["t.yml", "vars: { q: one }\n", [1]],
    ["t.json", '[\n  {"vars": {"q": "one"}},\n  {"vars": {"q": "two"}}\n]', [2, 3]],
    ["t.jsonl", '{"vars":{"q":"one"}}\n\n{"vars":{"q":"two"}}\n', [1, 3]],
    ["t.csv", "\uFEFFq\none\n\ntwo\n", [2, 4]],
    ["t.yaml", "", []],
    ["t.csv", "", []],
    ["shared.yaml", "- assert: &a [{ type: equals, value: x }]\n- assert: *a\n", [1, 2]],
  ])("reads %s (%j) and knows the lines", async (name, text, lines) => {
    const { tests, errors } = await read(name, text);
    expect(errors).toEqual([]);
    expect(tests.map(({ place }) => lineOf(place))).toEqual(lines);
  });

  it("reads promptfoo's CSV conventions", async () => {
    const { tests, errors } = await read("t.csv", CSV);
    expect(errors).toEqual([]);
    expect(tests).toEqual([
      {
        place: expect.stringMatching(/t\.csv:2$/),
        test: {
          description: "first",
          vars: { query: 'hi, "you"\nthere' },
          assert: [{ type: "contains", value: "hello", metric: "warmth" }],
          options: {},
          threshold: 0.5,
          metadata: { persona: "ann", userTypes: ["verbose", "crisis"] },
        },
      },
      {
        place: expect.stringMatching(/t\.csv:5$/),
        test: {
          vars: { query: "plain" },
          assert: [
            { type: "similar", value: "hello", threshold: 0.9 },
            { type: "javascript", value: "output.length > 3" },
          ],
          options: {},
          metadata: { persona: "bob" },
        },
      },
    ]);
  });

  it("agrees with promptfoo about every kind of cell", async () => {
    const cells = [
      "hello",
      "equals: x",
      "not-contains: x",
      "icontains-any: a, b ,c",
      'contains-all: "a, b", c ""',
      "contains-all",
      'contains-any: "say \\"hi\\"", "a""b"',
      "is-json",
      'contains-json:{"a":1}',
      "latency(500)",
      "latency",
      "cost(0.1)",
      "similar: x",
      "rouge-n(0.4): x",
      "levenshtein(5): x",
      "grade: be kind",
      "llm-rubric: be kind",
      "fn: output === 'x'",
      "eval: true",
      "python: len(output)",
      "file://check.py",
      "file://check.py:fn",
      "file://check.js",
      "file://x.txt",
      "javascript: 1",
      "note: no such type",
      "",
      "  regex: ^a$  ",
      "starts-with: x",
      "similar:cosine: x",
      "is-refusal",
    ];
    const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    const header =
      "query,__expected,__expected2,__config:__expected:threshold,__metadata:tags[],__metadata:n,__prefix,__metric,__providerOutput";
    const rows = cells.map(
      (cell, i) => `q${i},${quoted(cell)},equals: z,0.${(i % 8) + 1},"a\\,b, c",${i},p,m${i % 2 || ""},out`,
    );
    const folder = folderOf({ "t.csv": [header, ...rows].join("\n") });
    const ours = await readTestsFile(join(folder, "t.csv"));
    expect(ours.errors).toEqual([]);
    const theirs: TestCase[] = [];
    // Providers that fail keep assertions from running: only the reading of the file is wanted.
    const record = await evaluate(
      {
        providers: [{ id: () => "probe", callApi: async () => ({ error: "probe" }) }],
        prompts: ["{{query}}"],
        tests: `file://${folder}/t.csv`,
        writeLatestResults: false,
      },
      { cache: false, silent: true, maxConcurrency: 1 },
    );
    const { results } = await record.toEvaluateSummary();
    for (const row of results.toSorted((a, b) => a.testIdx - b.testIdx)) theirs.push(row.testCase);
    expect(theirs).toHaveLength(cells.length);
    const essence = ({ vars, assert, metadata, options }: TestCase) => {
      const { prefix } = options ?? {};
      return JSON.parse(JSON.stringify({ vars, assert, metadata: { ...metadata }, prefix }));
    };
    expect(ours.tests.map(({ test }) => essence(test as TestCase))).toEqual(theirs.map(essence));
  });

  it.each([
    ["row.csv", "q,r\n1,2\n1\n3,4\n", 3, /1 cells for 2 columns/, 2],
    ["threshold.csv", "q,__threshold\n1,half\n2,0.5\n", 2, /__threshold/, 1],
    ["config.csv", "q,__expected,__config:__expected:limit\n1,x,1\n", 2, /__config/, 0],
    ["meta.csv", "q,__metadata\n1,x\n", 2, /needs a key/, 0],
    ["list.csv", 'q,__expected\n1,"contains-any: ""a"\n', 2, /quoted value/, 0],
    ["twice.csv", "q,q\n1,2\n", 1, /there twice/, 0],
    ["quote.csv", 'q\n1\n"open\n', 3, /Malformed CSV/, 0],
    ["item.yaml", "- vars: { q: 1 }\n- just text\n", 2, /Not a promptfoo test/, 1],
    ["vars.yaml", "- vars: file://vars.yaml\n", 1, /vars/, 0],
    ["broken.yaml", "- vars: { q: 1\n- x\n", 2, /Malformed/, 0],
    ["broken.json", '[\n{"vars": {}},\n{"vars": }\n]', 3, /Malformed/, 0],
    ["line.jsonl", '{"vars":{"q":1}}\n{"vars":\n', 2, /Malformed JSON/, 1],
    [
      "bomb.yaml",
      `- &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
        .split("")
        .map((n, i) => `- &${n} [${Array(9).fill(`*${"abcdefg"[i]}`)}]`)
        .join("\n")}\n`,
      1,
      /alias/i,
      0,
    ],
  ])(
    "keeps what it cannot read of %s as an error with its line",
    async (name, text, line, message, readable) => {
      const { tests, errors } = await read(name, text);
      expect(tests).toHaveLength(readable);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ code: "TESTS_INVALID", exitCode: 3 });
      expect(errors[0]?.message).toMatch(message);
      expect(lineOf(errors[0]?.place)).toBe(line);
    },
  );

  it("refuses other formats and missing files", async () => {
    await expect(read("t.xlsx", "")).rejects.toMatchObject({ code: "TESTS_FILE_FORMAT" });
    await expect(readTestsFile("/no/such/file.csv")).rejects.toMatchObject({ code: "TESTS_FILE_UNREADABLE" });
  });
});
