import { readResults } from "../evaluation/results-file.ts";
import { type FinishedRollouts, finishedRollouts } from "../evaluation/results-rollouts.ts";
import { hashText } from "../library/index.ts";
import { train } from "../optimizer/train.ts";
import { openTraining, type TrainingRun } from "../optimizer/training-run.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";
import { inSession } from "./session.ts";
import { finishTraining, type TrainOptions } from "./train.ts";

export interface LearnOptions extends Omit<TrainOptions, "dryRun"> {
  /** A finished promptfoo results file, relative to the config's folder. */
  results: string;
  /** Label of its column, when there are several. */
  column?: string;
}

/** `learn --results`: one step of training whose rollouts are in a finished results file. */
export async function learnCommand(options: LearnOptions): Promise<number> {
  const whole = await loadSuite(options.config, options.flags);
  const file = await readResults(options.results);
  const found = finishedRollouts(file, whole.examples.train, options.column);
  const suite = onlyThese(whole, found);
  return inSession(suite, options.display, async (session) => {
    const run = { ...(await openTraining(suite, session.runtime)), finished: found.byExample };
    for (const text of notesOn(run, found)) session.runtime.emit({ type: "note", text });
    return finishTraining(run, await train(run), session, options);
  });
}

/** One step over the examples that have rollouts. */
function onlyThese(suite: Suite, { byExample }: FinishedRollouts): Suite {
  const train = suite.examples.train.filter((one) => byExample.has(one.id));
  return {
    ...suite,
    examples: { ...suite.examples, train },
    settings: { ...suite.settings, epochs: 1, batchSize: train.length },
  };
}

function notesOn(
  { store }: TrainingRun,
  { column, byExample, others, libraries }: FinishedRollouts,
): string[] {
  const rollouts = [...byExample.values()].flat().length;
  const { document, hash } = store.load();
  const current = document.experiences.length === 0 ? null : (hash ?? hashText(document.source));
  const foreign = libraries.filter((one) => one !== undefined && one !== current);
  return [
    `learns from ${rollouts} rollouts of ${byExample.size} training examples, column "${column}"; ${others} rows of other tests are left alone`,
    ...(foreign.length === 0
      ? []
      : [
          "the rollouts were made with another library than the current one, so some of what they show may be mended already",
        ]),
  ];
}
