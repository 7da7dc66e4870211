/** Turns of the microtask queue within which a sequence has put its tokens into the binding's batch. */
const turnsToQueue = 60;

/**
 * Holds back the binding's batch until all sequences of a step are in it, one after the other. In which order they
 * are decides how often llama.cpp splits the batch (see planStep); by themselves they come as their promises do.
 */
export class OrderedBatch {
  #gathering = false;
  #dispatch: (() => void) | undefined;

  /** The binding has tokens to evaluate and asks when: at the end of the step, else in the next tick. */
  schedule(dispatch: () => void): void {
    if (this.#gathering) this.#dispatch = dispatch;
    else setImmediate(dispatch);
  }

  async run(works: readonly (() => Promise<void>)[]): Promise<void> {
    this.#gathering = true;
    const running: Promise<void>[] = [];
    for (const work of works) {
      running.push(work());
      for (let turn = 0; turn < turnsToQueue; turn++) await null;
    }
    this.#gathering = false;
    this.#dispatch?.();
    this.#dispatch = undefined;
    await Promise.all(running);
  }
}
