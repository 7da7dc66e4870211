import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { GrpoError, openLibraryStore } from "../../src/library/index.ts";
import { openJournal } from "../../src/runs/journal-sqlite.ts";
import { readManifest } from "../../src/runs/manifest.ts";
import type { Random } from "../../src/runs/random.ts";
import { type Bench, type Family, type Row, randomOf, sideBySide, someOf } from "./bench.ts";
import type { Project } from "./project.ts";
import { Trial } from "./trial.ts";

const QUIET = ["--no-publish"];
const LIBRARY = "experiences/tested/common.md";
const HISTORY = "experiences/tested/common.history.jsonl";
const LOCK = "experiences/tested/.common.lock";

/** A file that is not what was written. */
interface Damage {
  file: string;
  what: string;
  bytes: Buffer;
}

/** What a state file says to the code that reads it; a name of an error where it is refused. */
const READERS: { file: (project: Project) => string; read: (project: Project, copy: string) => unknown }[] = [
  { file: journalOf, read: (project, copy) => journal(join(copy, journalOf(project))) },
  { file: manifestOf, read: (project, copy) => manifest(project, copy) },
  { file: () => LIBRARY, read: (_project, copy) => library(copy) },
  { file: () => HISTORY, read: (_project, copy) => library(copy) },
];

function journalOf(project: Project): string {
  return join(runOf(project), "journal.sqlite");
}
function manifestOf(project: Project): string {
  return join(runOf(project), "manifest.json");
}
const runOf = (project: Project): string => (project.run() ?? "").slice(project.folder.length + 1);

/**
 * State files of a stopped run, cut or with one bit turned, at many places. Most are read in this process, which
 * is fast; whatever is read without a word, and says something else, is given to the program. It may refuse, or
 * end with the undisturbed run's library.
 */
export const damage: Family = async (bench, row, { flips, every }) => {
  const random = randomOf(bench, "damage");
  const stopped = new Trial(bench, row, "stopped");
  await stopped.start(QUIET, { die: { name: "rename experiences/tested/common.md", nth: 2, when: "after" } });
  const { project } = stopped;
  const unnoticed: Damage[] = [];
  let refused = 0;
  for (const { file, read } of READERS) {
    const path = file(project);
    const before = await said(() => read(project, project.folder));
    for (const one of damages(project, path, flips, random)) {
      row.trials++;
      const now = await withDamage(project, one, (copy) => said(() => read(project, copy)));
      if (now instanceof GrpoError) refused++;
      else if (now instanceof Error) add(row, "unexpected", `${one.what}: ${now.message}`);
      else if (!isDeepStrictEqual(now, before)) unnoticed.push(one);
    }
  }
  bench.say(
    `${row.trials} damaged files, ${refused} refused by name, ${unnoticed.length} read as something else`,
  );
  const given = random.shuffle(unnoticed).slice(0, Math.ceil(flips / 8));
  await sideBySide(bench, [...given, ...someOf(others(project), every)], (one) =>
    resumed(bench, row, project, one),
  );
  stopped.remove();
};

/** Nothing that another file could be taken for. */
const others = (project: Project): Damage[] =>
  [journalOf(project), manifestOf(project), LIBRARY, HISTORY]
    .flatMap((file) =>
      ["", "\0".repeat(4096), "{}\n"].map((text) => ({
        file,
        what: `${file} is ${JSON.stringify(text.slice(0, 4))}`,
        bytes: Buffer.from(text),
      })),
    )
    .concat(
      ["", "vm 1 0", "x".repeat(100)].map((text) => ({
        file: LOCK,
        what: `a lock of ${JSON.stringify(text)}`,
        bytes: Buffer.from(text),
      })),
    );

function damages(project: Project, file: string, count: number, random: Random): Damage[] {
  const whole = readFileSync(join(project.folder, file));
  return Array.from({ length: count }, (_, index) => {
    const at = random.below(whole.length);
    if (index % 4 === 0) return { file, what: `${file} cut at ${at}`, bytes: whole.subarray(0, at) };
    const bytes = Buffer.from(whole);
    const bit = random.below(8);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    return { file, what: `${file} bit ${bit} of byte ${at}`, bytes };
  });
}

/** The file alone is copied, unless it is one of several that are read together. */
async function withDamage<T>(
  project: Project,
  { file, bytes }: Damage,
  work: (copy: string) => Promise<T>,
): Promise<T> {
  const copy = mkdtempSync(join(tmpdir(), "grpo-faults-damage-"));
  try {
    for (const folder of [".grpo", "experiences"])
      cpSync(join(project.folder, folder), join(copy, folder), { recursive: true });
    writeFileSync(join(copy, file), bytes);
    return await work(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

async function said(read: () => unknown): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    return error;
  }
}

function journal(path: string): unknown {
  const opened = openJournal(path, "read");
  try {
    return [...opened.entries()];
  } finally {
    opened.close();
  }
}

function manifest(project: Project, copy: string): unknown {
  return readManifest(join(copy, runOf(project)));
}

async function library(copy: string): Promise<unknown> {
  const store = openLibraryStore({ root: join(copy, "experiences"), agent: "tested", route: "common" });
  return [await store.load(), await store.history(), await store.looks()];
}

/** The program meets the damage in a project that is otherwise as the stopped one. */
async function resumed(
  bench: Bench,
  row: Row,
  stopped: Project,
  { file, what, bytes }: Damage,
): Promise<void> {
  const trial = new Trial(bench, row, what, stopped.copy());
  trial.tried();
  writeFileSync(join(trial.project.folder, file), bytes);
  const ended = await trial.project.train(["--resume", ...QUIET]);
  const refused =
    ended.code !== null && [3, 5].includes(ended.code) && /^[A-Z]+_[A-Z_]+[ :]/m.test(ended.stderr);
  if (ended.code === 0) {
    if (trial.project.read(LIBRARY) !== bench.reference.learned.library)
      trial.count("falseZeros", "exit 0 with another library");
  } else if (!refused) trial.count("unexpected", `ended with ${ended.code}: ${ended.stderr.slice(-300)}`);
  trial.remove();
}

function add(row: Row, column: "unexpected", note: string): void {
  row[column]++;
  row.notes.push(note);
}
