import { z } from "zod";
import type { Change } from "./backend.ts";
import { normaliseText } from "./experience.ts";

/**
 * A line of the history that is no version: a text that the learner proposed and that may not enter the library
 * by itself. It is kept for a person to look at, and taken in by a version of its own if they release it.
 */
export const QuarantinedSchema = z.strictObject({
  status: z.literal("quarantined"),
  /** `Q1` and up, in the order of the lines. */
  id: z.string().regex(/^Q[1-9]\d{0,6}$/),
  at: z.iso.datetime(),
  op: z.enum(["ADD", "MODIFY"]),
  /** The experience that it was to replace; null for a new one. */
  experience: z.string().nullable(),
  /** Without keys and personal data, which are never kept. */
  text: z.string(),
  reasons: z.array(z.strictObject({ code: z.string().min(1), message: z.string() })).min(1),
  /** Where it came from: the examples whose rollouts led to it. */
  evidence: z.array(z.looseObject({ exampleId: z.string() })).default([]),
  /** Model by role. */
  models: z.record(z.string(), z.json()).default({}),
  /** The training run that met it first. */
  run: z.string().min(1).optional(),
});
export type Quarantined = z.infer<typeof QuarantinedSchema>;
export type QuarantineNotes = Omit<z.input<typeof QuarantinedSchema>, "status" | "id" | "at">;

export const isQuarantined = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "status" in value && value.status === "quarantined";

/** The rule that keeps a text once: the same words again are the line that is there. */
export function recordQuarantined(
  quarantined: readonly Quarantined[],
  notes: QuarantineNotes,
  clock: () => Date,
): Change<Quarantined> {
  const words = normaliseText(notes.text);
  const known = quarantined.find((one) => normaliseText(one.text) === words);
  if (known !== undefined) return { steps: [], result: known };
  const last = Number(quarantined.at(-1)?.id.slice(1) ?? 0);
  const at = clock().toISOString();
  const line = QuarantinedSchema.parse({ ...notes, status: "quarantined", id: `Q${last + 1}`, at });
  return { steps: [{ line: JSON.stringify(line) }], result: line };
}
