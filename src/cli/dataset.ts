import { type CheckOptions, checkDataset } from "../datasets/check.ts";
import { formatCheck } from "../datasets/format-check.ts";
import { loadPersonaFolder } from "../datasets/load.ts";
import { GrpoError, safeJson } from "../library/index.ts";

export interface DatasetCheckOptions extends CheckOptions {
  /** The report as JSON instead of tables. */
  json?: boolean;
}

/** What a command prints and how the process ends: 0 fine (warnings included), 3 errors in the dataset. */
export interface CommandResult {
  text: string;
  exitCode: number;
}

/** `dataset check [folder]`. A dataset that cannot be loaded is a result too, with the error as its text. */
export async function datasetCheck(
  folder: string,
  options: DatasetCheckOptions = {},
): Promise<CommandResult> {
  const { json = false, ...checkOptions } = options;
  try {
    const report = await checkDataset(await loadPersonaFolder(folder), checkOptions);
    const failed = report.findings.some((finding) => finding.severity === "error");
    return { text: json ? safeJson(report, 2) : formatCheck(report), exitCode: failed ? 3 : 0 };
  } catch (error) {
    if (error instanceof GrpoError) return { text: error.describe(), exitCode: error.exitCode };
    throw error;
  }
}
