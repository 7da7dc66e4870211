import { safeLine, safeText } from "../library/text.ts";
import type { CheckReport, Finding } from "./check.ts";
import type { SplitCounts } from "./counts.ts";

/** The report as a terminal shows it: four tables, then what was found. */
export function formatCheck(report: CheckReport): string {
  const { counts, findings } = report;
  const splitTable = (title: string, rows: Record<string, SplitCounts>) =>
    table([
      [title, "train", "validation", "test"],
      ...Object.entries(rows).map(([name, { train, validation, test }]) => [name, train, validation, test]),
    ]);
  const criteria = Object.entries(counts.byCriterion).map(([name, marks]) => [name, marks.true, marks.false]);
  const parts = [
    `${report.folder}: ${counts.examples} examples of ${counts.personas} personas, ${counts.heldOut} held out`,
    splitTable("split", { examples: counts.bySplit }),
    splitTable("persona", counts.byPersona),
    splitTable("user type", counts.byUserType),
    table([["criterion", "true", "false"], ...criteria]),
    formatFindings(findings),
  ];
  return safeText(parts.join("\n\n"));
}

function formatFindings(findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const lines = findings.map(
    ({ severity, code, place, message }) => `${severity} ${code} ${place}: ${safeLine(message)}`,
  );
  return [...lines, `${count(errors, "error")}, ${count(findings.length - errors, "warning")}`].join("\n");
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** First column to the left, numbers to the right. */
function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => String(row[column] ?? "").length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? String(cell).padEnd(width) : String(cell).padStart(width);
        })
        .join("  "),
    )
    .join("\n");
}
