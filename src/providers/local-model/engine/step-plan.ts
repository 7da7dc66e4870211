/** A slot's next tokens in one forward pass: `idle` slots only take part. */
export interface StepPart {
  slot: number;
  tokens: number;
  idle: boolean;
}

export interface StepInput {
  slot: number;
  /** Prompt tokens still to be read; 0 for an answer that is being written. */
  remaining: number;
}

/** Prompt tokens of one step, over all slots. */
const promptTokensPerStep = 448;
/** What a pass of its own for prompts costs, as a share of the pass that carries all answers. */
const extraPassCost = 0.6;
/** Up to this many idle slots are cheaper to carry along than a second pass. */
const bridgeableGap = 12;

/**
 * Cuts one step so that llama.cpp computes it in as few passes as possible. It splits a batch wherever sequence
 * numbers are not consecutive, and wherever sequences bring unequal numbers of tokens; a pass costs nearly the same
 * for one token as for sixteen. Hence: slots in order, gaps bridged, all prompts read by the same number of tokens.
 */
export function planStep(inputs: readonly StepInput[]): StepPart[] {
  const sorted = inputs.toSorted((a, b) => a.slot - b.slot);
  const reading = sorted.filter(({ remaining }) => remaining > 0).map(({ remaining }) => remaining);
  const shared = Math.min(
    ...reading,
    Math.max(1, Math.floor(promptTokensPerStep / Math.max(1, reading.length))),
  );
  // Token by token beside the answers, prompts need no pass of their own; their slots write that much later.
  const slotsIdled = (shared * reading.length) / sorted.length;
  const chunk = reading.length < sorted.length && slotsIdled < extraPassCost ? 1 : shared;
  const parts: StepPart[] = [];
  for (const { slot, remaining } of sorted) {
    const last = parts.at(-1);
    const gap = last === undefined ? 0 : slot - last.slot - 1;
    if (gap <= bridgeableGap) {
      for (let idle = slot - gap; idle < slot; idle++) parts.push({ slot: idle, tokens: 1, idle: true });
    }
    parts.push({ slot, tokens: remaining > 0 ? Math.min(chunk, remaining) : 1, idle: false });
  }
  return parts;
}
