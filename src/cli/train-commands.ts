import { resolve } from "node:path";
import type { Command } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { exampleIds } from "./example-ids.ts";
import {
  atLeastOne,
  decimal,
  defined,
  named,
  shares,
  storeOption,
  whole,
  withCaps,
  withResume,
} from "./flags.ts";
import type { TrainOptions } from "./train.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo train                                   learn from ./promptfooconfig.yaml
  $ promptfoo-grpo train --dry-run                         what it would do and cost, calling nothing
  $ promptfoo-grpo train --learner openai:gpt-5 --max-cost 2
  $ promptfoo-grpo train --resume                          go on with the newest run that was cut off
  $ promptfoo-grpo train -c eval/config.yaml --provider agent-b --prompt "Support v2"

The config is never changed. Settings live under metadata.grpo (docs/settings.md); flags win.
Exit codes: 0 finished, 3 usage or input, 4 a cap reached, 5 library changed meanwhile, 6 provider refused, 130 interrupted
(143 by SIGTERM).`;

interface TrainFlags extends Omit<Partial<SettingsInput>, "maxCostUsd"> {
  config?: string;
  examples?: string[];
  maxCost?: number;
  learnerPrompt?: SettingsInput["prompts"];
  dryRun?: boolean;
  display?: string;
  output?: string;
  publish?: boolean;
  resume?: string | true;
  fork?: boolean;
}

const LEARN_EXAMPLES = `
Examples:
  $ promptfoo eval --filter-metadata split=train --repeat 5 -o train.json
  $ promptfoo-grpo learn --results train.json               one step of training on those rollouts
  $ promptfoo-grpo learn --results both.json --column enhanced --learner openai:gpt-5

Rows of training tests are the rollouts; candidates, gate and sealed test call the agent as in train.
Exit codes as of train.`;

interface LearnFlags extends TrainFlags {
  results: string;
  column?: string;
}

/** Registers `train` and `learn`. promptfoo is imported only when one runs: help must start at once. */
export function trainCommands(program: Command, done: (exitCode: number) => void): void {
  const train = program
    .command("train")
    .description("Learn a library of experiences from a promptfooconfig, and test it on held-out examples.")
    .option("--group-size <n>", "rollouts of one example", whole)
    .option("--epochs <n>", "passes over the training examples", whole)
    .option("--batch-size <n>", "training examples in a step", whole)
    .option("--temperature <t>", "of training rollouts", decimal)
    .option("--dry-run", "print the plan and stop")
    .addHelpText("after", EXAMPLES);
  withSettings(train).action(async (given: TrainFlags) => {
    quietPromptfoo();
    const { trainCommand } = await import("./train.ts");
    done(await trainCommand(optionsOf(given)));
  });

  const learn = program
    .command("learn")
    .description("One step of training on rollouts that promptfoo has made already.")
    .requiredOption("--results <file>", "a finished promptfoo results file with rows of training tests")
    .option("--column <label>", "its column, when there are several")
    .addHelpText("after", LEARN_EXAMPLES);
  withSettings(learn).action(async ({ results, column, ...given }: LearnFlags) => {
    quietPromptfoo();
    const { learnCommand } = await import("./learn.ts");
    // Reading the config changes the working directory.
    const file = resolve(results);
    done(
      await learnCommand({
        ...optionsOf(given),
        results: file,
        ...(column === undefined ? {} : { column }),
      }),
    );
  });
}

function withSettings(command: Command): Command {
  command
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .option("--agent <name>", "names the library's folder")
    .option("--route <name>", "names the library's file")
    .option("--experiences <folder>", "root folder of the libraries")
    .addOption(storeOption())
    .option("--provider <id or label>", "the provider to train, when there are several")
    .option("--prompt <label or text>", "the prompt to train, when there are several")
    .option("--learner <provider id>", "the model that reflects (default: the agent's own)")
    .option("--judge <provider id>", "grader for model-graded assertions that name none")
    .option("--advantage <form>", "principles (the paper's) or contrast (by criterion, for small learners)")
    .option("--schedule <name>", "adaptive (operations tested one by one) or plain (the paper's)")
    .option("--candidates <n>", "whole candidate libraries compared in a step", whole)
    .option("--refinements <n>", "attempts to reword an experience", whole)
    .option("--gate-attempts <n>", "candidates tried at the gate in a step", whole)
    .option("--screen-size <n>", "training examples on which candidates are compared", whole)
    .option("--max-experiences <n>", "experiences in the library at most", whole)
    .option("--max-words <n>", "words in an experience at most", whole)
    .option("--max-operations <n>", "operations in a step at most", whole)
    .option("--min-support <n>", "independent groups that must teach an experience", atLeastOne)
    .option("--redact", "take keys and personal data out of what the learner reads (learn: the default)")
    .option("--no-redact", "leave them in (train: the default)");
  withCaps(command)
    .option("--validation-repeats <n>", "rollouts of a validation example and library", whole)
    .option("--test-repeats <n>", "rollouts of a sealed test example and arm", whole)
    .option(
      "--since <date>",
      "learn only from examples added since (2026-12-01), or `last`: since the newest version",
    )
    .option(
      "--examples <file or ids>",
      "learn only from these: ids joined by commas, or a file with an id a line",
      exampleIds,
    )
    .option(
      "--replay <n>",
      "earlier examples that the gate asks too, so that nothing is forgotten (default: 12)",
      whole,
    )
    .option("--split <validation,test>", "shares for tests that name no split, for example 0.25,0.2", shares)
    .option("--learner-prompt <name=file...>", "a file that replaces one of the learner's prompts", named);
  return withResume(command)
    .option("--seed <n>", "of every random choice", whole)
    .option("--display <kind>", "auto, tty, plain or none", "auto")
    .option("--output <folder>", "where the promptfoo results go (default: .grpo/results)")
    .option("--no-publish", "write no promptfoo results");
}

function optionsOf(given: TrainFlags): TrainOptions {
  const {
    config,
    examples,
    maxCost,
    dryRun,
    display,
    output,
    publish,
    learnerPrompt,
    resume,
    fork,
    ...flags
  } = given;
  return {
    ...defined({ config, dryRun, output, publish, resume, fork }),
    ...(display === "auto" ? {} : defined({ display })),
    flags: { ...flags, ...defined({ prompts: learnerPrompt, maxCostUsd: maxCost, exampleIds: examples }) },
  };
}
