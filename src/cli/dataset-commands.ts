import type { Command } from "commander";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo dataset check                           the personas in datasets/integro/personas
  $ promptfoo-grpo dataset check my/personas --json`;

/** Registers `dataset check`. */
export function datasetCommands(program: Command, done: (exitCode: number) => void): void {
  const dataset = program
    .command("dataset")
    .description("Check examples and personas.")
    .addHelpText("after", EXAMPLES);
  dataset
    .command("check")
    .argument("[folder]", "folder of persona files", "datasets/integro/personas")
    .description(
      "Counts, near-duplicates, leakage between splits, and whether the reference replies meet their own criteria.",
    )
    .option("--json", "the report as JSON", false)
    .action(async (folder: string, { json }: { json: boolean }) => {
      const { datasetCheck } = await import("./dataset.ts");
      const { criteriaNames } = await import("../assertions/criteria.ts");
      const { gradeExample } = await import("./grade-example.ts");
      const result = await datasetCheck(folder, { json, criteria: criteriaNames(), grade: gradeExample });
      process.stdout.write(`${result.text}\n`);
      done(result.exitCode);
    });
}
