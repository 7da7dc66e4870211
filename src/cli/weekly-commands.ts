import type { Command } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import type { SettingsInput } from "../suite/settings.ts";
import {
  atLeastOne,
  defined,
  list,
  marginOf,
  noWorseOption,
  share,
  storeOption,
  whole,
  withCaps,
} from "./flags.ts";
import type { WeeklyOptions } from "./weekly.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo weekly --dry-run                         what every stage would ask, asking nothing
  $ promptfoo-grpo weekly --conversations 24 --max-cost 5
  $ promptfoo-grpo weekly --log production.jsonl --labels labels     a log in place of a simulation
  $ promptfoo-grpo weekly --resume                          go on with the one that was cut off

Simulates, scores, flags, adds what is bad to the training examples, learns from it, judges the result on held-out
tests and leaves a proposal in .grpo/proposals. The library itself is changed by library accept alone.
Exit codes: 0 proven, no worse, or nothing to propose; 1 worse; 2 not proven; 3 usage or input; 4 cap reached;
6 provider refused; 130 interrupted.`;

interface Flags extends Omit<Partial<SettingsInput>, "maxCostUsd"> {
  config?: string;
  log?: string;
  dataset?: string;
  labels?: string;
  below: number;
  most: number;
  noWorse?: number | true;
  only?: string[];
  maxCost?: number;
  dryRun?: boolean;
  resume?: string | true;
  display?: string;
}

/** Registers `weekly`. */
export function weeklyCommands(program: Command, done: (exitCode: number) => void): void {
  const weekly = program
    .command("weekly")
    .description("Simulate, flag, learn, gate: a proposal for the library, for a person to accept.")
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .option("--log <file>", "a conversation log in place of a simulation")
    .option("--labels <folder>", "what people said of the log's conversations counts too")
    .option("--below <score>", "conversations that score under this are flagged", share, 0.5)
    .option("--most <n>", "examples added at most, the worst conversations first", atLeastOne, 16)
    .option("--dataset <folder or file>", "where flagged turns become examples (default: the personas)")
    .addOption(noWorseOption())
    .option("--agent <name>", "names the library's folder")
    .option("--route <name>", "names the library's file")
    .option("--experiences <folder>", "root folder of the libraries")
    .option("--provider <id or label>", "the provider, when there are several")
    .option("--prompt <label or text>", "the prompt, when there are several")
    .option("--learner <provider id>", "the model that reflects (default: the agent's own)")
    .option("--personas <folder>", "folder of persona files")
    .option("--only <personas>", "these personas, joined by commas", list)
    .option("--persona-model <provider id>", "plays the personas (default: the agent's own model)")
    .option("--conversations <n>", "simulated in all (default: 24)", atLeastOne)
    .option("--max-turns <n>", "replies of the agent in a conversation at most (default: 8)", atLeastOne)
    .option("--epochs <n>", "times every example is used", whole)
    .option("--replay <n>", "earlier examples that the gate asks too (default: 12)", whole)
    .option("--min-support <n>", "independent groups that must teach an experience", atLeastOne)
    .option("--test-repeats <n>", "rollouts of a held-out example and arm", whole);
  withCaps(weekly)
    .addOption(storeOption())
    .option("--seed <n>", "of every random choice", whole)
    .option("--resume [id]", "go on with a loop that was cut off (default: the newest)")
    .option("--dry-run", "print the plan of every stage and stop")
    .option("--display <kind>", "progress: auto, tty, plain or none", "auto")
    .addHelpText("after", EXAMPLES)
    .action(async (given: Flags) => {
      quietPromptfoo();
      const { weekly: run } = await import("./weekly.ts");
      done(await run(optionsOf(given)));
    });
}

function optionsOf(given: Flags): WeeklyOptions {
  const {
    config,
    log,
    dataset,
    labels,
    below,
    most,
    noWorse,
    only,
    maxCost,
    dryRun,
    resume,
    display,
    ...flags
  } = given;
  return {
    below,
    most,
    ...defined({ config, log, dataset, labels, only, dryRun, resume, margin: marginOf(noWorse) }),
    ...(display === "auto" ? {} : defined({ display })),
    flags: { ...flags, ...defined({ maxCostUsd: maxCost }) },
  } as WeeklyOptions;
}
