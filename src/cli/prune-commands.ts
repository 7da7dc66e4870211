import type { Command } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { atLeastOne, defined, share, storeOption, whole, withCaps, withResume } from "./flags.ts";
import type { PruneOptions } from "./prune.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo library prune --dry-run                  what it would do and cost, calling nothing
  $ promptfoo-grpo library prune --max-cost 1
  $ promptfoo-grpo library prune --resume                   go on with the newest that was cut off

Exit codes: 0 finished, whether or not anything was removed; 3, 4, 5, 6, 130 as of train.`;

interface Flags extends Omit<Partial<SettingsInput>, "maxCostUsd"> {
  config?: string;
  rounds?: number;
  examples?: number;
  margin?: number;
  maxCost?: number;
  dryRun?: boolean;
  json?: boolean;
  display?: string;
  resume?: string | true;
  fork?: boolean;
}

/** Registers `library prune`, the one library command that calls the agent; promptfoo is imported only when it runs. */
export function pruneCommand(library: Command, done: (exitCode: number) => void): void {
  const prune = library
    .command("prune")
    .description(
      "Measure what each experience does, and remove what hurts or does nothing, if the gate agrees.",
    )
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .option("--agent <name>", "names the library's folder")
    .option("--route <name>", "names the library's file")
    .option("--experiences <folder>", "root folder of the libraries")
    .addOption(storeOption())
    .option("--provider <id or label>", "the provider, when there are several")
    .option("--prompt <label or text>", "the prompt, when there are several")
    .option("--judge <provider id>", "grader for model-graded assertions that name none")
    .option("--rounds <n>", "rounds of two rollouts an example (default: 4)", atLeastOne)
    .option("--examples <n>", "training examples at most (default: 32)", atLeastOne)
    .option("--margin <reward>", "how much worse the pruned library may be (default: 0.02)", share)
    .option(
      "--validation-repeats <n>",
      "rollouts of a validation example and library (default: 4)",
      atLeastOne,
    );
  withCaps(prune).option("--seed <n>", "of every random choice", whole);
  withResume(prune)
    .option("--dry-run", "print the plan and stop")
    .option("--json", "print the result as JSON")
    .option("--display <kind>", "progress: auto, tty, plain or none", "auto")
    .addHelpText("after", EXAMPLES)
    .action(async (given: Flags) => {
      quietPromptfoo();
      const { pruneLibrary } = await import("./prune.ts");
      done(await pruneLibrary(optionsOf(given)));
    });
}

function optionsOf(given: Flags): PruneOptions {
  const { config, rounds, examples, margin, maxCost, dryRun, json, display, resume, fork, ...flags } = given;
  return {
    ...defined({ config, dryRun, json, resume, fork }),
    ...(display === "auto" ? {} : defined({ display })),
    flags: {
      ...flags,
      ...defined({
        pruneRounds: rounds,
        pruneExamples: examples,
        pruneMargin: margin,
        maxCostUsd: maxCost,
      }),
    },
  };
}
