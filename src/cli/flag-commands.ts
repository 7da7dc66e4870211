import type { Command } from "commander";
import type { FlagCommandOptions } from "./flag.ts";
import { list, share } from "./flags.ts";
import { print, printJson } from "./output.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo flag conversations.jsonl --out flagged.jsonl
  $ promptfoo-grpo flag conversations.jsonl --labels labels --criteria avoids-advice --below 0.7 --out flagged.jsonl`;

/** Registers `flag`. */
export function flagCommand(program: Command): void {
  program
    .command("flag")
    .argument("<file>", "a conversation log (.jsonl)")
    .description("Find bad conversations: missed crises, broken boundaries, low scores, disagreements.")
    .option("--out <file>", "the conversations found, with their reasons (.jsonl)")
    .option("--force", "replace the file to write", false)
    .option("--below <score>", "scores under this are low, 0..1", share, 0.5)
    .option("--criteria <names>", "criteria whose every miss counts too", list)
    .option("--labels <folder>", "what people said counts too")
    .option("--no-rules", "only what the log says itself, without the rules of the criteria")
    .option("--crisis-line <number>", "the crisis line that may be named", "988")
    .option("--json", "the list as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: FlagCommandOptions) => {
      const { flagLog } = await import("./flag.ts");
      const text = await flagLog(file, options);
      if (options.json) printJson(text);
      else print(`${text}\n`);
    });
}
