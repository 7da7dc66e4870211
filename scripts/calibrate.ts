/**
 * How far the statistics of eval and gate can be trusted, on simulated evaluations whose truth is known.
 *   npm run calibrate [-- --sets 1000] [--seed 1]
 * Prints false passes at one-sided .025, coverage of the 95 % interval, power, and what `smallestShown` is off.
 * Exits 1 when a limit is broken by more than three standard errors of the simulation.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { z } from "zod";
import { smallestShown, type VarianceComponents } from "../src/evaluation/power.ts";
import { compareTests } from "../src/evaluation/sign-flip.ts";
import { type Random, seededRandom } from "../src/runs/random.ts";

const CELLS = [
  [12, 3],
  [20, 3],
  [20, 10],
  [40, 3],
  [40, 5],
  [80, 3],
] as const;
const FALSE_PASS_AT_MOST = 0.025;
const COVERAGE_AT_LEAST = 0.93;
const POWER_SHOWN_AT_LEAST = 0.72;
/** Exact tests of 20 units take ten times as long as sampled ones, so they get fewer sets. */
const EXACT_SHARE = 0.3;
const WORKERS = 2;

/** Pass probabilities without the library: easy, middling and hard questions, drawn equally often. */
const EASY = [0.72, 0.78, 0.84, 0.9];
const MIDDLING = [0.35, 0.45, 0.55, 0.65];
const HARD = [0.05, 0.12, 0.2, 0.28];

/** A kind of question: its pass probability in both arms. */
type Question = readonly [baseline: number, enhanced: number];

/** One scenario: `clusters` are sizes of personas that share an effect of up to `spread`, zero on average. */
interface Job {
  label: string;
  sets: number;
  seed: number;
  tests: number;
  repeats: number;
  questions: readonly Question[];
  clusters?: { sizes: readonly number[]; spread: number; declared: boolean };
}

/** Sets in which the difference was called proven, and in which the interval held the truth. */
const Tally = z.object({ sets: z.number(), proven: z.number(), covered: z.number() });
type Tally = z.infer<typeof Tally>;

/** Every question gains the same, or only the hard ones do; the mean gain is `gain` either way. */
function questionsWith(gain: number, who: "all" | "hard" = "all"): Question[] {
  const gaining = new Set(who === "all" ? [...EASY, ...MIDDLING, ...HARD] : HARD);
  const at = (shift: number): Question[] =>
    [...EASY, ...MIDDLING, ...HARD].map((p) => [p, gaining.has(p) ? Math.min(1, p + shift) : p]);
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (trueGain(at(middle)) < gain) low = middle;
    else high = middle;
  }
  return at(low);
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const trueGain = (questions: readonly Question[]): number => mean(questions.map(([a, b]) => b - a));

function trueComponents(questions: readonly Question[]): VarianceComponents {
  const gain = trueGain(questions);
  return {
    between: mean(questions.map(([a, b]) => (b - a - gain) ** 2)),
    within: mean(questions.map(([a, b]) => a * (1 - a) + b * (1 - b))),
  };
}

/** The smallest difference said to be shown, in the world in which it is the truth: its noise depends on it. */
function smallestTrue(tests: number, repeats: number): number {
  let gain = 0.1;
  for (let step = 0; step < 20; step++) {
    gain = smallestShown({ tests, repeats, step: 1, ...trueComponents(questionsWith(gain)) }) ?? 1;
  }
  return gain;
}

function run(job: Job): Tally {
  const random = seededRandom("calibrate", job.label, job.seed);
  const truth = trueGain(job.questions);
  const tally: Tally = { sets: job.sets, proven: 0, covered: 0 };
  for (let set = 0; set < job.sets; set++) {
    const { differences, keys } = evaluation(job, random);
    const { low, high } = compareTests(differences, set, job.clusters?.declared ? keys : undefined);
    if (low > 0) tally.proven++;
    if (low <= truth + 1e-9 && truth <= high + 1e-9) tally.covered++;
  }
  return tally;
}

function evaluation(job: Job, random: Random): { differences: number[]; keys: string[] } {
  const { sizes, spread } = job.clusters ?? { sizes: new Array<number>(job.tests).fill(1), spread: 0 };
  const differences: number[] = [];
  const keys: string[] = [];
  for (const [persona, size] of sizes.entries()) {
    const shared = spread * (2 * random.next() - 1);
    for (let test = 0; test < size; test++) {
      const [a, b] = job.questions[random.below(job.questions.length)] ?? [0, 0];
      differences.push(passRate(b + shared, job.repeats, random) - passRate(a, job.repeats, random));
      keys.push(String(persona));
    }
  }
  return { differences, keys };
}

function passRate(chance: number, repeats: number, random: Random): number {
  let passes = 0;
  for (let repeat = 0; repeat < repeats; repeat++) if (random.next() < chance) passes++;
  return passes / repeats;
}

/** Workers take job after job; each job has its own seed, so who runs it and when changes nothing. */
async function runAll(jobs: readonly Job[]): Promise<Map<string, Tally>> {
  const waiting = [...jobs].sort((one, other) => cost(other) - cost(one));
  const done = new Map<string, Tally>();
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL(import.meta.url));
    try {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        worker.postMessage(job);
        const [tally] = await once(worker, "message");
        done.set(job.label, Tally.parse(tally));
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return done;
}

const isSlow = (tests: number): boolean => tests === 20;
const cost = ({ sets, tests }: Job): number => sets * (isSlow(tests) ? 800 : tests);

function cellJobs(tests: number, repeats: number, sets: number, seed: number): Job[] {
  const cell = `${tests} x ${repeats}`;
  const base = { sets: Math.ceil(isSlow(tests) ? sets * EXACT_SHARE : sets), seed, tests, repeats };
  return [
    { ...base, label: `${cell} same`, questions: questionsWith(0) },
    { ...base, label: `${cell} +.08`, questions: questionsWith(0.08) },
    { ...base, label: `${cell} +.14`, questions: questionsWith(0.14) },
    { ...base, label: `${cell} +.14 hard`, questions: questionsWith(0.14, "hard") },
    { ...base, label: `${cell} smallest`, questions: questionsWith(smallestTrue(tests, repeats)) },
  ];
}

const CLUSTERS = [
  { name: "15 personas of 4", sizes: new Array<number>(15).fill(4) },
  { name: "30 personas of 1 to 7", sizes: Array.from({ length: 30 }, (_, index) => 1 + (index % 7)) },
];

function clusterJobs(sets: number, seed: number): Job[] {
  return CLUSTERS.flatMap(({ name, sizes }) =>
    [true, false].map((declared) => ({
      label: `${name} ${declared}`,
      sets,
      seed,
      tests: sizes.reduce((sum, one) => sum + one, 0),
      repeats: 3,
      // Chances stay inside 0 to 1 under every shared effect, so that the true difference is exactly zero.
      questions: [0.3, 0.4, 0.5, 0.6, 0.7].map((p): Question => [p, p]),
      clusters: { sizes, spread: 0.3, declared },
    })),
  );
}

/** Collects broken limits; three standard errors at the limit are granted to the simulation. */
function limits(): {
  broken: string[];
  check: (what: string, rate: number, limit: number, sets: number, most: boolean) => void;
} {
  const broken: string[] = [];
  return {
    broken,
    check: (what, rate, limit, sets, most) => {
      const grace = 3 * Math.sqrt((limit * (1 - limit)) / sets);
      if (most ? rate > limit + grace : rate < limit - grace) {
        broken.push(
          `${what} is ${three(rate)}, limit ${three(limit)} (simulation error up to ${three(grace)})`,
        );
      }
    },
  };
}

const three = (value: number): string => value.toFixed(3);
const row = (cells: readonly string[], widths: readonly number[]): string =>
  cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join("  ");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { sets: { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
  });
  const [sets, seed] = [Number(values.sets), Number(values.seed)];
  if (!Number.isInteger(sets) || sets < 100 || !Number.isInteger(seed)) {
    console.error("--sets takes a whole number from 100 on, --seed a whole number");
    process.exitCode = 3;
    return;
  }
  const jobs = [
    ...CELLS.flatMap(([tests, repeats]) => cellJobs(tests, repeats, sets, seed)),
    ...clusterJobs(sets, seed),
  ];
  const tallies = await runAll(jobs);
  const { broken, check } = limits();
  printCells(tallies, check);
  printClusters(tallies, check);
  for (const line of broken) console.error(`broken: ${line}`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

type Check = ReturnType<typeof limits>["check"];

function printCells(tallies: ReadonlyMap<string, Tally>, check: Check): void {
  const widths = [15, 5, 10, 8, 6, 6, 14, 11, 6];
  console.log(
    row(
      [
        "tests x repeats",
        "sets",
        "false pass",
        "coverage",
        "+.08",
        "+.14",
        "smallest shown",
        "power there",
        "off by",
      ],
      widths,
    ),
  );
  for (const [tests, repeats] of CELLS) {
    const cell = `${tests} x ${repeats}`;
    const of = (scenario: string): Tally =>
      tallies.get(`${cell} ${scenario}`) ?? { sets: 1, proven: 0, covered: 0 };
    const sets = of("same").sets;
    const power = (scenario: string): number => of(scenario).proven / sets;
    const coverage = Math.min(...["same", "+.08", "+.14", "+.14 hard"].map((one) => of(one).covered / sets));
    const smallest = smallestTrue(tests, repeats);
    check(`${cell}: false pass`, power("same"), FALSE_PASS_AT_MOST, sets, true);
    check(`${cell}: coverage`, coverage, COVERAGE_AT_LEAST, sets, false);
    check(
      `${cell}: power at the smallest difference shown`,
      power("smallest"),
      POWER_SHOWN_AT_LEAST,
      sets,
      false,
    );
    const shown = [smallest, power("smallest"), offBy(tests, repeats, smallest, power("smallest"))].map(
      three,
    );
    console.log(
      row(
        [cell, String(sets), ...[power("same"), coverage, power("+.08"), power("+.14")].map(three), ...shown],
        widths,
      ),
    );
  }
}

/** By how much the difference with 80 % power lies above the one said; .28 is the slope of power there. */
function offBy(tests: number, repeats: number, smallest: number, power: number): number {
  const { between, within } = trueComponents(questionsWith(smallest));
  return ((0.8 - power) / 0.28) * Math.sqrt((between + within / repeats) / tests);
}

function printClusters(tallies: ReadonlyMap<string, Tally>, check: Check): void {
  const widths = [32, 6, 10, 8];
  console.log(`\nPersonas that share an effect\n${row(["", "sets", "false pass", "coverage"], widths)}`);
  for (const { name } of CLUSTERS) {
    for (const declared of [true, false]) {
      const { sets, proven, covered } = tallies.get(`${name} ${declared}`) ?? {
        sets: 1,
        proven: 0,
        covered: 0,
      };
      const label = `${name}, ${declared ? "clustered" : "not"}`;
      console.log(row([label, String(sets), three(proven / sets), three(covered / sets)], widths));
      if (!declared) continue;
      check(`${name}: false pass`, proven / sets, FALSE_PASS_AT_MOST, sets, true);
      check(`${name}: coverage`, covered / sets, COVERAGE_AT_LEAST, sets, false);
    }
  }
}

if (isMainThread) await main();
else parentPort?.on("message", (job: Job) => parentPort?.postMessage(run(job)));
