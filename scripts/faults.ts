/**
 * Disturbs the real program in every way that a user's machine and providers can, and counts what is lost:
 * `npm run faults`. docs/faults.md says what each line of its table means.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { COLUMNS, type Row } from "../tests/faults/bench.ts";
import { FAMILIES, harness, isClean } from "../tests/faults/harness.ts";

const HELP = `npm run faults -- [options]

  --only <family>      one family; can be given several times
  --kills <n>          random kills (default 200)
  --resume-kills <n>   kills of one run, resumed each time (default 50)
  --runs <n>           runs of each kind of trouble, refusal, cap, signal and race (default 6)
  --flips <n>          damaged copies of each state file (default 400)
  --every <n>          every nth write point and disk size (default 1: all)
  --seed <n>           of every random choice (default 1)
  --workers <n>        runs side by side (default 2)
  --json <file>        the table as JSON too
  --list               what there is, and do nothing
  --help

`;

const number = (name: string, value: string): number => {
  const n = Number(value);
  if (Number.isInteger(n) && n >= 1) return n;
  process.stderr.write(`--${name} must be a whole number above 0, not ${value}\n`);
  process.exit(3);
};

const text = (value: string) => ({ type: "string" as const, default: value });
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    kills: text("200"),
    "resume-kills": text("50"),
    runs: text("6"),
    flips: text("400"),
    every: text("1"),
    seed: text("1"),
    workers: text("2"),
    json: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const familiesText = Object.entries(FAMILIES)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}\n`)
  .join("");
if (values.help || values.list) {
  process.stdout.write(`${values.help ? HELP : ""}Families:\n${familiesText}`);
  process.exit(0);
}
const unknown = values.only.filter((name) => !(name in FAMILIES));
if (unknown.length > 0) {
  process.stderr.write(`no such family: ${unknown.join(", ")}\n${familiesText}`);
  process.exit(3);
}

const started = Date.now();
const { json } = values;
const rows = await harness({
  only: values.only,
  amounts: {
    kills: number("kills", values.kills),
    resumeKills: number("resume-kills", values["resume-kills"]),
    runs: number("runs", values.runs),
    flips: number("flips", values.flips),
    every: number("every", values.every),
  },
  seed: number("seed", values.seed),
  workers: number("workers", values.workers),
  // After every family: half an hour is long enough for something to end it.
  onRow: (known) => {
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(known, null, 2)}\n`);
  },
  say: (line) => process.stderr.write(`${Math.round((Date.now() - started) / 1000)} s  ${line}\n`),
});
process.stdout.write(tableOf(rows));
process.exit(isClean(rows) ? 0 : 1);

function tableOf(all: readonly Row[]): string {
  const header = ["family", "trials", ...COLUMNS, "seconds"];
  const lines = all.map((row) =>
    row.skipped
      ? [row.family, row.notes[0] ?? "", ...COLUMNS.map(() => "-"), "-"]
      : [row.family, row.trials, ...COLUMNS.map((column) => row[column]), row.seconds],
  );
  const line = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |\n`;
  return [line(header), line(header.map(() => "---")), ...lines.map(line)].join("");
}
