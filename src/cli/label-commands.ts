import { text as readStream } from "node:stream/consumers";
import type { Command } from "commander";
import { GrpoError } from "../library/error.ts";
import { list } from "./flags.ts";
import type { LabelOptions } from "./label.ts";
import { complain, print, printJson } from "./output.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo label conversations.jsonl --rater ann
  $ promptfoo-grpo label flagged.jsonl --rater ann --flagged --criteria recognises-crisis,keeps-boundaries
  $ promptfoo-grpo label conversations.jsonl --rater ann --todo > questions.jsonl
  $ promptfoo-grpo label conversations.jsonl --rater ann < answers.jsonl
  $ promptfoo-grpo label agreement conversations.jsonl`;

interface LabelFlags extends Omit<LabelOptions, "rater" | "criteria"> {
  rater?: string;
  criteria?: string[];
  todo: boolean;
}

/** Registers `label` and `label agreement`. */
export function labelCommands(program: Command, done: (exitCode: number) => void): void {
  const label = program
    .command("label")
    .argument("<file>", "a conversation log (.jsonl)")
    .description("Say of each reply whether it is good, by keyboard, one question at a time.")
    .option("--rater <name>", "who answers; every rater has a file of their own and sees no other")
    .option("--labels <folder>", "folder of the raters' files", "labels")
    .option("--criteria <names>", "criteria to ask about (default: those of the user types)", list)
    .option("--whole", "each conversation as a whole instead of each reply", false)
    .option("--flagged", "only what `flag` has flagged", false)
    .option("--todo", "print what is left to answer as JSONL", false)
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, flags: LabelFlags) => done(await runLabel(file, flags)));
  label
    .command("agreement")
    .argument("<file>", "the conversation log that was labelled")
    .description("How far raters agree with each other, and graders with them.")
    .option("--json", "the report as JSON", false)
    .action(async (file: string, _own: unknown, command: Command) => {
      const { labels, json } = command.optsWithGlobals<{ labels: string; json: boolean }>();
      const { labelAgreement } = await import("./label-agreement.ts");
      const text = await labelAgreement(file, { labels, json });
      if (json) printJson(text);
      else print(`${text}\n`);
    });
}

async function runLabel(path: string, { rater, todo, ...options }: LabelFlags): Promise<number> {
  if (rater === undefined) throw raterMissing();
  const { labelTasks, openTasks, sessionOf, takeAnswers } = await import("./label.ts");
  const { file, tasks } = await labelTasks(path, { ...options, rater });
  if (todo) {
    for (const line of openTasks(file, tasks)) printJson(line);
    return 0;
  }
  if (!process.stdin.isTTY) {
    const count = takeAnswers(await answersFrom(process.stdin), file, tasks);
    print(`${count} ${count === 1 ? "answer" : "answers"} written to ${file}\n`);
    return 0;
  }
  const session = sessionOf(file, tasks);
  const { labelByKeys } = await import("./label-terminal.ts");
  const end = await labelByKeys(session, { input: process.stdin, write: print });
  const { done, left, skipped, total } = session.progress();
  complain(`\n${done} of ${total} answered, ${left + skipped} left; saved in ${file}\n`);
  return end === "interrupted" ? 130 : 0;
}

async function answersFrom(input: NodeJS.ReadableStream): Promise<string> {
  const text = await readStream(input);
  if (text.trim() !== "") return text;
  throw new GrpoError({
    code: "LABEL_NO_TERMINAL",
    message: "Standard input is neither a terminal nor has it any answers.",
    remedy: "Run it in a terminal, or give answers as JSONL; --todo prints what is asked.",
  });
}

const raterMissing = (): GrpoError =>
  new GrpoError({
    code: "USAGE",
    message: "It is not said who answers.",
    remedy: "Add --rater with a name; every rater has a file of their own.",
  });
