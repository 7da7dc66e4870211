import { setImmediate as turn } from "node:timers/promises";
import { type InclusionRow, inclusionPlan } from "../evaluation/attribution.ts";
import { rollOne } from "../evaluation/roll.ts";
import type { Injection } from "../providers/experience-agent.ts";
import type { Phase } from "../runs/events.ts";
import { seededRandom } from "../runs/random.ts";
import type { Runtime } from "../runs/runtime.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";

/** Rollouts of an example in a round: a unit that one has, the other lacks. */
export const REPEATS = 2;

/** What is known of the units so far. */
export interface Standing {
  /** Those that are still to be tested: each is in a random half of the next round's rollouts. */
  open: readonly string[];
  /** Of the others, those that every rollout has; the rest are left out. */
  present: readonly string[];
}

/** Units (experiences, operations on a library) that a rollout's prompt has or lacks. */
export interface InclusionTest {
  phase: Phase;
  /** Names the rollouts, so that another test's are other ones. */
  draw: string;
  rounds: number;
  examples: readonly SuiteExample[];
  /** Of the rollouts; undefined leaves the agent's own. */
  temperature?: number;
  /** Before the first round. */
  start: Standing;
  /** What is compared; null is ungraded. */
  rewardOf(rollout: Rollout): number | null;
  injectionWith(included: ReadonlySet<string>): Injection;
  /** After each round, from all its rollouts and those before. */
  judge(rows: readonly InclusionRow[]): Standing;
}

/**
 * Rolls out the examples with and without the units, in rounds: what is found stays in or out for the next one,
 * where the effects that are still open show best. Ungraded rollouts say nothing and are left out.
 */
export async function inclusionRounds(suite: Suite, runtime: Runtime, test: InclusionTest): Promise<void> {
  const rows: InclusionRow[] = [];
  let standing = test.start;
  for (let round = 1; round <= test.rounds && standing.open.length > 0; round++) {
    rows.push(...(await rowsOfRound(suite, runtime, test, standing, round)));
    standing = test.judge(rows);
  }
}

async function rowsOfRound(
  suite: Suite,
  runtime: Runtime,
  { phase, examples, temperature, injectionWith, rewardOf, ...test }: InclusionTest,
  { open, present }: Standing,
  round: number,
): Promise<InclusionRow[]> {
  const draw = `${test.draw} round ${round}`;
  runtime.emit({ type: "phase-planned", phase, total: examples.length * REPEATS });
  let prepared = Promise.resolve();
  const rows = await Promise.all(
    examples.map(async (example): Promise<InclusionRow[]> => {
      // Libraries are made while the first calls are under way, not all before them.
      prepared = prepared.then(() => turn());
      await prepared;
      const random = seededRandom(suite.settings.seed, draw, example.id);
      const plan = inclusionPlan(open, REPEATS, 0.5, random).map((drawn) => drawn.union(new Set(present)));
      const sampling = { injection: plan.map(injectionWith), repeats: REPEATS, draw, temperature };
      const rollouts = await rollOne(runtime, { suite, sampling }, phase, example);
      return rollouts.flatMap((rollout) => {
        const included = plan[rollout.repeat];
        const reward = rewardOf(rollout);
        return reward === null || included === undefined ? [] : [{ group: example.id, reward, included }];
      });
    }),
  );
  runtime.throwIfStopped();
  return rows.flat();
}
