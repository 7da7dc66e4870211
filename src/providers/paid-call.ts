import type { ProviderResponse } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import { TaskFailed } from "../runs/executor.ts";
import type { CallOutcome } from "../runs/limiter.ts";
import type { Runtime } from "../runs/runtime.ts";
import { redacted } from "../runs/secrets.ts";
import type { Json, Task } from "../runs/task.ts";
import type { CallUsage } from "../runs/usage.ts";

/**
 * One paid call of a promptfoo provider through the run's journal and limiter. A failure that may pass
 * later comes back as `error` and is no result in the journal; one that ends the run stops it.
 */
export async function paidCall(
  runtime: Runtime,
  task: Task,
  call: () => Promise<ProviderResponse>,
): Promise<ProviderResponse> {
  try {
    const result = await runtime.executor.exec(task, async () => {
      if (runtime.onlyRecorded) throw new TaskFailed("this call failed before, and was not made again");
      const outcome = await runtime.limiter.call(task.stage, async () => {
        // The run may have ended while this call waited for its turn.
        runtime.throwIfStopped();
        return toOutcome(await call());
      });
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

function toOutcome(response: ProviderResponse): CallOutcome<Json> {
  const usage = usageOf(response);
  if (response.error !== undefined && response.error !== null) {
    return { ok: false, error: String(response.error), ...(usage.promptTokens > 0 ? { usage } : {}) };
  }
  if (!holdsAnswer(response)) {
    return { ok: false, error: "the model returned an empty reply", usage };
  }
  // What the run uses is what a resumed one will read: neither sees a header or a key. The reply stays as it is.
  const { output, prompt, ...rest } = response;
  const kept = { ...(redacted(plain(rest)) as object), output, ...(prompt === undefined ? {} : { prompt }) };
  return { ok: true, value: plain(kept), usage };
}

/** Of a chat model its output; of graders that are no chat models what `similar`, `classifier`, `moderation` read. */
function holdsAnswer(response: ProviderResponse): boolean {
  const other: Record<string, unknown> = { ...response };
  const answers = [
    other["output"],
    other["embedding"],
    other["similarity"],
    other["classification"],
    other["flags"],
  ];
  return answers.some((one) => one !== undefined && one !== null && one !== "");
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value));

/** Usage as the provider reports it; a cost that it does not report is unknown, not zero. */
export function usageOf(response: ProviderResponse): CallUsage {
  const tokens = response.tokenUsage;
  const cached = response.cached === true;
  return {
    promptTokens: tokens?.prompt ?? 0,
    completionTokens: tokens?.completion ?? 0,
    cachedTokens: tokens?.cached ?? 0,
    costUsd: cached ? 0 : (response.cost ?? null),
  };
}
