import { createHash } from "node:crypto";
import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { evaluationHtml } from "../../src/reports/evaluation-html.ts";
import {
  comparison,
  evaluationReport,
  exploratory,
  hostileReport,
  largeReport,
  outcome,
  problem,
} from "../support/report-makers.ts";

const withoutScripts = (page: string): string => page.replace(/<script[\s\S]*?<\/script>/g, "");
const between = (page: string, start: string, end: string): string => {
  const from = page.indexOf(start) + start.length;
  return page.slice(from, page.indexOf(end, from));
};
const island = (page: string): { arms: string[]; tests: unknown[][] } =>
  JSON.parse(between(page, '<script type="application/json" id="tests-data">', "</script>"));

describe("without JavaScript", () => {
  it("the verdict, the figures, the tables and the regressions are there to read", () => {
    const page = withoutScripts(
      evaluationHtml(
        evaluationReport({ must: [exploratory("crisis-line", [0, 0])], problems: [problem("even-01")] }),
      ),
    );
    for (const said of [
      "<h1>PROVEN</h1>",
      "v7 is better than baseline on 9 tests, worse on 2, same on 1.",
      "+0.08 (95 % +0.02 to +0.14)",
      "not learned: crisis-line, met in 0 of 6 (must pass)",
      '<span class="worse">5/5 -> 3/5 (-0.40)</span>',
      "<blockquote>the reply after</blockquote>",
      '<th scope="row">asks-open-question</th>',
      '<th scope="row">better-8</th>',
      "the judge gave no answer",
      "library v7 0123456789ab (19 experiences, 441 words)",
      "first look at the sealed test",
    ])
      expect(page).toContain(said);
  });

  it("the interval is a picture with its figures as text", () => {
    const page = evaluationHtml(evaluationReport());
    expect(page).toContain('role="img" aria-label="Mean difference +0.08 (95 % +0.02 to +0.14)"');
    expect(page).toContain(">+0.08</text>");
  });

  it("an interval that there is none of is not drawn", () => {
    const few = comparison({ n: 3, low: null, high: null });
    const page = evaluationHtml(evaluationReport({ comparison: few, personas: [], criteria: [] }));
    expect(page).not.toContain('class="bar"');
    expect(page).toContain("3 tests are too few for an interval");
  });
});

describe("one file that needs nothing else", () => {
  const page = evaluationHtml(evaluationReport());

  it("refers to nothing outside itself", () => {
    expect(page).not.toMatch(/\s(src|href|srcset|action|style|on\w+)=/);
    expect(page).not.toMatch(/url\(|@import|https?:/);
  });

  it("lets only its own script and style run, by their hashes", () => {
    const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const policy = between(page, 'Content-Security-Policy" content="', '"');
    expect(policy).toBe(
      `default-src 'none'; script-src ${hash(between(page, "<script>", "</script>"))}; style-src ${hash(between(page, "<style>", "</style>"))}; base-uri 'none'; form-action 'none'`,
    );
  });

  it("has a script that is JavaScript and writes no HTML", () => {
    const script = between(page, "<script>", "</script>");
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function\(/);
  });

  it("names its language, its title, and every table's caption and columns", () => {
    expect(page).toMatch(/<html lang="en">[\s\S]*<title>PROVEN: \+0\.08/);
    const tables = page.match(/<table/g)?.length ?? 0;
    expect(tables).toBeGreaterThanOrEqual(4);
    expect(page.match(/<div class="wide" role="region" tabindex="0" aria-label="/g)).toHaveLength(tables);
    expect(page.match(/<caption>/g)).toHaveLength(tables);
    expect(page).not.toMatch(/<th(?! scope=|ead)/);
  });
});

describe("text of others is text", () => {
  const page = evaluationHtml(hostileReport());

  it("opens no element and ends none", () => {
    expect(page).not.toMatch(/<img|<script>alert|<!--/);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt; &lt;/script&gt;");
  });

  it("is whole in the JSON, controls made visible, long replies cut and said to be", () => {
    const { arms, tests } = island(page);
    expect(arms[0]).toMatch(/^<img src=x onerror=alert\(1\)> <\/script>/);
    expect(JSON.stringify(tests)).not.toMatch(/\\u001b|\u202e/);
    expect(tests[0]?.[9]).toEqual([
      [expect.stringMatching(/… \(\d+ more characters\)$/), "asks-open-question: asks nothing (5)"],
      [expect.stringContaining("{{env.X}}"), "asks-open-question: asks nothing (1)"],
    ]);
    expect(page.length).toBeLessThan(100_000);
  });
});

describe("20,000 tests", () => {
  const page = evaluationHtml(largeReport(20_000));

  it("are all in the JSON, the first 200 in the page, which stays below 6 MB", () => {
    expect(island(page).tests).toHaveLength(20_000);
    expect(page.length).toBeLessThan(6_000_000);
    const table = between(page, '<table id="tests">', "</table>");
    expect(table.match(/<th scope="row">/g)).toHaveLength(200);
    expect(page).toContain("The first 200 of 20000 tests, worst change first");
  });

  it("have the first 50 regressions quoted and the number of the others", () => {
    expect(between(page, '<section class="regressions">', "</section>").match(/<details/g)).toHaveLength(50);
    expect(page).toContain("and 1950 more tests, in report.json");
  });
});

it("says where replies are when there is no room for them, and leaves out those of tests that are the same", () => {
  const reply = "x".repeat(1500);
  const tests = Array.from({ length: 1200 }, (_, index) =>
    outcome(`t${index}`, [5, 3], { replies: [reply, reply] }),
  );
  const said = island(evaluationHtml(evaluationReport({ tests: [...tests, outcome("same", [5, 5])] }))).tests;
  expect(said[0]?.[9]).toBeInstanceOf(Array);
  expect(said[1199]?.[9]).toBe("in report.json");
  expect(said[1200]?.[9]).toBeNull();
});
