import { Command, CommanderError, InvalidArgumentError } from "commander";
import { GrpoError } from "../library/error.ts";
import { packageVersion } from "../runs/package-version.ts";
import { conversationCommands } from "./conversation-commands.ts";
import { datasetCommands } from "./dataset-commands.ts";
import { evaluateCommands } from "./evaluate-commands.ts";
import { flagCommand } from "./flag-commands.ts";
import { labelCommands } from "./label-commands.ts";
import { libraryCommands } from "./library-commands.ts";
import { complain } from "./output.ts";
import { planCommands } from "./plan-commands.ts";
import { routesCommands } from "./routes-commands.ts";
import { runsCommands } from "./runs-commands.ts";
import { simulateCommands } from "./simulate-commands.ts";
import { trainCommands } from "./train-commands.ts";
import { weeklyCommands } from "./weekly-commands.ts";

/** Commander's own usage errors exit 1, which CI would read as a regression: here they are 3. */
const USAGE = 3;

/** Runs one command line. Whatever goes wrong is told on standard error; never throws. @returns the exit code */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = new Command("promptfoo-grpo")
    .description(
      "Learns a small library of experiences that makes an agent better, from its own promptfoo tests.",
    )
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ outputError: (text) => complain(usageError(text)) });
  let exitCode = 0;
  const done = (code: number): void => {
    exitCode = code;
  };
  trainCommands(program, done);
  evaluateCommands(program, done);
  planCommands(program, done);
  simulateCommands(program, done);
  weeklyCommands(program, done);
  libraryCommands(program, done);
  routesCommands(program, done);
  runsCommands(program);
  datasetCommands(program, done);
  conversationCommands(program);
  labelCommands(program, done);
  flagCommand(program);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return reported(error);
  }
}

/** Commander's message in the form of every other error: `CODE: message remedy`, one paragraph. */
const usageError = (text: string): string =>
  `\nUSAGE: ${text
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ")
    .replace(/[.?)]?$/, (end) => end || ".")} Add --help for what there is.\n`;

/** Tells of an error that ends the process. @returns the exit code */
export function reported(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof InvalidArgumentError) return USAGE;
  if (error instanceof GrpoError) {
    complain(`\n${error.describe()}\n${error.details === undefined ? "" : `${error.details}\n`}`);
    return error.exitCode;
  }
  if (error instanceof Error && error.name === "AbortError") return 130;
  complain(`\nUNEXPECTED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 70;
}
