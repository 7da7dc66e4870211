import { z } from "zod";
import type { Json } from "./task.ts";
import type { CallUsage } from "./usage.ts";

/** What is read of a journalled response; a cost that it does not state is unknown, not zero. */
const Paid = z
  .looseObject({
    tokenUsage: z
      .looseObject({
        prompt: z.number().default(0),
        completion: z.number().default(0),
        cached: z.number().default(0),
      })
      .prefault({}),
    cost: z.number().nullish(),
    cached: z.boolean().nullish(),
  })
  .catch({ tokenUsage: { prompt: 0, completion: 0, cached: 0 } });

/** What a journalled result cost when it was paid for. */
export function paidFor(result: Json): CallUsage {
  const { tokenUsage, cost, cached } = Paid.parse(result);
  return {
    promptTokens: tokenUsage.prompt,
    completionTokens: tokenUsage.completion,
    cachedTokens: tokenUsage.cached,
    costUsd: cached === true ? 0 : (cost ?? null),
  };
}
