import type { Stage } from "./task.ts";

/** What one model call used. `costUsd` is null when the price is unknown. */
export interface CallUsage {
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  costUsd: number | null;
  /** What counts towards a cap in tokens, where the provider tells none: an estimate. */
  budgetTokens?: number;
}

/** Totals over calls; `unpriced` counts calls whose price was unknown. */
export interface UsageTotals {
  calls: number;
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  costUsd: number;
  unpriced: number;
}

const zero = (): UsageTotals => ({
  calls: 0,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  costUsd: 0,
  unpriced: 0,
});

/** Counts every paid call of a run once, by stage. */
export class UsageMeter {
  readonly #byStage = new Map<Stage, UsageTotals>();

  add(stage: Stage, usage: CallUsage): void {
    const totals = this.#byStage.get(stage) ?? zero();
    const { promptTokens, completionTokens, cachedTokens } = usage;
    addTo(totals, {
      promptTokens,
      completionTokens,
      cachedTokens,
      calls: 1,
      costUsd: usage.costUsd ?? 0,
      unpriced: usage.costUsd === null ? 1 : 0,
    });
    this.#byStage.set(stage, totals);
  }

  byStage(): Partial<Record<Stage, UsageTotals>> {
    return Object.fromEntries([...this.#byStage].map(([stage, totals]) => [stage, { ...totals }]));
  }

  total(): UsageTotals {
    const sum = zero();
    for (const totals of this.#byStage.values()) addTo(sum, totals);
    return sum;
  }
}

function addTo(sum: UsageTotals, part: UsageTotals): void {
  sum.calls += part.calls;
  sum.promptTokens += part.promptTokens;
  sum.completionTokens += part.completionTokens;
  sum.cachedTokens += part.cachedTokens;
  sum.costUsd += part.costUsd;
  sum.unpriced += part.unpriced;
}
