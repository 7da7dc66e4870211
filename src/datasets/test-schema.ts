import { z } from "zod";

const record = z.record(z.string(), z.unknown());

/** An empty YAML key (`vars:`) is null, and means what a missing one does. */
export const promptfooTestSchema = z.looseObject({
  description: z.string().nullish(),
  vars: record.nullish(),
  metadata: record.nullish(),
  options: record.nullish(),
  assert: z.array(z.looseObject({ type: z.string() })).nullish(),
});

/**
 * What of a promptfoo test the loop reads, once it is loaded: its variables and assertions are here, not in another
 * file. Everything else in it passes through untouched.
 */
export interface PromptfooTest {
  description?: string | null | undefined;
  vars?: Record<string, unknown> | null | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  options?: object | null | undefined;
  assert?: readonly { type: string }[] | null | undefined;
}
