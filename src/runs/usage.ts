import type { Stage } from "./task.ts";

/** What one model call used. `costUsd` is null when the price is unknown. */
export interface CallUsage {
  promptTokens: number;
  completionTokens: number;
  /** Of the prompt's, those that the provider had in its own cache. */
  cachedTokens: number;
  costUsd: number | null;
  /** What counts towards a cap in tokens, where the provider tells none: an estimate. */
  budgetTokens?: number;
}

/** What promptfoo's providers report; in a reply from promptfoo's own cache, `cached` is all that it once took. */
interface ToldUsage {
  prompt?: number | null | undefined;
  completion?: number | null | undefined;
  cached?: number | null | undefined;
  completionDetails?: { cacheReadInputTokens?: number | null | undefined } | null | undefined;
}

/** The tokens of a call as its response tells them; what it does not tell is 0. */
export function toldTokens(
  response:
    | { cached?: boolean | null | undefined; tokenUsage?: ToldUsage | null | undefined }
    | null
    | undefined,
): Pick<CallUsage, "promptTokens" | "completionTokens" | "cachedTokens"> {
  const { prompt, completion, cached, completionDetails } = response?.tokenUsage ?? {};
  const promptTokens = prompt ?? 0;
  const read = response?.cached === true ? 0 : (completionDetails?.cacheReadInputTokens ?? cached ?? 0);
  return { promptTokens, completionTokens: completion ?? 0, cachedTokens: Math.min(read, promptTokens) };
}

/** What counts towards a run's caps. */
export interface Spent {
  costUsd: number;
  /** Requests sent. */
  calls: number;
  /** Tokens in and out. */
  tokens: number;
}

/** What a try cost, whether it was answered or gave no result; usage is null where its provider told none. */
export interface PaidTry {
  stage: Stage;
  spent: Spent;
  usage: CallUsage | null;
}

/** What one answered call counts towards the caps; without usage it counts as a call alone. */
export const spentBy = (usage: CallUsage | null | undefined): Spent => ({
  calls: 1,
  costUsd: usage?.costUsd ?? 0,
  tokens: usage?.budgetTokens ?? (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0),
});

/** About four characters a token: a cap in tokens must hold for a provider that tells none. */
export function estimatedTokens(task: unknown, output: unknown): number {
  return Math.ceil((JSON.stringify(task).length + (JSON.stringify(output ?? "") ?? "").length) / 4);
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
