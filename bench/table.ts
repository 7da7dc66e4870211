import { type BenchStage, type Spread, STAGES, spread } from "./figures.ts";
import type { Idle } from "./idle.ts";
import type { Scenario } from "./scenarios.ts";
import type { TrainedOnce } from "./train-once.ts";

/** CPU seconds of a start that calls nothing; taken off before CPU is counted per call. */
export type FixedCpu = number;

/** A scenario's runs as mean, smallest and largest. */
export interface ScenarioFigures {
  name: string;
  runs: number;
  exitCodes: (number | null)[];
  harmed: number;
  lift: Spread;
  found: Spread;
  errorOfTest: Spread;
  errorOfGate: Spread;
  calls: Spread;
  /** Without our own sealed test, which no rival makes. */
  callsToLearn: Spread;
  byStage: Record<BenchStage, { calls: Spread; tin: Spread; tout: Spread }>;
  tokensIn: Spread;
  tokensOut: Spread;
  failedCalls: Spread;
  incomplete: Spread;
  wallS: Spread;
  windowS: Spread;
  utilisation: Spread;
  trainingUtilisation: Spread;
  /** Mean shares. */
  idle: Idle[];
  cpuPer1000: Spread;
  rssMb: Spread;
}

export function scenarioFigures(
  name: string,
  runs: readonly TrainedOnce[],
  fixed: FixedCpu,
): ScenarioFigures {
  const of = (value: (run: TrainedOnce) => number | null): Spread =>
    spread(runs.flatMap((run) => value(run) ?? []));
  return {
    name,
    runs: runs.length,
    exitCodes: runs.map((one) => one.run.exitCode),
    harmed: runs.filter((one) => one.learned.harmful).length,
    lift: of((one) => one.lift),
    found: of((one) => one.learned.phrases),
    errorOfTest: of((one) => one.errorOfTest),
    errorOfGate: of((one) => one.errorOfGate),
    calls: of((one) => one.calls.all.calls),
    callsToLearn: of((one) => one.calls.all.calls - one.calls.byStage.test.calls),
    byStage: Object.fromEntries(
      STAGES.map((stage) => [
        stage,
        {
          calls: of((one) => one.calls.byStage[stage].calls),
          tin: of((one) => one.calls.byStage[stage].tin),
          tout: of((one) => one.calls.byStage[stage].tout),
        },
      ]),
    ) as ScenarioFigures["byStage"],
    tokensIn: of((one) => one.calls.all.tin),
    tokensOut: of((one) => one.calls.all.tout),
    failedCalls: of((one) => one.calls.failed),
    incomplete: of((one) => one.incomplete),
    wallS: of((one) => one.run.wallS),
    windowS: of((one) => one.calls.windowS),
    utilisation: of((one) => one.calls.utilisation),
    trainingUtilisation: of((one) => one.calls.trainingUtilisation),
    idle: meanIdle(runs),
    cpuPer1000: of((one) => ((one.run.cpuS - fixed) / one.calls.all.calls) * 1000),
    rssMb: of((one) => one.run.rssMb),
  };
}

function meanIdle(runs: readonly TrainedOnce[]): Idle[] {
  const all = runs.flatMap((one) => one.calls.idle);
  const names = [...new Set(all.map((one) => one.during))];
  return names
    .map((during) => {
      const own = all.filter((one) => one.during === during);
      return { during, share: own.reduce((sum, one) => sum + one.share, 0) / runs.length };
    })
    .sort((a, b) => b.share - a.share);
}

const NO_VALUE = "-";

export function spreadText({ mean, min, max, n }: Spread, digits: number, sign = false): string {
  if (n === 0) return NO_VALUE;
  const text = (value: number): string => `${sign && value >= 0 ? "+" : ""}${value.toFixed(digits)}`;
  return n === 1 || text(min) === text(max) ? text(mean) : `${text(mean)} (${text(min)}..${text(max)})`;
}

/** What `npm run bench` prints of a scenario. */
export function scenarioText(figures: ScenarioFigures, asked: Scenario["asked"] = {}): string {
  const { byStage } = figures;
  const stages = STAGES.map((stage) => `${stage} ${spreadText(byStage[stage].calls, 0)}`).join(", ");
  const tokens = STAGES.map(
    (stage) => `${stage} ${kilo(byStage[stage].tin.mean)}/${kilo(byStage[stage].tout.mean)}`,
  ).join(", ");
  const failed = figures.exitCodes.filter((code) => code !== 0);
  const lines: [string, string][] = [
    [
      "exact lift",
      `${spreadText(figures.lift, 3, true)}; ${spreadText(figures.found, 1)} of 20 criteria found${wish("at least", asked.lift)}`,
    ],
    ["harmed", `${figures.harmed} of ${figures.runs} runs end with the harmful guideline`],
    [
      "reported - exact",
      `sealed test ${spreadText(figures.errorOfTest, 3, true)}${errorText(figures.errorOfTest, 3)}; last gate ${spreadText(figures.errorOfGate, 3, true)}`,
    ],
    [
      "calls",
      `${spreadText(figures.callsToLearn, 0)} to learn, ${spreadText(figures.calls, 0)} with the sealed test${wish("at most", asked.calls)}`,
    ],
    ["  by stage", stages],
    ["tokens in/out", `${kilo(figures.tokensIn.mean)}/${kilo(figures.tokensOut.mean)} (${tokens})`],
    [
      "no reply",
      `${spreadText(figures.failedCalls, 1)} calls; ${spreadText(figures.incomplete, 1)} groups reported incomplete`,
    ],
    [
      "wall-clock",
      `${spreadText(figures.wallS, 1)} s; first to last call ${spreadText(figures.windowS, 1)} s`,
    ],
    [
      "utilisation",
      `${spreadText(figures.utilisation, 2)}; without the sealed test ${spreadText(figures.trainingUtilisation, 2)}${wish("at least", asked.utilisation)}`,
    ],
    [
      "  free places",
      figures.idle
        .filter((one) => one.share >= 0.03)
        .map(({ during, share }) => `${(share * 100).toFixed(0)} % ${during}`)
        .join(", "),
    ],
    ["CPU", `${spreadText(figures.cpuPer1000, 1)} s per 1,000 calls, start not counted`],
    ["peak memory", `${spreadText(figures.rssMb, 0)} MB`],
    ...(failed.length > 0 ? ([["exit codes", `not 0: ${failed.join(", ")}`]] as [string, string][]) : []),
  ];
  return lines.map(([label, text]) => `  ${label.padEnd(18)}${text}`).join("\n");
}

/** What `npm run bench` prints of a scenario that is measured by another. */
export function ratioText(of: Spread, { name, most }: NonNullable<Scenario["against"]>): string {
  const seeds = of.n < 2 ? "" : `${errorText(of, 2)}, ${of.n} seeds`;
  return `  ${`x ${name}`.padEnd(18)}${spreadText(of, 2)} times as long from first to last call${seeds}${wish("at most", most)}`;
}

const errorText = ({ error }: Spread, digits: number): string =>
  Number.isFinite(error) ? `, standard error of the mean ${error.toFixed(digits)}` : "";

const wish = (limit: string, value: number | undefined): string =>
  value === undefined ? "" : ` [asked: ${limit} ${value}]`;

const kilo = (tokens: number): string => `${(tokens / 1000).toFixed(1)}k`;
