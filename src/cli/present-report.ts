import { join } from "node:path";
import type { EvaluationReport } from "../evaluation/report.ts";
import { safeJson, safeLine } from "../library/index.ts";
import { evaluationText } from "../reports/evaluation-text.ts";
import { githubAnnotations } from "../reports/github.ts";
import { writeReports } from "../reports/write.ts";
import { redacted } from "../runs/secrets.ts";
import { command, print, printJson } from "./output.ts";

export interface Presentation {
  json?: boolean;
  output?: string;
}

/** Prints the report (or its JSON), writes the files, and annotates a GitHub run. Never decides anything. */
export async function presentReport(made: EvaluationReport, options: Presentation): Promise<void> {
  // Results of others, and providers that say why they failed, may quote a key.
  const report = redacted(made) as EvaluationReport;
  // First of all what was paid for: the files may not be writable.
  if (options.json === true) printJson(safeJson(report, 2));
  else print(`\n${evaluationText(report)}`);
  const written = await writeReports(report, options.output ?? join(".grpo", report.kind));
  if (options.json === true) return;
  print(`\nREPORTS\n${written.map((one) => `  ${safeLine(one)}\n`).join("")}`);
  if (process.env["GITHUB_ACTIONS"] === "true") command(githubAnnotations(report));
}
