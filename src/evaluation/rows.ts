import type { Rollout } from "../suite/rollout.ts";
import type { PairedExample } from "./arms.ts";
import type { RowCounts, RowProblem } from "./report.ts";

/** What became of the planned rows of one arm; planned rows that have no rollout at all are missing. */
export function countRows(rollouts: readonly Rollout[], planned: number, duplicates: number): RowCounts {
  const counts: RowCounts = {
    planned,
    graded: 0,
    ungraded: 0,
    errored: 0,
    missing: Math.max(0, planned - rollouts.length),
    "out-of-range": 0,
    duplicate: duplicates,
  };
  for (const one of rollouts) counts[one.problem ?? "graded"] += 1;
  return counts;
}

/** Every planned row of one arm that has no reward, with its reason, in the order of the pairs. */
export function problemsOf(
  arm: string,
  pairs: readonly PairedExample[],
  side: "baseline" | "enhanced",
): RowProblem[] {
  return pairs.flatMap((pair) =>
    pair[side].flatMap(({ problem, ungraded, repeat }) =>
      problem === undefined
        ? []
        : [{ arm, test: pair.id, repeat, kind: problem, reason: ungraded ?? problem }],
    ),
  );
}
