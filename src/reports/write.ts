import { statSync } from "node:fs";
import { join } from "node:path";
import { type EvaluationReport, EvaluationReportSchema } from "../evaluation/report.ts";
import { appendDurably, errorCode, replaceDurably, writingTo } from "../library/files.ts";
import { GrpoError } from "../library/index.ts";
import { evaluationHtml } from "./evaluation-html.ts";
import { evaluationJunit } from "./evaluation-junit.ts";
import { evaluationMarkdown } from "./evaluation-markdown.ts";

/** GitHub refuses the whole summary of a step that is longer than this, in bytes. */
const SUMMARY_LIMIT = 1024 * 1024;

/**
 * Writes report.json, summary.md, report.html and gate.junit.xml into the folder, which is made when missing,
 * and appends the summary to `$GITHUB_STEP_SUMMARY` where that is set.
 * @returns the paths written, then a note (`note: ...`) when the step summary could not take the summary
 * @throws GrpoError REPORT_NOT_WRITABLE
 */
export async function writeReports(
  report: EvaluationReport,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  // Parsing puts the keys into the schema's order, whoever made the report.
  const checked = EvaluationReportSchema.parse(report);
  const summary = evaluationMarkdown(checked);
  const files: [name: string, text: string][] = [
    ["report.json", `${JSON.stringify(checked, null, 2)}\n`],
    ["summary.md", summary],
    ["report.html", evaluationHtml(checked)],
    ["gate.junit.xml", evaluationJunit(checked)],
  ];
  const paths = writeReportFiles(folder, files);
  const target = env["GITHUB_STEP_SUMMARY"];
  if (target === undefined || target === "") return paths;
  return [...paths, ...appendSummary(target, summary)];
}

/**
 * Writes each file whole into the folder, which is made when missing.
 * @returns their paths
 * @throws GrpoError REPORT_NOT_WRITABLE
 */
export const writeReportFiles = (
  folder: string,
  files: readonly (readonly [name: string, text: string])[],
): string[] => files.map(([name, text]) => writeWhole(folder, name, text));

/** A reader never sees half a file. */
function writeWhole(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  try {
    writingTo(folder, () => replaceDurably(path, text));
  } catch (cause) {
    if (!(cause instanceof GrpoError)) throw cause;
    throw new GrpoError({
      code: "REPORT_NOT_WRITABLE",
      message: `The report cannot be written (${errorCode(cause.cause) ?? "unknown error"}).`,
      place: path,
      remedy: "Make the folder writable, or name another one.",
      cause,
    });
  }
  return path;
}

/** A summary that GitHub would not show is no reason to lose the verdict: what went wrong is a note. */
function appendSummary(target: string, summary: string): string[] {
  try {
    const size = statSync(target, { throwIfNoEntry: false })?.size ?? 0;
    if (size + Buffer.byteLength(summary) + 2 > SUMMARY_LIMIT)
      return [`note: the step summary is not written: with it, ${target} would be over 1 MiB`];
    appendDurably(target, summary.trimEnd());
    return [];
  } catch (cause) {
    return [`note: the step summary is not written: ${target} (${errorCode(cause) ?? "unknown error"})`];
  }
}
