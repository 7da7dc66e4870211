import { z } from "zod";
import type { LibraryDocument } from "./document.ts";
import { addExperience, removeExperience, rewriteExperience } from "./edits.ts";
import { countWords, type Limits, normaliseText } from "./experience.ts";
import { findForbidden, findReordering, foldWhitespace } from "./text.ts";

/** What a change, or an experience, was measured to do to the reward, from rollouts with and without it. */
export const MeasuredEffectSchema = z.strictObject({
  /** Change of the mean reward, and its 95 % interval. */
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  /** Rollouts. */
  with: z.int().nonnegative(),
  without: z.int().nonnegative(),
});
export type MeasuredEffect = z.infer<typeof MeasuredEffectSchema>;

/** `-0.12 (95 % -0.20 to -0.04), 8 rollouts with it and 8 without`. */
export function effectText({ mean, low, high, with: present, without }: MeasuredEffect): string {
  const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(2)}`;
  return `${signed(mean)} (95 % ${signed(low)} to ${signed(high)}), ${present} rollouts with it and ${without} without`;
}

const why = {
  reason: z.string().optional(),
  evidence: z.array(z.string()).optional(),
  /** Of an ADD or MODIFY what the operation does, of a DELETE what the experience did. */
  effect: MeasuredEffectSchema.optional(),
};

/** One proposed change of a library. `reason`, `evidence` (example ids) and `effect` are for the history. */
export const OperationSchema = z.discriminatedUnion("op", [
  z.object({ op: z.literal("ADD"), text: z.string(), ...why }),
  z.object({ op: z.literal("MODIFY"), id: z.string(), text: z.string(), ...why }),
  z.object({ op: z.literal("DELETE"), id: z.string(), ...why }),
  z.object({ op: z.literal("KEEP"), id: z.string().optional(), ...why }),
]);
export type Operation = z.infer<typeof OperationSchema>;

export type RefusalCode =
  | "unknown-id"
  | "conflict"
  | "duplicate-text"
  | "no-change"
  | "empty-text"
  | "unsafe-text"
  | "over-max-words"
  | "over-max-experiences";

/** `id` is the experience concerned (the new one after ADD; null for a KEEP of nothing in particular). */
export interface AppliedOperation {
  operation: Operation;
  id: string | null;
}

export interface RefusedOperation {
  operation: Operation;
  code: RefusalCode;
  /** One sentence that a learner or a person can act on. */
  reason: string;
}

/** `applied` is in the order of application, `refused` in the order given. */
export interface OperationsResult {
  document: LibraryDocument;
  applied: AppliedOperation[];
  refused: RefusedOperation[];
}

type Outcome = { document: LibraryDocument; id: string | null } | { code: RefusalCode; reason: string };

/**
 * Applies a batch; a bad operation is refused with its reason and costs its neighbours nothing.
 *
 * The outcome does not depend on where the kinds stand in the batch: first DELETE, then MODIFY, then ADD, each
 * kind in the order given, so that what is deleted makes room. One id takes one change: the first MODIFY that
 * can be applied wins over later ones and over a DELETE of the same id (the deletion can be proposed again; the
 * text could not), and the losers are refused as `conflict`.
 */
export function applyOperations(
  document: LibraryDocument,
  operations: readonly Operation[],
  limits: Limits,
): OperationsResult {
  const toModify = new Set(
    operations.flatMap((operation) => (operation.op === "MODIFY" ? [operation.id] : [])),
  );
  const isContested = (operation: Operation) => operation.op === "DELETE" && toModify.has(operation.id);
  const phases: ((operation: Operation) => boolean)[] = [
    (operation) => operation.op === "DELETE" && !isContested(operation),
    (operation) => operation.op === "MODIFY",
    isContested,
    (operation) => operation.op === "ADD",
    (operation) => operation.op === "KEEP",
  ];
  const changed = new Map<string, string>();
  const applied: AppliedOperation[] = [];
  const refused: (RefusedOperation & { place: number })[] = [];
  let current = document;
  const numbered = [...operations.entries()];
  for (const [place, operation] of phases.flatMap((phase) => numbered.filter(([, each]) => phase(each)))) {
    const outcome = applyOne(current, operation, limits, changed);
    if ("code" in outcome) {
      refused.push({ place, operation, ...outcome });
      continue;
    }
    current = outcome.document;
    applied.push({ operation, id: outcome.id });
    if (outcome.id !== null && operation.op !== "KEEP") changed.set(outcome.id, operation.op);
  }
  const inOrder = refused.sort((a, b) => a.place - b.place);
  return {
    document: current,
    applied,
    refused: inOrder.map(({ operation, code, reason }) => ({ operation, code, reason })),
  };
}

function applyOne(
  document: LibraryDocument,
  operation: Operation,
  limits: Limits,
  changed: ReadonlyMap<string, string>,
): Outcome {
  if (operation.op === "ADD") return applyAdd(document, operation.text, limits);
  const { id } = operation;
  if (id === undefined) return { document, id: null };
  const earlier = changed.get(id);
  if (earlier !== undefined && operation.op !== "KEEP") {
    return { code: "conflict", reason: `${id} already has a ${earlier} in this batch.` };
  }
  const target = document.experiences.find((experience) => experience.id === id);
  if (target === undefined && !(operation.op === "KEEP" && earlier === "DELETE")) {
    return { code: "unknown-id", reason: `The library has no experience ${JSON.stringify(id)}.` };
  }
  if (operation.op === "KEEP") {
    if (earlier === undefined || earlier === "ADD") return { document, id };
    return { code: "conflict", reason: `${id} already has a ${earlier} in this batch.` };
  }
  if (operation.op === "DELETE") return { document: removeExperience(document, id), id };
  const text = foldWhitespace(operation.text);
  if (text === target?.text) return { code: "no-change", reason: `${id} already says exactly this.` };
  const refusal = refuseText(document, text, limits, id);
  return refusal ?? { document: rewriteExperience(document, id, text), id };
}

function applyAdd(document: LibraryDocument, raw: string, limits: Limits): Outcome {
  const text = foldWhitespace(raw);
  const refusal = refuseText(document, text, limits, null);
  if (refusal !== null) return refusal;
  const count = document.experiences.length;
  if (count >= limits.maxExperiences) {
    const reason = `The library already holds ${count} of at most ${limits.maxExperiences} experiences.`;
    return { code: "over-max-experiences", reason };
  }
  return addExperience(document, text);
}

/** `text` is folded to one line; what could still leave its list item or deceive a reader is refused. */
function refuseText(document: LibraryDocument, text: string, limits: Limits, id: string | null) {
  const refuse = (code: RefusalCode, reason: string) => ({ code, reason });
  const character = findForbidden(text)?.name ?? findReordering(text);
  if (character !== null) return refuse("unsafe-text", `The text holds the character ${character}.`);
  if (/<!--|-->/.test(text)) return refuse("unsafe-text", "The text holds a comment mark ('<!--' or '-->').");
  if (/\[\s*E\d+\s*\]/i.test(text)) {
    return refuse("unsafe-text", "The text holds an id such as [E3]; an experience must stand on its own.");
  }
  const words = countWords(text);
  if (words === 0) return refuse("empty-text", "The text has no words.");
  if (words > limits.maxWords) {
    return refuse("over-max-words", `The text has ${words} words; at most ${limits.maxWords} are allowed.`);
  }
  const normal = normaliseText(text);
  const same = document.experiences.find((each) => each.id !== id && normaliseText(each.text) === normal);
  return same === undefined ? null : refuse("duplicate-text", `${same.id} already says this.`);
}
