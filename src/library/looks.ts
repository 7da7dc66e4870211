import { z } from "zod";

/** A line of the history that is no version: somebody read the sealed test with this library. */
export const LookSchema = z.strictObject({
  status: z.literal("look"),
  at: z.iso.datetime(),
  /** What read it. */
  by: z.enum(["train", "eval", "gate"]),
  /** sha256 of the library that was tested; null for the empty one. */
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  version: z.int().nonnegative(),
  /** Tests that were read. */
  tests: z.int().nonnegative(),
  verdict: z.string(),
  /** The training run that looked: when it is resumed, it is the same look. */
  run: z.string().min(1).optional(),
});
export type Look = z.infer<typeof LookSchema>;
export type LookNotes = Omit<Look, "status" | "at">;

export const isLook = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "status" in value && value.status === "look";
