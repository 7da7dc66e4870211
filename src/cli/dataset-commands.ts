import type { Command } from "commander";
import { importCommand } from "./conversation-commands.ts";
import type { CommandResult } from "./dataset.ts";
import type { DatasetAddOptions } from "./dataset-add.ts";
import { print, printJson } from "./output.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo dataset check                           the personas in datasets/integro/personas
  $ promptfoo-grpo dataset check my/personas --json
  $ promptfoo-grpo dataset check tests.csv                 how a file of promptfoo tests would be read and split`;

/** Registers `dataset check`, `dataset import` and `dataset add`. */
export function datasetCommands(program: Command, done: (exitCode: number) => void): void {
  const dataset = program
    .command("dataset")
    .description("Check examples and personas; import conversation logs; add what they show.")
    .addHelpText("after", EXAMPLES);
  dataset
    .command("check")
    .argument("[path]", "folder of persona files, or a file of promptfoo tests", "datasets/integro/personas")
    .description(
      "Counts, near-duplicates, leakage between splits, and whether the reference replies meet their own criteria.",
    )
    .option("--json", "the report on personas as JSON", false)
    .action(async (path: string, { json }: { json: boolean }) => {
      const result = await checked(path, json);
      if (json) printJson(result.text);
      else print(`${result.text}\n`);
      done(result.exitCode);
    });
  importCommand(dataset, done);
  dataset
    .command("add")
    .requiredOption("--from <file>", "conversations that `flag` has found (.jsonl)")
    .requiredOption(
      "--dataset <path>",
      "folder of persona files, or a file of promptfoo tests (jsonl, json, yaml)",
    )
    .description("Make training examples of flagged turns; never of what validation or the sealed test ask.")
    .option("--persona <id>", "the persona of conversations that name none")
    .option("--no-redact", "keep keys and personal data")
    .option("--dry-run", "show what would be added, and what not and why; write nothing", false)
    .action(async (flags: DatasetAddOptions) => {
      const { datasetAdd } = await import("./dataset-add.ts");
      print(`${await datasetAdd(flags)}\n`);
    });
}

async function checked(path: string, json: boolean): Promise<CommandResult> {
  if (/\.(csv|jsonl?|ya?ml)$/i.test(path)) return (await import("./tests-check.ts")).testsCheck(path);
  const { datasetCheck } = await import("./dataset.ts");
  const { criteriaNames } = await import("../assertions/criteria.ts");
  const { gradeExample } = await import("./grade-example.ts");
  return datasetCheck(path, { json, criteria: criteriaNames(), grade: gradeExample });
}
