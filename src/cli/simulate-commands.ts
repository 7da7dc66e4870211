import type { Command } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { atLeastOne, defined, list, whole, withCaps, withResume } from "./flags.ts";
import type { SimulateOptions } from "./simulate.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo simulate --dry-run                       who would talk, and what it would cost
  $ promptfoo-grpo simulate --conversations 24 --out week.jsonl --markdown week
  $ promptfoo-grpo simulate --only paul,ellen --library none --out baseline.jsonl
  $ promptfoo-grpo simulate --persona-model openai:gpt-5-mini --max-cost 2
  $ promptfoo-grpo simulate --resume                        go on with the newest that was cut off

Exit codes: 0 finished, 2 some conversations broke off, 3 usage or input, 4 cap reached, 6 provider refused, 130 interrupted.`;

interface Flags extends Omit<Partial<SettingsInput>, "maxCostUsd"> {
  config?: string;
  library?: string;
  only?: string[];
  heldOut?: boolean;
  out?: string;
  markdown?: string;
  force?: boolean;
  maxCost?: number;
  dryRun?: boolean;
  json?: boolean;
  display?: string;
  resume?: string | true;
  fork?: boolean;
}

/** Registers `simulate`. */
export function simulateCommands(program: Command, done: (exitCode: number) => void): void {
  const simulate = program
    .command("simulate")
    .description("Let the agent talk with simulated personas; write the conversations, scored, to a log.")
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .option("--agent <name>", "names the library's folder")
    .option("--route <name>", "names the library's file")
    .option("--experiences <folder>", "root folder of the libraries")
    .option("--provider <id or label>", "the provider, when there are several")
    .option("--prompt <label or text>", "the prompt, when there are several")
    .option("--library <version>", "what the agent has: none, current or a version such as v3", "current")
    .option("--personas <folder>", "folder of persona files")
    .option("--only <personas>", "these personas, joined by commas", list)
    .option("--held-out", "the personas that are held out for the sealed test, in place of the others")
    .option("--persona-model <provider id>", "plays the personas (default: the agent's own model)")
    .option("--conversations <n>", "in all, shared out among the personas (default: 24)", atLeastOne)
    .option("--max-turns <n>", "replies of the agent in a conversation at most (default: 8)", atLeastOne)
    .option("--out <file>", "the conversation log to write (default: simulated.jsonl)")
    .option("--markdown <folder>", "also one Markdown file a conversation, for reading")
    .option("--force", "replace the log");
  withCaps(simulate).option("--seed <n>", "of every random choice", whole);
  withResume(simulate)
    .option("--dry-run", "print the plan and stop")
    .option("--json", "print the summary as JSON")
    .option("--display <kind>", "progress: auto, tty, plain or none", "auto")
    .addHelpText("after", EXAMPLES)
    .action(async (given: Flags) => {
      quietPromptfoo();
      const { simulate: run } = await import("./simulate.ts");
      done(await run(optionsOf(given)));
    });
}

function optionsOf(given: Flags): SimulateOptions {
  const { config, maxCost, dryRun, json, force, display, resume, fork, library, ...flags } = given;
  return {
    ...defined({ config, dryRun, json, force, resume, fork }),
    ...(display === "auto" ? {} : defined({ display })),
    flags: {
      ...flags,
      ...(library === "current" ? {} : defined({ library })),
      ...defined({ maxCostUsd: maxCost }),
    },
  };
}
