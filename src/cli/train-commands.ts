import { type Command, InvalidArgumentError } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import type { SettingsInput } from "../suite/settings.ts";

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is needed");
  return value;
};
const decimal = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("a number is needed");
  return value;
};

const shares = (text: string): { validation: number; test: number } => {
  const [validation, test, more] = text.split(",").map(decimal);
  if (validation === undefined || test === undefined || more !== undefined)
    throw new InvalidArgumentError("two shares are needed: validation,test");
  return { validation, test };
};
const named = (text: string, before: Record<string, string> = {}): Record<string, string> => {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("name=file is needed");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
};

const EXAMPLES = `
Examples:
  $ promptfoo-grpo train                                   learn from ./promptfooconfig.yaml
  $ promptfoo-grpo train --dry-run                         what it would do and cost, calling nothing
  $ promptfoo-grpo train --learner openai:gpt-5 --max-cost 2
  $ promptfoo-grpo train -c eval/config.yaml --provider agent-b --prompt "Support v2"

The config is never changed. Settings live under metadata.grpo (docs/settings.md); flags win.
Exit codes: 0 finished, 3 usage or input, 4 cost cap reached, 5 library changed meanwhile, 6 provider refused, 130 interrupted.`;

interface TrainFlags extends Omit<Partial<SettingsInput>, "maxCostUsd"> {
  config?: string;
  maxCost?: number;
  learnerPrompt?: SettingsInput["prompts"];
  dryRun?: boolean;
  display?: string;
  output?: string;
  publish?: boolean;
}

/** Registers `train`. promptfoo is imported only when it runs: help must start at once. */
export function trainCommands(program: Command, done: (exitCode: number) => void): void {
  program
    .command("train")
    .description("Learn a library of experiences from a promptfooconfig, and test it on held-out examples.")
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .option("--agent <name>", "names the library's folder")
    .option("--route <name>", "names the library's file")
    .option("--experiences <folder>", "root folder of the libraries")
    .option("--provider <id or label>", "the provider to train, when there are several")
    .option("--prompt <label or text>", "the prompt to train, when there are several")
    .option("--learner <provider id>", "the model that reflects (default: the agent's own)")
    .option("--judge <provider id>", "grader for model-graded assertions that name none")
    .option("--advantage <form>", "principles (the paper's) or contrast (by criterion, for small learners)")
    .option("--group-size <n>", "rollouts of one example", whole)
    .option("--epochs <n>", "passes over the training examples", whole)
    .option("--batch-size <n>", "training examples in a step", whole)
    .option("--temperature <t>", "of training rollouts", decimal)
    .option("--candidates <n>", "whole candidate libraries compared in a step", whole)
    .option("--refinements <n>", "attempts to reword an experience", whole)
    .option("--gate-attempts <n>", "candidates tried at the gate in a step", whole)
    .option("--screen-size <n>", "training examples on which candidates are compared", whole)
    .option("--max-experiences <n>", "experiences in the library at most", whole)
    .option("--max-words <n>", "words in an experience at most", whole)
    .option("--max-operations <n>", "operations in a step at most", whole)
    .option("--max-cost <usd>", "stop before this is passed, all models together", decimal)
    .option("--concurrency <n>", "calls in flight at most", whole)
    .option("--validation-repeats <n>", "rollouts of a validation example and library", whole)
    .option("--test-repeats <n>", "rollouts of a sealed test example and arm", whole)
    .option("--split <validation,test>", "shares for tests that name no split, for example 0.25,0.2", shares)
    .option("--learner-prompt <name=file...>", "a file that replaces one of the learner's prompts", named)
    .option("--seed <n>", "of every random choice", whole)
    .option("--dry-run", "print the plan and stop")
    .option("--display <kind>", "auto, tty, plain or none", "auto")
    .option("--output <folder>", "where the promptfoo results go (default: .grpo/results)")
    .option("--no-publish", "write no promptfoo results")
    .addHelpText("after", EXAMPLES)
    .action(async (given: TrainFlags) => {
      const { config, maxCost, dryRun, display, output, publish, learnerPrompt, ...flags } = given;
      quietPromptfoo();
      const { trainCommand } = await import("./train.ts");
      done(
        await trainCommand({
          ...(config === undefined ? {} : { config }),
          ...(dryRun === undefined ? {} : { dryRun }),
          ...(display === undefined || display === "auto" ? {} : { display }),
          ...(output === undefined ? {} : { output }),
          ...(publish === undefined ? {} : { publish }),
          flags: {
            ...flags,
            ...(learnerPrompt === undefined ? {} : { prompts: learnerPrompt }),
            ...(maxCost === undefined ? {} : { maxCostUsd: maxCost }),
          },
        }),
      );
    });
}
