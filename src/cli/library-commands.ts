import type { Command } from "commander";
import { GrpoError, openLibraryStore } from "../library/index.ts";
import {
  diffVersions,
  lintLibraryFile,
  listLibraries,
  logLibrary,
  rollbackLibrary,
  showLibrary,
} from "./library.ts";
import { print } from "./output.ts";
import { pruneCommand } from "./prune-commands.ts";
import { releaseQuarantined, showQuarantine } from "./quarantine.ts";

interface Address {
  agent: string;
  route: string;
  experiences: string;
}

const EXAMPLES = `
Examples:
  $ promptfoo-grpo library list
  $ promptfoo-grpo library show --agent integro
  $ promptfoo-grpo library diff 2 3 --agent integro
  $ promptfoo-grpo library rollback 2 --agent integro --reason "v3 pushes Paul"
  $ promptfoo-grpo library show --effects --agent integro
  $ promptfoo-grpo library prune --dry-run
  $ promptfoo-grpo library release Q1 --agent integro --reason "a false alarm"`;

function version(text: string): number {
  const value = Number(text.replace(/^v/i, ""));
  if (Number.isInteger(value) && value > 0) return value;
  throw new GrpoError({
    code: "USAGE",
    message: `"${text}" is not a version.`,
    remedy: "Give its number; `promptfoo-grpo library log` lists them.",
  });
}

/** Registers `library …`; nothing here imports promptfoo but `prune`, when it runs. */
export function libraryCommands(program: Command, done: (exitCode: number) => void): void {
  const library = program
    .command("library")
    .description("Read, compare and take back libraries.")
    .addHelpText("after", EXAMPLES);
  const root = ["--experiences <folder>", "root folder of the libraries", "experiences"] as const;
  const say = (text: string): void => {
    print(`${text}\n`);
  };
  const one = (name: string, description: string): Command =>
    library
      .command(name)
      .description(description)
      .option("--agent <name>", "the agent", "agent")
      .option("--route <name>", "the route", "common")
      .option(...root);
  const store = ({ agent, route, experiences }: Address) =>
    openLibraryStore({ root: experiences, agent, route });

  library
    .command("list")
    .description("Every library, one line each.")
    .option(...root)
    .action(({ experiences }: Address) => say(listLibraries(experiences)));
  one("show", "What a library says now.")
    .option("--effects", "also what each experience was last measured to do to the reward")
    .action(({ effects, ...address }: Address & { effects?: boolean }) =>
      say(showLibrary(store(address), effects)),
    );
  one("log", "Every version and every rejected candidate: who, when, why.").action((address: Address) =>
    say(logLibrary(store(address))),
  );
  one("diff <a> <b>", "What changed between two versions.").action((a: string, b: string, address: Address) =>
    say(diffVersions(store(address), version(a), version(b))),
  );
  one("rollback <version>", "Make an earlier version the next one; the history only grows.")
    .option("--reason <text>", "why", "taken back by hand")
    .action((to: string, given: Address & { reason: string }) =>
      say(rollbackLibrary(store(given), version(to), given.reason)),
    );
  one("quarantine [id]", "Texts that may not enter by themselves, and why; or one of them.").action(
    (id: string | undefined, address: Address) => print(showQuarantine(store(address), id)),
  );
  one("release <id>", "Take a text out of quarantine into the library, as a version of its own.")
    .requiredOption("--reason <text>", "why")
    .option("--text <text>", "what it is to say instead")
    .action((id: string, { reason, text, ...address }: Address & { reason: string; text?: string }) =>
      print(releaseQuarantined(store(address), id, { reason, ...(text === undefined ? {} : { text }) })),
    );
  one("lint", "Caps, duplicates, and texts that do not belong in a library.").action((address: Address) => {
    const { text, hasErrors } = lintLibraryFile(store(address));
    say(text);
    done(hasErrors ? 3 : 0);
  });
  pruneCommand(library, done);
}
