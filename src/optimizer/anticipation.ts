import { hopeless } from "../evaluation/gate.ts";
import { pairOf } from "../evaluation/roll.ts";
import { baselineSampling, evaluationSampling } from "../evaluation/sampling.ts";
import { withVersion } from "../library/document.ts";
import type { LibraryDocument } from "../library/index.ts";
import { modelFacts } from "../providers/model-facts.ts";
import type { Runtime } from "../runs/runtime.ts";
import { rolloutGroup, type Sampling } from "../suite/rollouts.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import { wordingOf } from "./record.ts";
import type { TrainingRun } from "./training-run.ts";

/** Groups that a run will want: which examples, and how they are sampled. */
export interface Wanted {
  examples: readonly SuiteExample[];
  sampling: Sampling;
}

/** What comes after a candidate's validation if it is accepted, the most urgent first. */
export type After = (library: LibraryDocument) => readonly Wanted[];

/**
 * A step is a chain of calls that wait for each other, so places stand empty at its end. They are given to what the
 * run goes on with if things turn out as they look: whoever needs those rollouts finds them in the journal. Nothing
 * is decided here and no result depends on it; what was asked in vain is paid for, so it is bounded (`mostAhead`).
 */
export class Anticipation {
  readonly #run: TrainingRun;
  readonly #library: LibraryDocument;
  readonly #after: After;
  #left: number;
  #hopeless: Promise<boolean> | undefined;
  #expected: string | undefined;
  #drops: (() => void)[] = [];
  #wholly = false;

  /** @param library the current one, which a candidate has to beat */
  constructor(run: TrainingRun, library: LibraryDocument, after: After) {
    this.#run = run;
    this.#library = library;
    this.#left = mostAhead(run.suite);
    this.#after = after;
  }

  /** This candidate looks as if it would reach the gate; another one that did so is given up. */
  validation(candidate: LibraryDocument): void {
    const wording = wordingOf(candidate);
    if (wording === this.#expected) return;
    this.giveUp();
    this.#expected = wording;
    this.#ask([validationOf(this.#run, candidate)]);
  }

  /** This candidate looks as if it would be the next library. */
  acceptance(candidate: LibraryDocument): void {
    this.validation(candidate);
    if (this.#wholly) return;
    this.#wholly = true;
    // As it will be read once it is accepted, so that what was scored need not be scored again.
    this.#ask(this.#after(withVersion(candidate, candidate.version + 1)));
  }

  /** What has not begun for the candidate never will. */
  giveUp(): void {
    for (const drop of this.#drops.splice(0)) drop();
    this.#expected = undefined;
    this.#wholly = false;
  }

  #ask(wanted: readonly Wanted[]): void {
    const isWorthwhile = async (asking: Runtime, calls: number): Promise<boolean> => {
      if ((await this.#isHopeless(asking)) || calls > this.#left) return false;
      this.#left -= calls;
      return true;
    };
    this.#drops.push(askAhead(this.#run, wanted, isWorthwhile));
  }

  /** Whether no candidate can be accepted: the gate asks nothing of it then, and neither does anybody ahead of it. */
  #isHopeless(asking: Runtime): Promise<boolean> {
    const { suite } = this.#run;
    const { examples, sampling } = validationOf(this.#run, this.#library);
    this.#hopeless ??= Promise.all(
      examples.map(async (one) => pairOf(one, await rolloutGroup(suite, asking, one, sampling), [])),
    ).then((pairs) => hopeless([], pairs));
    return this.#hopeless;
  }
}

/**
 * What will be compared with whatever is learned: the current library on validation, and the agent as it is on the
 * sealed test. Under a cap the test waits for its turn, so that what is left goes to learning.
 */
export function anticipateBaselines(run: TrainingRun, library: LibraryDocument): void {
  askAhead(run, [validationOf(run, library), ...(run.runtime.capped ? [] : [testBaselineOf(run)])]);
}

/** @param isWorthwhile is asked before each group @returns drops what has not begun */
function askAhead(
  run: TrainingRun,
  wanted: readonly Wanted[],
  isWorthwhile: (asking: Runtime, calls: number) => Promise<boolean> = async () => true,
): () => void {
  const { suite, runtime } = run;
  if (mostAhead(suite) === 0) return () => {};
  const groups = wanted.flatMap(({ examples, sampling }) =>
    examples.map((example) => ({
      calls: sampling.repeats,
      work: async (asking: Runtime) => {
        if (await isWorthwhile(asking, sampling.repeats))
          await rolloutGroup(suite, asking, example, sampling);
      },
    })),
  );
  return runtime.ahead(groups);
}

/** Calls for candidates that a step makes ahead at most: two waves. */
export function mostAhead({ settings, agent }: Suite): number {
  // A model on this machine has no empty places: its calls share the same processor.
  const isOff = !settings.ahead || settings.schedule === "plain" || modelFacts(agent).local;
  return isOff ? 0 : 2 * settings.concurrency;
}

/** The sealed test under both arms. Nobody looks at the answers before the test itself. */
export function sealedTestOf(run: TrainingRun, library: LibraryDocument): Wanted[] {
  const sampling = evaluationSampling(library, "test", run.suite.settings.testRepeats);
  return [{ examples: sealedExamples(run), sampling }, testBaselineOf(run)];
}

const testBaselineOf = (run: TrainingRun): Wanted => ({
  examples: sealedExamples(run),
  sampling: baselineSampling("test", run.suite.settings.testRepeats),
});

const sealedExamples = ({ suite: { examples }, sealedTest }: TrainingRun): readonly SuiteExample[] =>
  sealedTest === false ? [] : examples.test;

const validationOf = ({ suite }: TrainingRun, library: LibraryDocument): Wanted => ({
  examples: suite.examples.validation,
  sampling: evaluationSampling(library, "validation", suite.settings.validationRepeats),
});
