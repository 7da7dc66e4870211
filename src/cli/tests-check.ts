import { adaptTests } from "../datasets/adapter.ts";
import { readTestsFile } from "../datasets/read-tests.ts";
import { SPLITS } from "../datasets/split.ts";
import { GrpoError, safeLine } from "../library/index.ts";
import { table } from "../reports/figures.ts";
import { parseSettings } from "../suite/settings.ts";
import type { CommandResult } from "./dataset.ts";

/** `dataset check tests.csv`: how a run would read and split a file of promptfoo tests. Exit 3 when a row is wrong. */
export async function testsCheck(path: string): Promise<CommandResult> {
  const { seed, split } = parseSettings(undefined, {}, path);
  try {
    const { tests, errors } = await readTestsFile(path);
    const examples = adaptTests(
      tests.map((one) => one.test),
      { places: tests.map((one) => one.place), seed, fractions: split },
    );
    const personas = [...new Set(examples.map((one) => one.persona ?? "(none)"))].sort();
    const rows = personas.map((persona) => {
      const own = examples.filter((one) => (one.persona ?? "(none)") === persona);
      return [
        safeLine(persona),
        ...SPLITS.map((split) => String(own.filter((one) => one.split === split).length)),
      ];
    });
    const lines = [
      `${safeLine(path)}: ${examples.length} tests`,
      table(["persona", ...SPLITS], rows),
      ...errors.map((error) => safeLine(error.describe())),
      `${errors.length} ${errors.length === 1 ? "row" : "rows"} could not be read`,
    ];
    return { text: lines.join("\n"), exitCode: errors.length === 0 ? 0 : 3 };
  } catch (error) {
    if (error instanceof GrpoError) return { text: error.describe(), exitCode: error.exitCode };
    throw error;
  }
}
