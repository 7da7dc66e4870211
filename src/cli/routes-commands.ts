import { type Command, Option } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import { decimal, defined, withCaps } from "./flags.ts";
import { print, printJson } from "./output.ts";
import type { RoutesCheckOptions } from "./routes.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo routes check                            held-out examples of ./promptfooconfig.yaml
  $ promptfoo-grpo routes check --split validation
  $ promptfoo-grpo routes check --classifier openai:chat:gpt-5-mini --dry-run
  $ promptfoo-grpo routes check --min-crisis-recall 0.9    fail when more crises are missed

Exit codes: 0 done, 1 under a threshold, 3 usage or input.`;

interface Flags extends Omit<RoutesCheckOptions, "flags"> {
  maxCost?: number;
  maxCalls?: number;
  maxTokens?: number;
  concurrency?: number;
}

/** Registers `routes check`. */
export function routesCommands(program: Command, done: (exitCode: number) => void): void {
  const check = program
    .command("routes")
    .description("Routes: which library a user type gets.")
    .command("check")
    .description("How well detection finds the route of examples from what was said; rules call nothing.")
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .addOption(
      new Option("--split <name>", "which examples")
        .choices(["train", "validation", "test", "all"])
        .default("test"),
    )
    .option("--min-crisis-recall <share>", "fail when a smaller share of crises is found", decimal)
    .option("--min-right <share>", "fail when a smaller share of all examples is on its own route", decimal)
    .option("--classifier <provider id>", "a model that decides what the rules leave open; it is called")
    .option("--json", "the report as JSON", false);
  withCaps(check)
    .option("--dry-run", "print how many calls a classifier would take, and stop")
    .option("--display <kind>", "progress: auto, tty, plain or none", "auto")
    .addHelpText("after", EXAMPLES)
    .action(async ({ display, ...flags }: Flags) => {
      quietPromptfoo();
      const { routesCheck } = await import("./routes.ts");
      const { maxCost, maxCalls, maxTokens, concurrency, ...rest } = flags;
      const settings = defined({ maxCostUsd: maxCost, maxCalls, maxTokens, concurrency });
      const shown = display === "auto" ? {} : defined({ display });
      const { text, exitCode } = await routesCheck({ ...rest, ...shown, flags: settings });
      if (flags.json) printJson(text);
      else print(text);
      done(exitCode);
    });
}
