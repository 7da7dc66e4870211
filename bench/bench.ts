/**
 * `npm run bench`: trains this package on the mock model through its command line, and says what it learned and
 * what that took. Figures are means over seeds, with the smallest and the largest.
 */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ratio, type Spread } from "./figures.ts";
import { CLI, measured } from "./measured.ts";
import { writeProject } from "./project.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { ratioText, type ScenarioFigures, scenarioFigures, scenarioText } from "./table.ts";
import { type TrainedOnce, trainOnce } from "./train-once.ts";

const HELP = `npm run bench -- [options]
  --only <names>       of ${SCENARIOS.map((one) => one.name).join(", ")}
  --seeds <numbers>    in place of each scenario's own, for example 11,12
  --settings <json>    under metadata.grpo, for example '{"groupSize":3,"epochs":1}'
  --validation <n>     of the 20 training tickets that validate (6)
  --flat               one reason for a reply, not a component for each criterion
  --no-test            without our own sealed test
  --cpu-prof           a CPU profile of each run, in its folder
  --out <folder>       where the runs are left (a folder of the system's for such things)
  --json               figures of every run, and nothing else on standard output

${SCENARIOS.map((one) => `  ${one.name.padEnd(8)} ${one.says}; seeds ${one.seeds.join(", ")}`).join("\n")}`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    help: { type: "boolean", default: false },
    only: { type: "string" },
    seeds: { type: "string" },
    settings: { type: "string", default: "{}" },
    validation: { type: "string", default: "6" },
    flat: { type: "boolean", default: false },
    test: { type: "boolean", default: true },
    "cpu-prof": { type: "boolean", default: false },
    out: { type: "string", default: join(tmpdir(), "promptfoo-grpo-bench") },
    json: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(`${HELP}\n`);
else await bench();

async function bench(): Promise<void> {
  if (!existsSync(CLI)) throw new Error("dist/ is missing: `npm run build` first.");
  const fixed = await startCpu();
  const say = (text: string): void => void (values.json ? process.stderr : process.stdout).write(`${text}\n`);
  say(
    `settings ${values.settings}, ${values.validation} validation tickets; a start takes ${fixed.toFixed(1)} s CPU`,
  );
  const all: { figures: ScenarioFigures; runs: TrainedOnce[]; ratio?: Spread }[] = [];
  for (const scenario of chosen()) {
    say(`\n${scenario.name}: ${scenario.says}`);
    const runs: TrainedOnce[] = [];
    const pairs: [number, number][] = [];
    for (const seed of seedsOf(scenario)) {
      // In the same minute as what it is measured by: a machine is not as fast at all times.
      const other =
        scenario.against === undefined ? undefined : await runOf(named(scenario.against.name), seed);
      const run = await runOf(scenario, seed);
      runs.push(run);
      if (other !== undefined) pairs.push([run.calls.windowS, other.calls.windowS]);
    }
    const figures = scenarioFigures(scenario.name, runs, fixed);
    say(scenarioText(figures, scenario.asked));
    const ratios = ratio(pairs);
    if (scenario.against !== undefined) say(ratioText(ratios, scenario.against));
    all.push({ figures, runs, ...(pairs.length === 0 ? {} : { ratio: ratios }) });
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ fixedCpuS: fixed, scenarios: all }, null, 1)}\n`);
}

function chosen(): Scenario[] {
  const names = values.only?.split(",") ?? SCENARIOS.map((one) => one.name);
  return names.map(named);
}

function named(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no scenario "${name}". ${HELP}`);
  return found;
}

function seedsOf({ seeds }: Scenario): readonly number[] {
  return values.seeds?.split(",").map(Number) ?? seeds;
}

type ProjectScenario = Pick<Scenario, "concurrency" | "settings" | "copies">;

function projectOf({ concurrency, settings = {}, copies = 1 }: ProjectScenario, seed: number) {
  return {
    copies,
    concurrency,
    seed,
    validation: Number(values.validation),
    test: values.test,
    flat: values.flat,
    settings: { ...settings, ...(JSON.parse(values.settings) as Record<string, unknown>) },
  };
}

function runOf(scenario: Scenario, seed: number): Promise<TrainedOnce> {
  const { name, mock } = scenario;
  const folder = join(values.out, `${name}-${seed}`);
  const node = values["cpu-prof"] ? ["--cpu-prof", `--cpu-prof-dir=${folder}`] : [];
  return trainOnce({ folder, mock, node, ...projectOf(scenario, seed) });
}

/** CPU seconds of `train --dry-run`: reading the config, promptfoo's own start, no call. */
async function startCpu(): Promise<number> {
  const folder = join(values.out, "start");
  const config = writeProject(folder, { ...projectOf({ concurrency: 16 }, 1), url: "http://127.0.0.1:9" });
  const env = { PROMPTFOO_CONFIG_DIR: join(folder, "home") };
  return (await measured([CLI, "train", "--dry-run", "-c", config], { folder, env })).cpuS;
}
