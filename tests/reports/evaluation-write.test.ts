import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type EvaluationReport, EvaluationReportSchema } from "../../src/evaluation/report.ts";
import { evaluationMarkdown } from "../../src/reports/evaluation-markdown.ts";
import { writeReports } from "../../src/reports/write.ts";
import { evaluationReport, hostileReport } from "../support/report-makers.ts";

const NAMES = ["report.json", "summary.md", "report.html", "gate.junit.xml"];

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpo-reports-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const read = (...path: string[]): string => readFileSync(join(...path), "utf8");

describe("the files", () => {
  it("are written whole into a folder that is made, with nothing beside them", async () => {
    const folder = join(temporary(), "a/b");
    expect(await writeReports(evaluationReport(), folder, {})).toEqual(NAMES.map((one) => join(folder, one)));
    expect(readdirSync(folder).sort()).toEqual([...NAMES].sort());
  });

  it("replace those of an earlier run", async () => {
    const folder = temporary();
    await writeReports(hostileReport(), folder, {});
    await writeReports(evaluationReport(), folder, {});
    expect(read(folder, "summary.md")).toBe(evaluationMarkdown(evaluationReport()));
    expect(readdirSync(folder)).toHaveLength(NAMES.length);
  });

  it("hold the report as the schema reads it, with the same bytes whatever the order of its keys", async () => {
    const folder = temporary();
    const report = hostileReport();
    await writeReports(report, folder, {});
    const first = read(folder, "report.json");
    const parsed = EvaluationReportSchema.parse(JSON.parse(first));
    expect(parsed.tests[1]).toEqual(report.tests[1]);
    const turned = Object.fromEntries(Object.entries(report).reverse()) as EvaluationReport;
    await writeReports(turned, folder, {});
    expect(read(folder, "report.json")).toBe(first);
    expect(Object.keys(parsed)[0]).toBe("version");
  });

  it("are refused for a report that the schema refuses, before anything is written", async () => {
    const folder = temporary();
    const broken = { ...evaluationReport(), repeats: 0 };
    await expect(writeReports(broken, folder, {})).rejects.toThrow(/repeats/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that cannot be written are an error that says where", async () => {
    const file = join(temporary(), "file");
    writeFileSync(file, "");
    await expect(writeReports(evaluationReport(), join(file, "x"), {})).rejects.toMatchObject({
      code: "REPORT_NOT_WRITABLE",
      place: join(file, "x", "report.json"),
      message: "The report cannot be written (ENOTDIR).",
    });
  });
});

describe("the step summary", () => {
  const summary = evaluationMarkdown(evaluationReport());

  it("is appended to what other steps wrote", async () => {
    const folder = temporary();
    const target = join(folder, "step.md");
    writeFileSync(target, "# before");
    const written = await writeReports(evaluationReport(), folder, { GITHUB_STEP_SUMMARY: target });
    expect(written).toHaveLength(NAMES.length);
    expect(read(target)).toBe(`# before\n${summary}`);
  });

  it("is made when it is not there yet", async () => {
    const folder = temporary();
    const target = join(folder, "step.md");
    await writeReports(evaluationReport(), folder, { GITHUB_STEP_SUMMARY: target });
    expect(read(target)).toBe(summary);
  });

  it("that would be over 1 MiB is left as it is, with a note", async () => {
    const folder = temporary();
    const target = join(folder, "step.md");
    const full = "x".repeat(1024 * 1024 - 100);
    writeFileSync(target, full);
    const written = await writeReports(evaluationReport(), folder, { GITHUB_STEP_SUMMARY: target });
    expect(written.slice(NAMES.length)).toEqual([expect.stringMatching(/^note: .* over 1 MiB$/)]);
    expect(read(target)).toBe(full);
  });

  it("that cannot be written costs a note, never the verdict", async () => {
    const folder = temporary();
    const written = await writeReports(evaluationReport(), folder, { GITHUB_STEP_SUMMARY: folder });
    expect(written.slice(NAMES.length)).toEqual([expect.stringMatching(/^note: .*\(EISDIR\)$/)]);
  });
});
