import type { Stage } from "./task.ts";
import type { UsageTotals } from "./usage.ts";

/** Where a run is: the loop's stages in the order in which they are met. */
export type Phase =
  | "baseline"
  | "rollouts"
  | "advantages"
  | "candidates"
  | "refinement"
  | "experiences"
  | "validation"
  | "replay"
  | "test"
  | "evaluation"
  | "conversations";

/** What happens in a run, for displays and reports. Counts are rollouts unless the field says otherwise. */
export type RunEvent =
  | { type: "call"; stage: Stage; usage: UsageTotals }
  | { type: "phase-planned"; phase: Phase; total: number }
  | { type: "phase-progress"; phase: Phase; done: number; ungraded: number }
  | { type: "phase-done"; phase: Phase; note: string }
  | { type: "step"; epoch: number; epochs: number; step: number; steps: number }
  | { type: "note"; text: string };

export type EventSink = (event: RunEvent) => void;
