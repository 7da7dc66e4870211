import type { CallApiOptionsParams, ProviderResponse } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import { TaskFailed } from "../runs/executor.ts";
import type { Runtime } from "../runs/runtime.ts";
import type { Task } from "../runs/task.ts";
import type { ModelFacts } from "./model-facts.ts";
import { outcomeOf } from "./outcome.ts";

/**
 * One paid call of a promptfoo provider through the run's journal and limiter. A failure that may pass
 * later comes back as `error` and is no result in the journal; one that ends the run stops it.
 */
export async function paidCall(
  runtime: Runtime,
  model: ModelFacts,
  task: Task,
  call: (signal: AbortSignal) => Promise<ProviderResponse>,
): Promise<ProviderResponse> {
  try {
    const result = await runtime.exec(task, async () => {
      if (runtime.onlyRecorded) throw new TaskFailed("this call failed before, and was not made again");
      runtime.prices.requireKnown(model);
      const outcome = await runtime.limiter.call(
        task.stage,
        async (signal) => {
          // The run may have ended while this call waited for its turn.
          runtime.throwIfStopped();
          return outcomeOf(await call(signal), task, model, runtime.prices);
        },
        calleeOf(runtime, model),
      );
      if (!outcome.ok) throw new TaskFailed(outcome.error);
      return outcome.value;
    });
    // What was journalled is what a provider returned, so it has a response's shape.
    return result as unknown as ProviderResponse;
  } catch (error) {
    if (error instanceof TaskFailed) return { error: error.message };
    if (error instanceof GrpoError) runtime.stop(error);
    throw error;
  }
}

/** A provider's call options under which `signal` cancels the call as well. */
export function cancelledBy(
  signal: AbortSignal,
  options: CallApiOptionsParams | undefined,
): CallApiOptionsParams {
  const other = options?.abortSignal;
  return { ...options, abortSignal: other === undefined ? signal : AbortSignal.any([other, signal]) };
}

/** A deadline that the settings state holds for every model. */
function calleeOf({ callTimeoutMs, hedge }: Runtime, { key, id, local, timeoutMs }: ModelFacts) {
  const ms = callTimeoutMs ?? timeoutMs;
  // A model on this machine queues its calls: a second one would only wait behind the first.
  return { key, model: id, hedge: hedge && !local, ...(ms === undefined ? {} : { timeoutMs: ms }) };
}
