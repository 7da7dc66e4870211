import { createHash } from "node:crypto";
import { z } from "zod";
import { GrpoError } from "./error.ts";

/** Versions under comparison and their shares: `{ v6: 0.5, v7: 0.5 }`, positive, any sum. */
const SharesSchema = z
  .record(z.string().regex(/^v[1-9]\d{0,8}$/, "name versions as v6"), z.number().positive().finite())
  .refine((shares) => Object.keys(shares).length >= 2, "name two versions or more");

/** One version under comparison. */
export interface AssignedArm {
  /** As it was written: `v6`. */
  arm: string;
  version: number;
}

/** What to log with a conversation, so that versions can be compared later. */
export const ServingRecordSchema = z.strictObject({
  conversation: z.string().min(1),
  agent: z.string().min(1),
  /** The route that the conversation took. */
  route: z.string().min(1),
  /** Of the library that is compared: the common one, or the one of a fixed route. 0: there was none. */
  version: z.int().min(0),
  hash: z.string(),
  /** The A/B arm; null without a comparison. */
  arm: z.string().nullable(),
  /** Version of every library whose experiences were injected, by route. */
  versions: z.record(z.string(), z.int().min(0)),
  /** Why it took that route: the words that gave it. */
  why: z.string(),
  at: z.iso.datetime(),
});
export type ServingRecord = z.infer<typeof ServingRecordSchema>;

/**
 * Assigns conversations to versions by a hash of salt and id: the same id gets the same version in every process,
 * and another salt is an independent experiment.
 * @throws GrpoError AB_INVALID
 */
export function assigner(
  shares: Readonly<Record<string, number>>,
  salt: string,
): { arms: AssignedArm[]; assign(conversation: string): AssignedArm } {
  const parsed = SharesSchema.safeParse(shares);
  if (!parsed.success) {
    throw new GrpoError({
      code: "AB_INVALID",
      message: `The shares of versions are not valid: ${z.prettifyError(parsed.error).replace(/\s*\n\s*/g, " ")}.`,
      place: "ab",
      remedy: "Give two versions or more with positive shares, for example { v6: 0.5, v7: 0.5 }.",
    });
  }
  // Sorted, so that the order in which they are written changes nobody's version.
  const arms = Object.keys(parsed.data)
    .map((arm) => ({ arm, version: Number(arm.slice(1)), share: parsed.data[arm] ?? 0 }))
    .sort((a, b) => a.version - b.version);
  const total = arms.reduce((sum, { share }) => sum + share, 0);
  return {
    arms,
    assign: (conversation) => {
      let rest = unitHash(`${salt}\n${conversation}`) * total;
      const found = arms.find(({ share }) => {
        rest -= share;
        return rest < 0;
      });
      const { arm, version } = found ?? (arms.at(-1) as (typeof arms)[number]);
      return { arm, version };
    },
  };
}

/** 48 bits of sha256 as a number in [0, 1). */
const unitHash = (text: string): number =>
  createHash("sha256").update(text, "utf8").digest().readUIntBE(0, 6) / 2 ** 48;
