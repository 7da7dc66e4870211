import { once } from "node:events";
import type { Command } from "commander";
import { whole } from "./flags.ts";
import { print, printJson } from "./output.ts";

const EXAMPLES = `
Examples:
  $ promptfoo-grpo runs list
  $ promptfoo-grpo runs show 3fa91c                         a part of the id is enough
  $ promptfoo-grpo runs export 3fa91c > run.jsonl
  $ promptfoo-grpo runs prune --keep 5`;

interface Folder {
  runs: string;
}

/** Registers `runs ...`; nothing here imports promptfoo, and SQLite only when one runs. */
export function runsCommands(program: Command): void {
  const runs = program
    .command("runs")
    .description("What training runs paid for, and which can be resumed.")
    .addHelpText("after", EXAMPLES);
  const one = (name: string, description: string): Command =>
    runs
      .command(name)
      .description(description)
      .option("--runs <folder>", "where they are, in the config's folder", ".grpo/runs");
  const load = () => import("./runs.ts");

  one("list", "Every run, oldest first.").action(async ({ runs: root }: Folder) =>
    print(`${(await load()).listStoredRuns(root)}\n`),
  );
  one("show <id>", "What a run is, what decided it, what it paid for.").action(
    async (id: string, { runs: root }: Folder) => print(`${(await load()).showRun(root, id)}\n`),
  );
  one("export <id>", "Its manifest and journal as JSON lines.").action(
    async (id: string, { runs: root }: Folder) => {
      for (const line of (await load()).exportRun(root, id))
        if (!printJson(line)) await once(process.stdout, "drain");
    },
  );
  one("prune", "Remove finished runs but the newest; unfinished ones hold what is paid for.")
    .option("--keep <n>", "how many stay", whole, 10)
    .option("--unfinished", "unfinished ones too")
    .action(async ({ runs: root, keep, unfinished }: Folder & { keep: number; unfinished?: boolean }) =>
      print(`${(await load()).pruneStoredRuns(root, { keep, unfinished: unfinished === true })}\n`),
    );
}
