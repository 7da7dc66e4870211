import { type Headroom, headroom, varianceComponents } from "../evaluation/power.ts";
import { readResults } from "../evaluation/results-file.ts";
import { pairResults } from "../evaluation/results-pairs.ts";
import { rollExamples } from "../evaluation/roll.ts";
import { baselineSampling } from "../evaluation/sampling.ts";
import { safeLine } from "../library/index.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";
import type { EvaluatedSplit } from "./evaluate.ts";
import { evaluationPlan, powerPlan } from "./evaluation-plan.ts";
import { print } from "./output.ts";
import { inSession } from "./session.ts";

export interface PlanOptions {
  config?: string;
  /** Default: `test`; of results that of their tests. */
  split?: EvaluatedSplit;
  repeats?: number;
  /** Roll out the training split, to see how much there is to learn. */
  headroom?: boolean;
  results?: readonly string[];
  display?: string;
  flags: Partial<SettingsInput>;
}

const NOTHING = "nothing was called\n";

/** `plan`: what an evaluation costs and can show. Calls nothing but with `headroom`. */
export async function planCommand(options: PlanOptions): Promise<number> {
  if (options.results !== undefined) {
    print(await planFromResults(options.results, options));
    return 0;
  }
  const suite = await loadSuite(options.config, options.flags, options.headroom === true ? ["train"] : []);
  const { split = "test" } = options;
  const tests = split === "all" ? Object.values(suite.examples).flat().length : suite.examples[split].length;
  print(evaluationPlan(suite, tests, options.repeats ?? suite.settings.testRepeats));
  print(options.headroom === true ? await measureHeadroom(suite, options.display) : NOTHING);
  return 0;
}

/** From finished results: the noise as it is, and how much there was to learn in the baseline. */
async function planFromResults(
  paths: readonly string[],
  { split, repeats }: Pick<PlanOptions, "split" | "repeats">,
): Promise<string> {
  const files = [];
  for (const path of paths) files.push(await readResults(path));
  const paired = pairResults(files, split === undefined ? {} : { split });
  const rewards = paired.pairs.map((pair) => ({
    baseline: pair.baseline.flatMap((one) => one.headline ?? []),
    enhanced: pair.enhanced.flatMap((one) => one.headline ?? []),
  }));
  const room = headroom(paired.pairs.map((pair) => pair.baseline.map((one) => one.headline)));
  return [
    `results     ${safeLine(paths.join(", "))}: ${paired.pairs.length} tests x ${paired.repeats}`,
    powerPlan(paired.pairs.length, repeats ?? paired.repeats, varianceComponents(rewards) ?? undefined),
    headroomLines(room, paired.repeats),
    NOTHING,
  ].join("\n");
}

/** Training examples only: the sealed test is not looked at to plan. */
async function measureHeadroom(suite: Suite, display: string | undefined): Promise<string> {
  const { groupSize, temperature } = suite.settings;
  const sampling = { ...baselineSampling("headroom", groupSize), temperature };
  return inSession(suite, display, async ({ runtime, closeDisplay }) => {
    const groups = await rollExamples(
      runtime,
      { suite, sampling },
      "evaluation",
      suite.examples.train,
      (_, rollouts) => rollouts.map(({ headline }) => headline),
    );
    runtime.throwIfStopped();
    closeDisplay();
    return `${headroomLines(headroom(groups), groupSize)}\n`;
  });
}

function headroomLines(room: Headroom | null, repeats: number): string {
  if (room === null) return "headroom    unknown: no rollout is graded";
  const { groups, mean, best, gap, mixed, solved } = room;
  const lines = [
    `headroom    mean@1 ${mean.toFixed(2)}, best of ${repeats} ${best.toFixed(2)} on ${groups} tests: choosing well among the agent's own replies gains ${gap.toFixed(2)}`,
    `            ${mixed} tests have replies that differ, ${solved} are always solved, ${groups - mixed - solved} never differ`,
  ];
  if (repeats < 2)
    lines.push("            one repeat tells nothing of that: use --repeats 5, or a larger group size");
  else if (mixed === 0 && solved === groups)
    lines.push("            there is nothing to learn: every reply is right");
  return lines.join("\n");
}
