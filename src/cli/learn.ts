import { resolve } from "node:path";
import { readResults } from "../evaluation/results-file.ts";
import { type FinishedRollouts, finishedRollouts } from "../evaluation/results-rollouts.ts";
import { hashText } from "../library/index.ts";
import { redactionPreview } from "../optimizer/run-redaction.ts";
import { requestOf } from "../optimizer/run-request.ts";
import { openTraining, type TrainingRun } from "../optimizer/training-run.ts";
import { hashOf } from "../runs/task.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";
import { inSession } from "./session.ts";
import { type TrainOptions, trainRecorded } from "./train.ts";

export interface LearnOptions extends Omit<TrainOptions, "dryRun"> {
  /** A finished promptfoo results file, relative to the config's folder. */
  results: string;
  /** Label of its column, when there are several. */
  column?: string;
}

/** `learn --results`: one step of training whose rollouts are in a finished results file. */
export async function learnCommand(options: LearnOptions): Promise<number> {
  const config = options.config === undefined ? undefined : resolve(options.config);
  let found: FinishedRollouts | undefined;
  const load = async (flags: LearnOptions["flags"]) => {
    const whole = await loadSuite(config, flags);
    const file = await readResults(options.results);
    found = finishedRollouts(file, whole.examples.train, options.column);
    return onlyThese(whole, found);
  };
  const { suite, request } = await requestOf("learn", options.flags, options, load);
  return inSession(suite, options.display, async (session) => {
    const run = await openTraining(suite, session.runtime);
    const { byExample: finished = new Map() } = found ?? {};
    for (const text of found === undefined ? [] : await notesOn(run, found))
      session.runtime.emit({ type: "note", text });
    const rollouts = hashOf([...finished]);
    return trainRecorded({ ...run, finished }, { ...request, rollouts }, session, options);
  });
}

/** One step over the examples that have rollouts. */
function onlyThese(suite: Suite, { byExample }: FinishedRollouts): Suite {
  const train = suite.examples.train.filter((one) => byExample.has(one.id));
  return {
    ...suite,
    examples: { ...suite.examples, train },
    // These texts come from elsewhere: what nobody has looked through is not sent on as it is.
    settings: {
      ...suite.settings,
      epochs: 1,
      batchSize: train.length,
      redact: suite.settings.redact ?? true,
    },
  };
}

async function notesOn(
  { store, suite }: TrainingRun,
  { column, byExample, others, libraries }: FinishedRollouts,
): Promise<string[]> {
  const rollouts = [...byExample.values()].flat().length;
  const { document, hash } = await store.load();
  const current = document.experiences.length === 0 ? null : (hash ?? hashText(document.source));
  const redacted = redactionPreview(suite, byExample);
  const foreign = libraries.filter((one) => one !== undefined && one !== current);
  return [
    `learns from ${rollouts} rollouts of ${byExample.size} training examples, column "${column}"; ${others} rows of other tests are left alone`,
    ...(redacted === undefined ? [] : [`redacts ${redacted}, before the learner reads them`]),
    ...(foreign.length === 0
      ? []
      : [
          "the rollouts were made with another library than the current one, so some of what they show may be mended already",
        ]),
  ];
}
