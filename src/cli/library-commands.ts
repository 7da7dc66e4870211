import type { Command } from "commander";
import { GrpoError } from "../library/error.ts";
import type { LibraryStore } from "../library/store.ts";
import type { LibraryStores } from "../library/stores.ts";
import { defined, storeOption } from "./flags.ts";
import { print } from "./output.ts";
import { pruneCommand } from "./prune-commands.ts";

interface Where {
  experiences: string;
  store: "files" | "postgres";
  schema: string;
  urlEnv: string;
}
interface Address extends Where {
  agent: string;
  route: string;
}

const EXAMPLES = `
Examples:
  $ promptfoo-grpo library list
  $ promptfoo-grpo library show --agent integro
  $ promptfoo-grpo library diff 2 3 --agent integro
  $ promptfoo-grpo library rollback 2 --agent integro --reason "v3 pushes Paul"
  $ promptfoo-grpo library show --effects --agent integro
  $ promptfoo-grpo library prune --dry-run
  $ promptfoo-grpo library release Q1 --agent integro --reason "a false alarm"
  $ promptfoo-grpo library accept .grpo/proposals/20261201-... --agent integro --reason "read by Dana"
  $ promptfoo-grpo library init                             libraries in PostgreSQL (GRPO_DATABASE_URL), once
  $ promptfoo-grpo library import --from experiences
  $ promptfoo-grpo library log --store postgres --agent integro`;

function version(text: string): number {
  const value = Number(text.replace(/^v/i, ""));
  if (Number.isInteger(value) && value > 0) return value;
  throw new GrpoError({
    code: "USAGE",
    message: `"${text}" is not a version.`,
    remedy: "Give its number; `promptfoo-grpo library log` lists them.",
  });
}

type Work = typeof import("./library.ts");

/** Registers `library …`; nothing here imports promptfoo but `prune`, when it runs, and the library only when one runs. */
export function libraryCommands(program: Command, done: (exitCode: number) => void): void {
  const library = program
    .command("library")
    .description("Read, compare and take back libraries.")
    .addHelpText("after", EXAMPLES);
  const say = (text: string): void => {
    print(`${text}\n`);
  };
  const one = (name: string, description: string): Command =>
    inStore(
      library
        .command(name)
        .description(description)
        .option("--agent <name>", "the agent", "agent")
        .option("--route <name>", "the route", "common"),
    );

  inStore(library.command("list").description("Every library, one line each.")).action(async (where: Where) =>
    say(await (await import("./library.ts")).listLibraries(await storesAt(where))),
  );
  one("show", "What a library says now.")
    .option("--effects", "also what each experience was last measured to do to the reward")
    .action(async ({ effects, ...address }: Address & { effects?: boolean }) =>
      say(await onStore(address, (work, store) => work.showLibrary(store, effects))),
    );
  one("log", "Every version and every rejected candidate: who, when, why.").action(async (address: Address) =>
    say(await onStore(address, (work, store) => work.logLibrary(store))),
  );
  one("diff <a> <b>", "What changed between two versions.").action(
    async (a: string, b: string, address: Address) => {
      const { diffVersions } = await import("./library-diff.ts");
      say(await onStore(address, (_, store) => diffVersions(store, version(a), version(b))));
    },
  );
  one("rollback <version>", "Make an earlier version the next one; the history only grows.")
    .option("--reason <text>", "why", "taken back by hand")
    .action(async (to: string, given: Address & { reason: string }) =>
      say(await onStore(given, (work, store) => work.rollbackLibrary(store, version(to), given.reason))),
    );
  one("quarantine [id]", "Texts that may not enter by themselves, and why; or one of them.").action(
    async (id: string | undefined, address: Address) => {
      const { showQuarantine } = await import("./quarantine.ts");
      print(await onStore(address, (_, store) => showQuarantine(store, id)));
    },
  );
  one("release <id>", "Take a text out of quarantine into the library, as a version of its own.")
    .requiredOption("--reason <text>", "why")
    .option("--text <text>", "what it is to say instead")
    .action(async (id: string, { reason, text, ...address }: Address & { reason: string; text?: string }) => {
      const { releaseQuarantined } = await import("./quarantine.ts");
      const told = { reason, ...(text === undefined ? {} : { text }) };
      print(await onStore(address, (_, store) => releaseQuarantined(store, id, told)));
    });
  one("accept <proposal>", "Make a proposal of `weekly` the next version.")
    .requiredOption("--reason <text>", "why, and who says so")
    .action(async (folder: string, { reason, ...address }: Address & { reason: string }) => {
      const { acceptText } = await import("./proposal.ts");
      say(await onStore(address, (_, store) => acceptText(store, folder, reason)));
    });
  one("reject <proposal>", "Remember a proposal as refused, so that it is not made again.")
    .requiredOption("--reason <text>", "why, and who says so")
    .action(async (folder: string, { reason, ...address }: Address & { reason: string }) => {
      const { rejectText } = await import("./proposal.ts");
      say(await onStore(address, (_, store) => rejectText(store, folder, reason)));
    });
  one("lint", "Caps, duplicates, and texts that do not belong in a library.").action(
    async (address: Address) => {
      const { text, hasErrors } = await onStore(address, (work, store) => work.lintLibraryFile(store));
      say(text);
      done(hasErrors ? 3 : 0);
    },
  );
  pruneCommand(library, done);
  storeCommands(library, say);
}

/** `library init`, `export` and `import`: libraries in a database. */
function storeCommands(library: Command, say: (text: string) => void): void {
  inDatabase(
    library.command("init").description("Make the tables for libraries in PostgreSQL, once."),
  ).action(async (database: Omit<Where, "experiences" | "store">) => {
    const stores = await storesAt({ ...database, store: "postgres", experiences: "experiences" });
    say(`${stores.place}: ${(await stores.init()) ? "the tables are made" : "the tables are there"}`);
  });
  const copy = (name: string, description: string): Command =>
    inDatabase(
      library
        .command(name)
        .description(description)
        .option("--agent <name>", "only this agent's")
        .option("--route <name>", "only this route's"),
    );
  type Copied = Omit<Where, "experiences" | "store"> & { agent?: string; route?: string };
  const between = async ({ agent, route, ...database }: Copied, folder: string, out: boolean) => {
    const { copyLibraries } = await import("./library-transfer.ts");
    const files = await storesAt({ ...database, store: "files", experiences: folder });
    const tables = await storesAt({ ...database, store: "postgres", experiences: folder });
    const [from, to] = out ? [tables, files] : [files, tables];
    say(await copyLibraries(from, to, defined({ agent, route })));
  };
  copy("export", "Copy libraries with their whole history from PostgreSQL to files.")
    .option("--to <folder>", "root folder of the libraries", "experiences")
    .action(async ({ to, ...given }: Copied & { to: string }) => between(given, to, true));
  copy("import", "Copy libraries with their whole history, and what was edited, from files to PostgreSQL.")
    .option("--from <folder>", "root folder of the libraries", "experiences")
    .action(async ({ from, ...given }: Copied & { from: string }) => between(given, from, false));
}

const inStore = (command: Command): Command =>
  inDatabase(
    command
      .option("--experiences <folder>", "root folder of the libraries", "experiences")
      .addOption(storeOption().default("files")),
  );

const inDatabase = (command: Command): Command =>
  command
    .option("--schema <name>", "the schema in PostgreSQL", "grpo")
    .option("--url-env <name>", "environment variable of the connection string", "GRPO_DATABASE_URL");

async function storesAt({ experiences, store, schema, urlEnv }: Where): Promise<LibraryStores> {
  const { storesOf } = await import("../suite/library-store.ts");
  return storesOf({ experiences, store: store === "files" ? store : { postgres: { urlEnv, schema } } });
}

async function onStore<T>(
  { agent, route, ...where }: Address,
  ask: (work: Work, store: LibraryStore) => Promise<T>,
): Promise<T> {
  const store = (await storesAt(where)).open({ agent, route });
  return ask(await import("./library.ts"), store);
}
