import { z } from "zod";
import type { Json, Stage } from "./task.ts";
import { estimatedTokens, type PaidTry, spentBy, toldTokens } from "./usage.ts";

/** What is read of a journalled response; a cost that it does not state is unknown, not zero. */
const Paid = z
  .looseObject({
    tokenUsage: z
      .looseObject({
        prompt: z.number().default(0),
        completion: z.number().default(0),
        cached: z.number().nullish(),
        total: z.number().optional(),
        completionDetails: z.looseObject({ cacheReadInputTokens: z.number().nullish() }).nullish(),
      })
      .optional(),
    cost: z.number().nullish(),
    cached: z.boolean().nullish(),
    output: z.unknown().optional(),
  })
  .catch({});

/** What a journalled result cost when it was paid for. */
export function paidFor(stage: Stage, task: Json, result: Json): PaidTry {
  const response = Paid.parse(result);
  const { tokenUsage: told, cost, cached, output } = response;
  const usage = { ...toldTokens(response), costUsd: cached === true ? 0 : (cost ?? null) };
  const silent = usage.promptTokens + usage.completionTokens + (told?.total ?? 0) === 0;
  const budgetTokens = silent ? estimatedTokens(task, output) : undefined;
  return {
    stage,
    spent: spentBy({ ...usage, ...(budgetTokens === undefined ? {} : { budgetTokens }) }),
    usage,
  };
}

const Tokens = z.number().nonnegative();
const Lost = z.object({
  spent: z.object({ costUsd: z.number(), calls: z.number(), tokens: z.number() }),
  usage: z
    .object({
      promptTokens: Tokens,
      completionTokens: Tokens,
      cachedTokens: Tokens,
      costUsd: z.number().nullable(),
    })
    .nullable(),
}) satisfies z.ZodType<Omit<PaidTry, "stage">>;

/** A try as the journal keeps it. @throws z.ZodError */
export const lostTry = (stage: Stage, text: string): PaidTry => ({ stage, ...Lost.parse(JSON.parse(text)) });
