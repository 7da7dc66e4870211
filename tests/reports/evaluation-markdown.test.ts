import { describe, expect, it } from "vitest";
import { evaluationMarkdown, GATE_MARKER } from "../../src/reports/evaluation-markdown.ts";
import { cell, code, prose } from "../../src/reports/markdown.ts";
import {
  arm,
  evaluationReport,
  exploratory,
  HOSTILE,
  hostileReport,
  largeReport,
  outcome,
  problem,
} from "../support/report-makers.ts";

const lines = (text: string): string[] => text.split("\n");
/** What is left of the Markdown when code spans, which are plain text to every reader, are taken out. */
const outsideCode = (text: string): string => text.replace(/(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, "CODE");

it("starts with the marker, then the verdict and one sentence", () => {
  const text = evaluationMarkdown(evaluationReport());
  expect(lines(text).slice(0, 5)).toEqual([
    "<!-- promptfoo-grpo:gate -->",
    "",
    "## PROVEN: +0.08 (95 % +0.02 to +0.14)",
    "",
    "v7 is better than baseline on 9 tests, worse on 2, same on 1.",
  ]);
});

it("has a table by persona and by criterion, must-pass lines, regressions quoted, the rest in details", () => {
  const text = evaluationMarkdown(
    evaluationReport({ must: [exploratory("crisis-line", [0, 0])], problems: [problem("even-01")] }),
  );
  expect(text).toContain("- not learned: crisis-line, met in 0 of 6 (must pass)");
  expect(text).toContain("| `paul` | 6 | 0.58 | 0.66 |");
  expect(text).toContain("| `asks-open-question` | 6 | 0.50 | 0.75 |");
  expect(text).toContain("- `crisis-07` 5/5 -> 3/5 (-0.40)\n  - `baseline`: `the reply before`");
  const folded = text.slice(text.indexOf("<details>"));
  expect(folded).toContain("| `crisis-07` | `paul` | 5/5 -> 3/5 | -0.40 | worse |");
  expect(folded).not.toContain("even-01` |");
  expect(folded).toContain("- ungraded: `even-01` repeat 3, `v7`: `the judge gave no answer`");
  expect(text.match(/<details>/g)).toHaveLength(text.match(/<\/details>/g)?.length ?? 0);
});

it("says so when no test got worse", () => {
  expect(evaluationMarkdown(evaluationReport({ tests: [outcome("a", [1, 2])] }))).toContain(
    "no test got worse",
  );
});

describe("at most 60,000 characters, whole items, with how many are left out", () => {
  it.each([
    ["20,000 tests", () => largeReport(20_000)],
    ["20,000 tests with long replies", () => largeReport(20_000, "long ".repeat(2000))],
    [
      "long names everywhere",
      () => {
        const name = (index: number): string => `${index} ${HOSTILE.repeat(3)}`;
        const rows = Array.from({ length: 400 }, (_, index) => exploratory(name(index), [1, 0]));
        const tests = Array.from({ length: 400 }, (_, index) =>
          outcome(name(index), [5, 0], { replies: [HOSTILE.repeat(9), HOSTILE.repeat(9)] }),
        );
        return evaluationReport({
          must: rows,
          arms: [arm(HOSTILE, 1, { agent: HOSTILE, prompt: HOSTILE }), arm("|".repeat(999), 0)],
          criteria: rows,
          personas: rows,
          tests,
          sentence: "&".repeat(9999),
          because: rows.map((one) => one.name),
          problems: tests.map((one) => problem(one.id, { arm: one.id, reason: HOSTILE })),
        });
      },
    ],
  ])("%s", (_what, make) => {
    const text = evaluationMarkdown(make());
    expect(text.length).toBeLessThanOrEqual(60_000);
    expect(text).toMatch(/\nand \d+ more tests, in report\.json\n/);
    expect(text.match(/<details>/g)).toHaveLength(text.match(/<\/details>/g)?.length ?? 0);
    for (const line of lines(text).filter((one) => one.startsWith("|"))) expect(line).toMatch(/\|$/);
  });
});

describe("text of others is text", () => {
  const text = evaluationMarkdown(hostileReport());

  it("cannot bring HTML, a link, an image, a mention, an issue or an address", () => {
    const rest = outsideCode(text)
      .replace(GATE_MARKER, "")
      .replace(/<\/?(details|summary)>/g, "");
    expect(rest).not.toMatch(/<[a-z/!]/i);
    expect(rest).not.toMatch(/(?<!\\)\[|(?<!\\)!\[|@[a-z0-9]|#\d|https?:\/\/|www\./i);
    expect(rest).not.toMatch(/(?<!\\)\*\*bold/);
  });

  it("cannot repeat the marker, start a heading or a line", () => {
    expect(text.split(GATE_MARKER)).toHaveLength(2);
    expect(text).not.toMatch(/^(## heading|::error)/m);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
  });

  it("cannot add a column to a table", () => {
    const columns = (line: string): number => line.replace(/\\\|/g, "").split("|").length;
    const tables = text.split("\n\n").filter((one) => /^\| .*\n\| -/.test(one));
    expect(tables.length).toBeGreaterThanOrEqual(4);
    for (const table of tables) {
      const rows = lines(table).filter((one) => one.startsWith("|"));
      expect(new Set(rows.map(columns)).size).toBe(1);
    }
  });
});

it.each([
  [code("plain"), "`plain`"],
  [code("a `tick`"), "`` a `tick` ``"],
  [code("``` fence"), "```` ``` fence ````"],
  [code("a|b"), "`a|b`"],
  [code(""), "(empty)"],
  [code("one\ntwo"), "`one two`"],
  [cell("a|b"), "`a\\|b`"],
  [cell("a\\|b"), "`a\\ \\|b`"],
  [code("x".repeat(9), 4), "`xxxx… (5 more characters)`"],
  [prose("a_b 5/5 -> 3/5 (95 %)"), "a\\_b 5/5 -> 3/5 (95 %)"],
  [prose("> quoted"), "\\> quoted"],
  [prose("mail a@b.example, GH-12"), "mail a@\u200bb.example, GH\u200b-12"],
])("%s", (found, expected) => {
  expect(found).toBe(expected);
});
