/**
 * `node bench/prune.ts`: `library prune` on libraries of true, harmful and useless guidelines, on the mock model.
 * Says how often it is right about each kind, what it asks, and the exact held-out score before and after.
 */
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { openLibrary } from "../src/library/index.ts";
import { spread } from "./figures.ts";
import { CLI, measured } from "./measured.ts";
import { MockModel } from "./mock/server.ts";
import { expected } from "./mock/task.ts";
import { HARMFULS, type Kind, plantLibrary } from "./plant.ts";
import { PROMPT, writeProject } from "./project.ts";

const HELP = `node bench/prune.ts [options]
  --seeds <n>        1 to n (20)
  --rounds <n>       of measuring (4)
  --validation <n>   of the 20 training tickets that validate (6)
  --out <folder>     where the runs are left`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    seeds: { type: "string", default: "20" },
    rounds: { type: "string", default: "4" },
    validation: { type: "string", default: "6" },
    out: { type: "string", default: join(tmpdir(), "promptfoo-grpo-bench-prune") },
  },
});

const Result = z.looseObject({
  version: z.number().nullable(),
  removed: z.array(z.string()),
  gates: z.array(z.looseObject({ accepted: z.boolean() })),
  experiences: z.array(z.looseObject({ id: z.string(), decision: z.string() })),
});

interface Pruned {
  kinds: Map<string, Kind>;
  result: z.infer<typeof Result>;
  calls: number;
  before: number;
  after: number;
}

async function pruneOnce(seed: number): Promise<Pruned> {
  const folder = join(values.out, String(seed));
  const validation = Number(values.validation);
  const mock = await MockModel.start({ seed, latencyMs: 5, harmful: HARMFULS });
  try {
    const config = writeProject(folder, {
      url: mock.url,
      concurrency: 16,
      seed,
      validation,
      test: true,
      settings: { pruneRounds: Number(values.rounds) },
    });
    const kinds = await plantLibrary(folder, seed, validation);
    const before = exactScore(folder);
    const { exitCode } = await measured([CLI, "library", "prune", "--json", "-c", config], {
      folder,
      env: { PROMPTFOO_CONFIG_DIR: join(folder, "home") },
    });
    if (exitCode !== 0) throw new Error(`seed ${seed} ended with ${exitCode}: ${folder}/stderr.txt`);
    const result = Result.parse(JSON.parse(readFileSync(join(folder, "stdout.txt"), "utf8")));
    return { kinds, result, calls: mock.calls.length, before, after: exactScore(folder) };
  } finally {
    mock.close();
  }
}

function exactScore(folder: string): number {
  const library = openLibrary({ root: join(folder, "experiences"), agent: "tickets" });
  return expected(library.inject(PROMPT), "heldout", 0.9, HARMFULS).score;
}

const KINDS: readonly Kind[] = ["true", "harmful", "useless"];
const DECISIONS = ["hurts", "does nothing", "helps", "undecided"];

function report(runs: readonly Pruned[]): string {
  const all = runs.flatMap(({ kinds, result }) =>
    result.experiences.map(({ id, decision }) => ({
      kind: kinds.get(id),
      decision,
      removed: result.removed.includes(id),
    })),
  );
  const count = (test: (one: (typeof all)[number]) => boolean): number => all.filter(test).length;
  const ratio = (part: number, whole: number): string =>
    whole === 0 ? "-" : `${(part / whole).toFixed(2)} (${part} of ${whole})`;
  const of = (name: string, bad: readonly Kind[], called: (one: (typeof all)[number]) => boolean): string => {
    const isBad = (one: (typeof all)[number]): boolean => one.kind !== undefined && bad.includes(one.kind);
    const right = count((one) => isBad(one) && called(one));
    return `${name.padEnd(14)} precision ${ratio(right, count(called))}, recall ${ratio(right, count(isBad))}`;
  };
  const figures = (values: readonly number[], digits: number): string => {
    const { mean, min, max } = spread(values);
    return `${mean.toFixed(digits)} (${min.toFixed(digits)}..${max.toFixed(digits)})`;
  };
  const score = (pick: (run: Pruned) => number): string => figures(runs.map(pick), 3);
  return [
    `${"kind".padEnd(10)}${[...DECISIONS, "removed"].map((one) => one.padStart(14)).join("")}`,
    ...KINDS.map((kind) => {
      const cells = DECISIONS.map((decision) =>
        count((one) => one.kind === kind && one.decision === decision),
      );
      const removed = count((one) => one.kind === kind && one.removed);
      return kind.padEnd(10) + [...cells, removed].map((cell) => String(cell).padStart(14)).join("");
    }),
    of("hurts", ["harmful"], ({ decision }) => decision === "hurts"),
    of("does nothing", ["useless"], ({ decision }) => decision === "does nothing"),
    of(
      "either",
      ["harmful", "useless"],
      ({ decision }) => decision === "hurts" || decision === "does nothing",
    ),
    of("removed", ["harmful", "useless"], ({ removed }) => removed),
    `calls          ${figures(
      runs.map(({ calls }) => calls),
      0,
    )}`,
    `exact score    ${score(({ before }) => before)} -> ${score(({ after }) => after)}, change ${score((run) => run.after - run.before)}`,
    `accepted       ${runs.filter(({ result }) => result.version !== null).length} of ${runs.length}; made worse ${runs.filter((run) => run.after < run.before - 1e-9).length}`,
  ].join("\n");
}

if (values.help) process.stdout.write(`${HELP}\n`);
else if (existsSync(CLI)) {
  const runs: Pruned[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) runs.push(await pruneOnce(seed));
  process.stdout.write(`${report(runs)}\n`);
} else throw new Error("dist/ is missing: `npm run build` first.");
