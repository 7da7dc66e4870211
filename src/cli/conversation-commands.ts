import { type Command, InvalidArgumentError } from "commander";
import { COLUMN_USES, type ColumnUse } from "../datasets/import/draft.ts";
import { list } from "./flags.ts";
import { print } from "./output.ts";

const IMPORT_EXAMPLES = `
Examples:
  $ promptfoo-grpo dataset import chats.csv --dry-run              what would be read and redacted
  $ promptfoo-grpo dataset import logs/*.jsonl --out conversations.jsonl
  $ promptfoo-grpo dataset import chat.txt --user Ann --assistant Integro --out conversations.jsonl
  $ promptfoo-grpo dataset import questions.tsv --column query="Sample Prompts" --split ";" --out questions.jsonl`;

interface ImportFlags {
  out?: string;
  dryRun: boolean;
  force: boolean;
  redact: boolean;
  name: string[];
  user: string[];
  assistant: string[];
  column: Partial<Record<ColumnUse, string>>;
  split?: string;
  persona?: string;
  agent?: string;
  userTypes?: string[];
}

/** Registers `dataset import`. */
export function importCommand(dataset: Command, done: (exitCode: number) => void): void {
  dataset
    .command("import")
    .argument("<files...>", "logs: json, jsonl, csv, tsv, md, txt")
    .description("Read conversation logs into one file, redacted and each once.")
    .option("--out <file>", "the conversation log to write (.jsonl)")
    .option(
      "--dry-run",
      "show counts, the first conversation and what would be redacted; write nothing",
      false,
    )
    .option("--force", "replace the file to write", false)
    .option("--no-redact", "keep keys and personal data")
    .option("--name <name>", "a person's name to take out; repeat it for more", also, [])
    .option("--user <speaker>", "a speaker who is the person; repeat it for more", also, [])
    .option("--assistant <speaker>", "a speaker who is the agent; repeat it for more", also, [])
    .option(
      "--column <use=name>",
      `what a column is: ${COLUMN_USES.join(", ")}; repeat it for more`,
      column,
      {},
    )
    .option("--split <text>", "what separates several questions within one cell")
    .option("--persona <id>", "the persona, where the log names none")
    .option("--agent <name>", "the agent, where the log names none")
    .option("--user-types <names>", "user types, where the log names none", list)
    .addHelpText("after", IMPORT_EXAMPLES)
    .action(async (files: string[], flags: ImportFlags) => {
      const { datasetImport } = await import("./conversations.ts");
      const { name, user, assistant, column: columns, split, ...rest } = flags;
      const result = await datasetImport(files, {
        ...rest,
        names: name,
        users: user,
        assistants: assistant,
        columns,
        ...(split === undefined ? {} : { splitAt: split }),
      });
      print(`${result.text}\n`);
      done(result.exitCode);
    });
}

/** Registers `conversation show` and `conversation fidelity`. */
export function conversationCommands(program: Command): void {
  const conversation = program.command("conversation").description("Read conversation logs.");
  conversation
    .command("fidelity")
    .argument("<file>", "a log of simulated conversations (.jsonl)")
    .option("--personas <folder>", "folder of persona files", "datasets/integro/personas")
    .description("Whether simulated personas are true to what was written of them.")
    .action(async (file: string, { personas }: { personas: string }) => {
      const { conversationFidelity } = await import("./conversations.ts");
      print(await conversationFidelity(file, personas));
    });
  conversation
    .command("show")
    .argument("<file>", "a conversation log (.jsonl)")
    .argument("[ids...]", "conversations to show; all of them when none is named")
    .description("Conversations as Markdown.")
    .action(async (file: string, ids: string[]) => {
      const { showConversations } = await import("./conversations.ts");
      print(await showConversations(file, ids));
    });
}

const also = (text: string, before: string[]): string[] => [...before, text];

function column(
  text: string,
  before: Partial<Record<ColumnUse, string>>,
): Partial<Record<ColumnUse, string>> {
  const at = text.indexOf("=");
  const use = COLUMN_USES.find((one) => one === text.slice(0, at));
  if (use === undefined)
    throw new InvalidArgumentError(`it is use=name, with one of ${COLUMN_USES.join(", ")}`);
  return { ...before, [use]: text.slice(at + 1) };
}
