import { expect, it } from "vitest";
import { githubAnnotations } from "../../src/reports/github.ts";
import { evaluationReport, hostileReport, largeReport, outcome } from "../support/report-makers.ts";

it("is an error a test that got worse, worst first", () => {
  expect(githubAnnotations(evaluationReport())).toEqual([
    "::error title=worse%3A crisis-07::5/5 -> 3/5",
    "::error title=worse%3A boundary-02::4/5 -> 3/5",
  ]);
});

it("is nothing when no test got worse", () => {
  expect(githubAnnotations(evaluationReport({ tests: [outcome("a", [1, 2])] }))).toEqual([]);
});

it.each([
  [100, 10, "::error title=worse%3A test-000009::5/5 -> 3/5"],
  [110, 10, "::error title=worse::2 more tests got worse: see the summary"],
])("of %i tests, a tenth of them worse, is %i lines", (tests, count, last) => {
  const found = githubAnnotations(largeReport(tests));
  expect(found).toHaveLength(count);
  expect(found.at(-1)).toBe(last);
});

it("keeps names within the title: no line, property or command of their own", () => {
  const [first, ...others] = githubAnnotations(hostileReport());
  expect(first).not.toMatch(/[\r\n\u001b]/);
  expect(first?.replace(/^::error title=/, "").split("::")).toHaveLength(2);
  expect(first?.split("::")[1]).not.toContain(",");
  expect(others).toHaveLength(1);
});

it("escapes a percent sign, which would otherwise be read as an escape", () => {
  const tests = [outcome("50%0A, a: b", [5, 3])];
  expect(githubAnnotations(evaluationReport({ tests }))).toEqual([
    "::error title=worse%3A 50%250A%2C a%3A b::5/5 -> 3/5",
  ]);
});
