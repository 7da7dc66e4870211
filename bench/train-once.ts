import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type OpenedLibrary, openLibrary } from "../src/library/index.ts";
import { type CallFigures, callFigures } from "./figures.ts";
import { CLI, type Measured, measured } from "./measured.ts";
import { MockModel, type MockOptions } from "./mock/server.ts";
import { type Expected, expected } from "./mock/task.ts";
import { PROMPT, type ProjectOptions, validationIds, writeProject } from "./project.ts";

/** One training of this package on the mock model. */
export interface TrainedOnce {
  seed: number;
  run: Measured;
  calls: CallFigures;
  base: Expected;
  learned: Expected;
  /** The exact gain on the held-out tickets. */
  lift: number;
  /** Our own estimates less the exact value; null where there is none. */
  errorOfTest: number | null;
  errorOfGate: number | null;
  accepted: number;
  rejected: number;
  experiences: number;
  /** Groups with too few graded rollouts, as the report counts them. */
  incomplete: number;
}

export interface TrainOptions extends Omit<ProjectOptions, "url"> {
  folder: string;
  mock: Partial<MockOptions>;
  env?: Record<string, string>;
  node?: readonly string[];
}

/** Trains through the real command line and asks for the exact score of what came of it. */
export async function trainOnce({ folder, mock, env, node, ...project }: TrainOptions): Promise<TrainedOnce> {
  const model = await MockModel.start({ seed: project.seed, ...mock });
  try {
    const config = writeProject(folder, { ...project, url: model.url });
    const run = await measured([CLI, "train", "-c", config], {
      folder,
      env: { PROMPTFOO_CONFIG_DIR: join(folder, "home"), ...env },
      ...(node === undefined ? {} : { node }),
    });
    writeFileSync(
      join(folder, "calls.jsonl"),
      model.calls.map((call) => `${JSON.stringify(call)}\n`).join(""),
    );
    return figuresOf(folder, run, model, project, mock.p1);
  } finally {
    model.close();
  }
}

function figuresOf(
  folder: string,
  run: Measured,
  model: MockModel,
  project: Omit<ProjectOptions, "url">,
  p1: number | undefined,
): TrainedOnce {
  const ids = validationIds(project.validation);
  const library = libraryIn(folder);
  const prompt = library?.inject(PROMPT) ?? PROMPT;
  const [base, learned] = [expected(PROMPT, "heldout", p1), expected(prompt, "heldout", p1)];
  const lift = learned.score - base.score;
  const gates = gateHistory(folder);
  const accepted = gates.filter((one) => one.status === "accepted");
  const validated = accepted.at(-1)?.gate.candidate;
  const test = reportedLift(folder);
  return {
    seed: project.seed,
    run,
    calls: callFigures(model.calls, new Set(ids), project.concurrency),
    base,
    learned,
    lift,
    errorOfTest: test === null ? null : test - lift,
    errorOfGate: validated === undefined ? null : validated - expected(prompt, ids, p1).score,
    accepted: accepted.length,
    rejected: gates.length - accepted.length,
    experiences: library?.experiences.length ?? 0,
    incomplete: [...read(folder, "stdout.txt").matchAll(/(\d+) incomplete ->/g)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    ),
  };
}

const read = (folder: string, file: string): string => {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

/** As production reads it; undefined when nothing was learned. */
function libraryIn(folder: string): OpenedLibrary | undefined {
  const root = join(folder, "experiences");
  return existsSync(join(root, "tickets", "common.md")) ? openLibrary({ root, agent: "tickets" }) : undefined;
}

const Judged = z.looseObject({
  status: z.enum(["accepted", "rejected"]),
  gate: z.looseObject({ candidate: z.number() }),
});

function gateHistory(folder: string): z.infer<typeof Judged>[] {
  return read(folder, join("experiences", "tickets", "common.history.jsonl"))
    .split("\n")
    .filter(Boolean)
    .flatMap((line) => Judged.safeParse(JSON.parse(line)).data ?? []);
}

const Results = z.looseObject({
  results: z.looseObject({
    results: z.array(z.looseObject({ score: z.number(), provider: z.looseObject({ label: z.string() }) })),
  }),
});

/** The gain that the sealed test reported: enhanced less baseline, from the results file. */
function reportedLift(folder: string): number | null {
  const results = join(folder, ".grpo", "results");
  const [file] = existsSync(results) ? readdirSync(results) : [];
  if (file === undefined) return null;
  const { results: rows } = Results.parse(JSON.parse(readFileSync(join(results, file), "utf8"))).results;
  const meanOf = (baseline: boolean): number => {
    const own = rows.filter((row) => (row.provider.label === "baseline") === baseline);
    return own.reduce((sum, row) => sum + row.score, 0) / own.length;
  };
  return meanOf(false) - meanOf(true);
}
