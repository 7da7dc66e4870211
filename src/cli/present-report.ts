import { join } from "node:path";
import type { EvaluationReport } from "../evaluation/report.ts";
import { evaluationText } from "../reports/evaluation-text.ts";
import { githubAnnotations } from "../reports/github.ts";
import { writeReports } from "../reports/write.ts";

export interface Presentation {
  json?: boolean;
  output?: string;
}

/** Prints the report (or its JSON), writes the files, and annotates a GitHub run. Never decides anything. */
export async function presentReport(report: EvaluationReport, options: Presentation): Promise<void> {
  const text = options.json === true ? `${JSON.stringify(report, null, 2)}\n` : `\n${evaluationText(report)}`;
  // First of all what was paid for: the files may not be writable.
  process.stdout.write(text);
  const written = await writeReports(report, options.output ?? join(".grpo", report.kind));
  if (options.json === true) return;
  process.stdout.write(`\nREPORTS\n${written.map((one) => `  ${one}\n`).join("")}`);
  if (process.env["GITHUB_ACTIONS"] === "true") {
    for (const annotation of githubAnnotations(report)) process.stdout.write(`${annotation}\n`);
  }
}
