import { basename } from "node:path";
import type { Split } from "../datasets/split.ts";
import { parseArms } from "../evaluation/arm-spec.ts";
import type { PairedExample } from "../evaluation/arms.ts";
import { type Cluster, evaluationReport } from "../evaluation/evaluation.ts";
import { factsOf, type LiveArm, openArm } from "../evaluation/live-arms.ts";
import type { EvaluationReport } from "../evaluation/report.ts";
import { ownExamples, rollPairs } from "../evaluation/roll.ts";
import { problemsOf } from "../evaluation/rows.ts";
import { errorCode } from "../library/files.ts";
import type { LibraryStore } from "../library/index.ts";
import { libraryStoreOf } from "../suite/library-store.ts";
import { type Arm, publishArms } from "../suite/rollouts.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { loadSuite, type Suite, type SuiteExample } from "../suite/suite.ts";
import { evaluationPlan } from "./evaluation-plan.ts";
import { print } from "./output.ts";
import { presentReport } from "./present-report.ts";
import { inSession, type Session } from "./session.ts";

export type EvaluatedSplit = EvaluationReport["split"];

export interface EvaluateOptions {
  kind: "eval" | "gate";
  config?: string;
  /** Two arms, as `parseArms` reads them. */
  arms: string;
  /** What reports call them, in place of what `arms` says. */
  names?: [string, string];
  split: EvaluatedSplit;
  repeats?: number;
  cluster?: Cluster;
  /** Accept what is no worse than this much. */
  margin?: number;
  dryRun?: boolean;
  display?: string;
  json?: boolean;
  /** Folder for the reports, relative to the config's folder. */
  output?: string;
  flags: Partial<SettingsInput>;
}

/**
 * `eval` and `gate`: two arms rolled out on one split and compared.
 * @returns the exit code: for `gate` 0 proven (or no worse), 1 worse, 2 not proven; for `eval` 0
 */
export async function evaluateCommand(options: EvaluateOptions): Promise<number> {
  const specs = namedArms(options);
  const suite = await loadSuite(
    options.config,
    { ...options.flags, ...choiceOf(specs[0]) },
    neededFor(options),
  );
  const store = libraryStoreOf(suite.settings);
  const { kind, split } = options;
  const repeats = options.repeats ?? suite.settings.testRepeats;
  const examples = examplesOf(suite, split);
  const suiteFor = suitesFor(suite, options, choiceOf(specs[0]));
  const open = { store, split, repeats, suiteFor };
  const arms = [await openArm(specs[0], open), await openArm(specs[1], open)] as const;
  // Before anything is paid for: a history that cannot be read stops the run.
  const looks = split === "test" || split === "all" ? (await store.looks()).length : null;
  for (const arm of arms) ownExamples(arm.rolled, examples);
  if (options.dryRun === true) {
    print(`${evaluationPlan(suite, examples.length, repeats)}nothing was called\n`);
    return 0;
  }
  return inSession(suite, options.display, async (session) => {
    const pairs = await rollBoth(session, examples, arms);
    const planned = examples.length * repeats;
    const [before, after] = arms;
    const live = { pairs, planned, prices: session.runtime.prices };
    const report = evaluationReport({
      kind,
      config: basename(suite.path),
      split,
      repeats,
      seed: suite.settings.seed,
      pairs,
      arms: [
        factsOf(before, { ...live, other: after, side: "baseline" }),
        factsOf(after, { ...live, other: before, side: "enhanced" }),
      ],
      problems: [
        ...problemsOf(before.label, pairs, "baseline"),
        ...problemsOf(after.label, pairs, "enhanced"),
      ],
      cluster: options.cluster,
      margin: options.margin,
      looks,
      elapsedMs: session.elapsedMs(),
    });
    if (looks !== null) await recordLook(session, store, report);
    await publish(session, examples, arms);
    session.closeDisplay();
    await presentReport(report, options);
    return kind === "gate" ? report.exitCode : 0;
  });
}

function namedArms({ arms, names }: EvaluateOptions): ReturnType<typeof parseArms> {
  const [before, after] = parseArms(arms);
  if (names === undefined) return [before, after];
  return [
    { ...before, label: names[0] },
    { ...after, label: names[1] },
  ];
}

async function rollBoth(
  { runtime }: Session,
  examples: readonly SuiteExample[],
  [before, after]: readonly [LiveArm, LiveArm],
): Promise<PairedExample[]> {
  const pairs = await rollPairs(runtime, "evaluation", examples, [before.rolled, after.rolled]);
  runtime.throwIfStopped();
  runtime.emit({ type: "phase-done", phase: "evaluation", note: `${before.label}, ${after.label}` });
  return pairs;
}

/** Both columns for `promptfoo view`, where both arms ask the same agent with the same prompt. */
async function publish(
  { runtime }: Session,
  examples: readonly SuiteExample[],
  [before, after]: readonly [LiveArm, LiveArm],
): Promise<void> {
  const { suite } = before.rolled;
  if (after.rolled.suite !== suite) return;
  // A column of promptfoo's has one library for all its tests.
  if ([before, after].some((arm) => typeof arm.rolled.sampling.injection === "function")) return;
  const columns = [before, after].map((arm): Arm => ({ label: arm.label, sampling: arm.rolled.sampling }));
  await publishArms(suite, runtime, examples, columns);
}

/** CI often has a checkout that cannot be written to: the verdict stands without its line in the history. */
async function recordLook(
  { runtime }: Session,
  store: LibraryStore,
  report: EvaluationReport,
): Promise<void> {
  const { library } = report.arms[1];
  try {
    await store.recordLook({
      by: report.kind,
      hash: library?.hash ?? null,
      version: library?.version ?? 0,
      tests: report.tests.length,
      verdict: report.verdict,
    });
  } catch (cause) {
    // A failed system call or an error of ours; both are Errors with a code.
    if (!(cause instanceof Error) || errorCode(cause) === undefined) throw cause;
    runtime.emit({
      type: "note",
      text: `this look at the sealed test is not in the history: ${cause.message}`,
    });
  }
}

/** Nothing is trained, so no other split has to be there. */
const neededFor = ({ split }: EvaluateOptions): Split[] => (split === "all" ? [] : [split]);

function examplesOf({ examples }: Suite, split: EvaluatedSplit): SuiteExample[] {
  const { train, validation, test } = examples;
  return split === "all" ? [...train, ...validation, ...test] : examples[split];
}

type Choice = { provider?: string; prompt?: string };

const choiceOf = ({ provider, prompt }: Choice): Choice => ({
  ...(provider === undefined ? {} : { provider }),
  ...(prompt === undefined ? {} : { prompt }),
});

/** The config resolved for each provider and prompt that an arm names; once for each. */
function suitesFor(first: Suite, options: EvaluateOptions, choice: Choice): (of: Choice) => Promise<Suite> {
  const known = new Map([[JSON.stringify(choiceOf(choice)), Promise.resolve(first)]]);
  return (of) => {
    const key = JSON.stringify(choiceOf(of));
    const suite =
      known.get(key) ?? loadSuite(first.path, { ...options.flags, ...choiceOf(of) }, neededFor(options));
    known.set(key, suite);
    return suite;
  };
}
