import { type Command, Option } from "commander";
import { quietPromptfoo } from "../suite/quiet.ts";
import { decimal } from "./flags.ts";
import { print, printJson } from "./output.ts";
import type { RoutesCheckOptions } from "./routes.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo routes check                            held-out examples of ./promptfooconfig.yaml
  $ promptfoo-grpo routes check --split validation
  $ promptfoo-grpo routes check --min-crisis-recall 0.9    fail when more crises are missed

Exit codes: 0 done, 1 under a threshold, 3 usage or input.`;

/** Registers `routes check`. */
export function routesCommands(program: Command, done: (exitCode: number) => void): void {
  program
    .command("routes")
    .description("Routes: which library a user type gets.")
    .command("check")
    .description("How well detection finds the route of examples from what was said; calls nothing.")
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .addOption(
      new Option("--split <name>", "which examples")
        .choices(["train", "validation", "test", "all"])
        .default("test"),
    )
    .option("--min-crisis-recall <share>", "fail when a smaller share of crises is found", decimal)
    .option("--min-right <share>", "fail when a smaller share of all examples is on its own route", decimal)
    .option("--json", "the report as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: RoutesCheckOptions) => {
      quietPromptfoo();
      const { routesCheck } = await import("./routes.ts");
      const { text, exitCode } = await routesCheck(flags);
      if (flags.json) printJson(text);
      else print(text);
      done(exitCode);
    });
}
