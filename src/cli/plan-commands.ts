import { type Command, Option } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import type { SettingsInput } from "../suite/settings.ts";
import type { EvaluatedSplit } from "./evaluate.ts";
import { atLeastOne, whole } from "./flags.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo plan --repeats 5                         cost, and the smallest difference that can be shown
  $ promptfoo-grpo plan --headroom                          also rolls out the training split: is there anything to learn?
  $ promptfoo-grpo plan --results before.json after.json    with the noise of results that you have

Exit codes: 0 finished, 3 usage or input, 4 cost cap reached, 6 provider refused, 130 interrupted.`;

interface Flags extends Omit<Partial<SettingsInput>, "split"> {
  config?: string;
  split?: EvaluatedSplit;
  repeats?: number;
  headroom?: boolean;
  results?: string[];
  display?: string;
}

/** Registers `plan`. */
export function planCommands(program: Command, done: (exitCode: number) => void): void {
  program
    .command("plan")
    .description("Before money is spent: what an evaluation costs, and what it can show.")
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .addOption(
      new Option("--split <name>", "which tests (default: test; with --results, that of its tests)").choices([
        "train",
        "validation",
        "test",
        "all",
      ]),
    )
    .option("--repeats <n>", "rollouts of each test and arm (default: metadata.grpo.testRepeats)", atLeastOne)
    .option("--headroom", "roll out the training split, group size times, without a library")
    .option("--results <file...>", "measure the noise in one or two finished promptfoo results files")
    .option("--provider <id or label>", "the provider, when there are several")
    .option("--prompt <label or text>", "the prompt, when there are several")
    .option("--group-size <n>", "rollouts of one training example, with --headroom", whole)
    .option("--concurrency <n>", "calls in flight at most", whole)
    .option("--display <kind>", "progress: auto, tty, plain or none")
    .addHelpText("after", EXAMPLES)
    .action(async (given: Flags) => {
      const { config, split, repeats, headroom, results, display, ...flags } = given;
      quietPromptfoo();
      const { planCommand } = await import("./plan.ts");
      done(
        await planCommand({
          ...(split === undefined ? {} : { split }),
          ...(config === undefined ? {} : { config }),
          ...(repeats === undefined ? {} : { repeats }),
          ...(headroom === undefined ? {} : { headroom }),
          ...(results === undefined ? {} : { results }),
          ...(display === undefined ? {} : { display }),
          flags,
        }),
      );
    });
}
