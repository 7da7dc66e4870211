import { type Amounts, type Bench, COLUMNS, type Family, newRow, type Row, undisturbed } from "./bench.ts";
import { damage } from "./damage.ts";
import { fullDisk, readOnly } from "./disk.ts";
import { caps, refusals, signals } from "./endings.ts";
import { killsAtWrites, randomKills, resumeKilledAgain } from "./kills.ts";
import { modelServer } from "./model-server.ts";
import { races } from "./races.ts";
import { providerTrouble } from "./trouble.ts";

/** Every family by name, with what it does. */
export const FAMILIES: Record<string, { about: string; family: Family }> = {
  kills: { about: "kill -9 at random moments", family: randomKills },
  writes: { about: "kill -9 before, in and after every write", family: killsAtWrites },
  again: { about: "one run, killed and resumed over and over", family: resumeKilledAgain },
  trouble: { about: "provider trouble in 30 % of requests", family: providerTrouble },
  refusals: { about: "401, 402, 403 and exhausted quota in the middle", family: refusals },
  caps: { about: "caps in dollars, calls and tokens", family: caps },
  signals: { about: "SIGINT and SIGTERM, once and twice", family: signals },
  disk: { about: "a disk that is full after a few KB more each time", family: fullDisk },
  readonly: { about: "folders that cannot be written to", family: readOnly },
  damage: { about: "state files cut or with a bit turned", family: damage },
  races: { about: "two runs on one library, and edits by hand", family: races },
};

export interface HarnessOptions {
  only: readonly string[];
  amounts: Amounts;
  seed: number;
  workers: number;
  say: (text: string) => void;
  /** Given the table as far as it is known, after each family. */
  onRow?: (rows: readonly Row[]) => void;
}

/** Runs families one after the other against one model server. */
export async function harness({ only, amounts, seed, workers, say, onRow }: HarnessOptions): Promise<Row[]> {
  const server = await modelServer();
  try {
    const bench = { server, reference: await undisturbed(server), seed, workers, say };
    const rows: Row[] = [];
    for (const name of Object.keys(FAMILIES)) {
      if (only.length > 0 && !only.includes(name)) continue;
      rows.push(await rowOf(name, bench, amounts));
      onRow?.(rows);
    }
    return rows;
  } finally {
    server.close();
  }
}

/** One family's line of the table. */
export async function rowOf(name: string, bench: Bench, amounts: Amounts): Promise<Row> {
  const row = newRow(name);
  const { about, family } = FAMILIES[name] as (typeof FAMILIES)[string];
  const say = (text: string): void => bench.say(`  ${name}: ${text}`);
  const started = performance.now();
  bench.say(`${name}: ${about}`);
  await family({ ...bench, say }, row, amounts);
  row.seconds = Math.round((performance.now() - started) / 1000);
  for (const note of row.notes.slice(0, 10)) say(note);
  say(`${row.trials} trials in ${row.seconds} s`);
  return row;
}

/** Whether everything that must be zero is, where it was tried. */
export const isClean = (rows: readonly Row[]): boolean =>
  rows.every((row) => row.skipped || (row.trials > 0 && COLUMNS.every((column) => row[column] === 0)));
