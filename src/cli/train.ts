import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { GrpoError } from "../library/index.ts";
import { openLearner } from "../optimizer/learner.ts";
import { planTraining } from "../optimizer/plan.ts";
import { type TrainingResult, train } from "../optimizer/train.ts";
import {
  baselineSampling,
  evaluationSampling,
  openTraining,
  type TrainingRun,
  twoArms,
} from "../optimizer/training-run.ts";
import { count } from "../reports/figures.ts";
import { chooseDisplay, progressDisplay } from "../reports/progress.ts";
import { type RunFigures, trainReport } from "../reports/train-report.ts";
import { Runtime } from "../runs/runtime.ts";
import { nameOf } from "../suite/models.ts";
import { publishArms } from "../suite/rollouts.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";

export interface TrainOptions {
  config?: string;
  dryRun?: boolean;
  display?: string;
  /** Folder for results, relative to the config's folder. */
  output?: string;
  /** Also writes the results to promptfoo's own database, for `promptfoo view`. */
  publish?: boolean;
  /** Called with the result and its figures before the report is printed. */
  onResult?: (result: TrainingResult, figures: RunFigures) => void;
  flags: Partial<SettingsInput>;
}

/** `promptfoo-grpo train`. Prints the report to standard output, progress to standard error. */
export async function trainCommand(options: TrainOptions): Promise<number> {
  const started = Date.now();
  const suite = await loadSuite(options.config, options.flags);
  const display = progressDisplay(
    chooseDisplay(options.display, process.stderr.isTTY === true, process.env),
    {
      write: (text) => process.stderr.write(text),
      columns: process.stderr.columns ?? 100,
      now: () => Date.now(),
    },
  );
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  process.once("SIGINT", interrupt);
  try {
    const runtime = new Runtime({ ...runtimeOptions(suite), signal: abort.signal, events: display.sink });
    if (options.dryRun === true) {
      process.stdout.write(await dryRun(suite, runtime));
      return 0;
    }
    const run = await openTraining(suite, runtime);
    runtime.emit({ type: "note", text: planLine(suite, run.learner.small) });
    const result = await train(run);
    const resultsPath = await publish(run, result, options);
    display.close();
    const { usage } = runtime.limiter;
    const figures: RunFigures = {
      usage: usage.total(),
      byStage: usage.byStage(),
      elapsedMs: Date.now() - started,
      libraryPath: run.store.path,
      ...(resultsPath === undefined ? {} : { resultsPath }),
    };
    options.onResult?.(result, figures);
    process.stdout.write(`\n${trainReport(result, figures)}`);
    return 0;
  } finally {
    process.removeListener("SIGINT", interrupt);
    display.close();
    await suite.agent.cleanup?.();
  }
}

function runtimeOptions({ settings }: Suite): { concurrency: number; maxCostUsd?: number } {
  const { concurrency, maxCostUsd } = settings;
  return { concurrency, ...(maxCostUsd === undefined ? {} : { maxCostUsd }) };
}

function planLine(suite: Suite, small: boolean): string {
  const plan = planTraining(suite, formOf(suite, small));
  const { train: training, validation, test } = plan.examples;
  return `plan        ${training} training examples x ${suite.settings.groupSize}, ${validation} validation, ${test} sealed test; ${plan.steps} step${plan.steps === 1 ? "" : "s"}, at most ${plan.calls} calls; agent ${nameOf(suite.agent)}`;
}

const formOf = (suite: Suite, small: boolean): "principles" | "contrast" =>
  suite.settings.advantage ?? (small ? "contrast" : "principles");

async function dryRun(suite: Suite, runtime: Runtime): Promise<string> {
  const learner = await openLearner(suite, runtime);
  const form = formOf(suite, learner.small);
  const plan = planTraining(suite, form);
  const { rollouts } = plan;
  const cap = suite.settings.maxCostUsd;
  return [
    `config      ${suite.path}`,
    `agent       ${nameOf(suite.agent)}, prompt "${suite.prompt.label.replace(/\s+/g, " ").slice(0, 70)}"`,
    `learner     ${learner.id}, ${form}`,
    `examples    ${plan.examples.train} training, ${plan.examples.validation} validation, ${plan.examples.test} sealed test`,
    `rollouts    at most ${rollouts.training} training, ${rollouts.screening} candidates, ${rollouts.validation} validation, ${rollouts.test} test`,
    `calls       at most ${plan.calls} (${plan.learnerCalls} of the learner), graders not counted`,
    `tokens      about ${count(plan.promptTokens)} in, ${count(plan.completionTokens)} out`,
    `dollars     ${priceLine(suite, plan)}${cap === undefined ? "; no cap (--max-cost)" : `; cap $${cap}`}`,
    "nothing was called\n",
  ].join("\n");
}

/** Only prices that the config states are used: a guessed price is worse than none. */
function priceLine(suite: Suite, plan: ReturnType<typeof planTraining>): string {
  const cost: unknown = suite.agent.config?.cost;
  if (typeof cost === "number")
    return `about $${(cost * (plan.promptTokens + plan.completionTokens)).toFixed(2)} at the config's price`;
  return /local/i.test(suite.agent.id())
    ? "none: the agent runs on this machine"
    : "unknown: the provider reports its price with each call";
}

async function publish(
  run: TrainingRun,
  result: TrainingResult,
  options: TrainOptions,
): Promise<string | undefined> {
  const { suite, runtime } = run;
  const tests = suite.examples.test;
  if (result.test === undefined || tests.length === 0 || options.publish === false) return undefined;
  const folder = options.output ?? join(".grpo", "results");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `baseline-vs-v${result.library.version}.json`);
  const repeats = suite.settings.testRepeats;
  const arms = twoArms(
    baselineSampling("test", repeats),
    evaluationSampling(result.library, "test", repeats),
    result.library.version,
  );
  try {
    await publishArms(suite, runtime, tests, arms, path);
    return path;
  } catch (cause) {
    if (cause instanceof GrpoError) throw cause;
    runtime.emit({
      type: "note",
      text: `the results could not be written for promptfoo view: ${cause instanceof Error ? cause.message : String(cause)}`,
    });
    return undefined;
  }
}
