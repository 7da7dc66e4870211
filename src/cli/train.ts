import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { libraryCost, priceOfCalls } from "../evaluation/library-cost.ts";
import { baselineSampling, evaluationSampling } from "../evaluation/sampling.ts";
import { safeLine } from "../library/index.ts";
import { requireSupportable, supportNote } from "../optimizer/admission.ts";
import { type Selection, selectExamples } from "../optimizer/incremental.ts";
import { openLearner } from "../optimizer/learner.ts";
import { planTraining } from "../optimizer/plan.ts";
import { inRecordedRun } from "../optimizer/recorded-run.ts";
import { redactionPreview } from "../optimizer/run-redaction.ts";
import { type ResumeFlags, type RunRequest, requestOf } from "../optimizer/run-request.ts";
import { type TrainingResult, train } from "../optimizer/train.ts";
import { openTraining, type TrainingRun, twoArms } from "../optimizer/training-run.ts";
import { modelFacts } from "../providers/model-facts.ts";
import { count } from "../reports/figures.ts";
import { type RunFigures, trainReport } from "../reports/train-report.ts";
import type { Runtime } from "../runs/runtime.ts";
import { libraryStoreOf } from "../suite/library-store.ts";
import { nameOf } from "../suite/models.ts";
import { publishArms } from "../suite/rollouts.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";
import { print } from "./output.ts";
import { plannedDollars } from "./planned-dollars.ts";
import { inSession, type Session } from "./session.ts";

export interface TrainOptions extends ResumeFlags {
  config?: string;
  dryRun?: boolean;
  display?: string;
  /** Folder for results, relative to the config's folder. */
  output?: string;
  /** Also writes the results to promptfoo's own database, for `promptfoo view`. */
  publish?: boolean;
  /** False where somebody else reads the sealed test after it: then there is no report either. */
  sealedTest?: boolean;
  /** Called with the result and its figures before the report is printed. */
  onResult?: (result: TrainingResult, figures: RunFigures) => void;
  flags: Partial<SettingsInput>;
}

/** `promptfoo-grpo train`. Prints the report to standard output, progress to standard error. */
export async function trainCommand(options: TrainOptions): Promise<number> {
  // Reading the config changes the working directory, and a resumed run reads it twice.
  const config = options.config === undefined ? undefined : resolve(options.config);
  const load = async (flags: TrainOptions["flags"]) => sinceDated(await loadSuite(config, flags));
  const { suite, request } = await requestOf("train", flagsOf(options), options, load);
  return inSession(suite, options.display, async (session) => {
    const { runtime } = session;
    if (options.dryRun === true) {
      print(await dryRun(suite, runtime));
      return 0;
    }
    const opened = await openTraining(suite, runtime);
    const selection = selectExamples(suite);
    for (const text of [
      planLine(selection, opened.learner.small),
      selectionText(selection),
      supportNote(selection.suite),
    ])
      if (text !== undefined) runtime.emit({ type: "note", text });
    const run = {
      ...opened,
      ...(options.sealedTest === undefined ? {} : { sealedTest: options.sealedTest }),
    };
    return trainRecorded(run, datedRequest(request, suite), session, options);
  });
}

/** A run that goes on has its date already. */
function flagsOf({ flags, resume }: TrainOptions): TrainOptions["flags"] {
  if (resume === undefined || flags.since !== "last") return flags;
  const { since: _, ...rest } = flags;
  return rest;
}

const datedRequest = (request: RunRequest, { settings: { since } }: Suite): RunRequest =>
  since === undefined ? request : { ...request, flags: { ...request.flags, since } };

/** `since: last` as the date that it means now: a run that is resumed goes on with the examples that it began with. */
async function sinceDated(suite: Suite): Promise<Suite> {
  if (suite.settings.since !== "last") return suite;
  const newest = (await libraryStoreOf(suite.settings).history()).findLast(
    ({ status }) => status === "accepted",
  );
  const { since: _, ...settings } = suite.settings;
  return { ...suite, settings: newest === undefined ? settings : { ...settings, since: newest.at } };
}

/** Trains with a journal and a manifest on the disk, publishes the held-out results and prints the report. */
export function trainRecorded(
  opened: TrainingRun,
  request: RunRequest,
  session: Session,
  options: TrainOptions,
): Promise<number> {
  return inRecordedRun(opened, request, async (run) =>
    finishTraining(run, await train(run), session, options),
  );
}

async function finishTraining(
  run: TrainingRun,
  result: TrainingResult,
  session: Session,
  options: TrainOptions,
): Promise<number> {
  const resultsPath = await publish(run, result, options);
  session.closeDisplay();
  const { usage } = session.runtime.limiter;
  const figures: RunFigures = {
    usage: usage.total(),
    byStage: usage.byStage(),
    elapsedMs: session.elapsedMs(),
    libraryPath: run.store.path,
    libraryCost: costOfLibrary(run, result),
    ...(resultsPath === undefined ? {} : { resultsPath }),
    ...(run.redaction === undefined ? {} : { redacted: run.redaction.summary() }),
  };
  options.onResult?.(result, figures);
  if (options.sealedTest === false) return 0;
  print(`\n${trainReport(withoutPersonalData(run, result), figures)}`);
  return 0;
}

/** Measured on the sealed test, where there is one. */
function costOfLibrary({ suite, runtime }: TrainingRun, { library, test }: TrainingResult) {
  const price = priceOfCalls(runtime.prices, modelFacts(suite.agent));
  return libraryCost({ library, pairs: test?.pairs ?? [], side: "enhanced", measurable: true, price });
}

/** Reports quote replies. */
function withoutPersonalData({ redaction }: TrainingRun, result: TrainingResult): TrainingResult {
  const { test } = result;
  if (redaction === undefined || test === undefined) return result;
  return { ...result, test: { ...test, pairs: test.pairs.map((pair) => redaction.pair(pair)) } };
}

function planLine({ suite, replay }: Selection, small: boolean): string {
  const plan = planTraining(suite, formOf(suite, small), replay.length);
  const { train: training, validation, test } = plan.examples;
  return `plan        ${training} training examples x ${suite.settings.groupSize}, ${validation} validation, ${test} sealed test; ${plan.steps} step${plan.steps === 1 ? "" : "s"}, at most ${plan.calls} calls; agent ${safeLine(nameOf(suite.agent))}`;
}

/** What is learned from, where that is not everything. */
function selectionText({ suite, earlier, replay }: Selection): string | undefined {
  const { since, exampleIds: only } = suite.settings;
  if (since === undefined && only === undefined) return undefined;
  const { length } = suite.examples.train;
  const when = since === undefined ? "" : ` added since ${since}`;
  return `selection   ${length} of ${length + earlier.length} training examples${when}; the gate asks ${replay.length} of the earlier ones too`;
}

const formOf = (suite: Suite, small: boolean): "principles" | "contrast" =>
  suite.settings.advantage ?? (small ? "contrast" : "principles");

async function dryRun(whole: Suite, runtime: Runtime): Promise<string> {
  const selection = selectExamples(whole);
  const { suite, replay } = selection;
  const selected = selectionText(selection);
  const learner = await openLearner(suite, runtime);
  const form = formOf(suite, learner.small);
  const plan = planTraining(suite, form, replay.length);
  const { rollouts } = plan;
  const { agent, learner: reflecting } = plan.tokens;
  const planned = [
    { model: modelFacts(suite.agent), calls: plan.calls - plan.learnerCalls, tokens: agent },
    { model: learner.facts, calls: plan.learnerCalls, tokens: reflecting },
  ];
  const { minSupport } = suite.settings;
  requireSupportable(suite);
  const redacted = redactionPreview(suite);
  return [
    `config      ${safeLine(suite.path)}`,
    `agent       ${safeLine(nameOf(suite.agent))}, prompt "${safeLine(suite.prompt.label).slice(0, 70)}"`,
    `learner     ${safeLine(learner.id)}, ${form}`,
    `examples    ${plan.examples.train} training, ${plan.examples.validation} validation, ${plan.examples.test} sealed test`,
    ...(selected === undefined ? [] : [selected]),
    `support     ${supportNote(suite) ?? `${minSupport} independent group${minSupport === 1 ? "" : "s"} for each experience`}`,
    ...(redacted === undefined ? [] : [`redaction   ${redacted}`]),
    `rollouts    at most ${rollouts.training} training, ${rollouts.screening} candidates, ${rollouts.validation} validation, ${rollouts.test} test, ${rollouts.ahead} ahead in vain`,
    `calls       at most ${plan.calls} (${plan.learnerCalls} of the learner), graders not counted`,
    `tokens      about ${count(agent.promptTokens + reflecting.promptTokens)} in, ${count(agent.completionTokens + reflecting.completionTokens)} out`,
    `dollars     ${plannedDollars(planned, runtime.prices, suite.settings.maxCostUsd)}`,
    "nothing was called\n",
  ].join("\n");
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
  return (await publishArms(suite, runtime, tests, arms, path)) ? path : undefined;
}
