import { z } from "zod";

/** The user types the built-in criteria and personas know; a dataset may name others. */
export const USER_TYPES = ["resistant", "verbose", "crisis", "prejudiced", "general"] as const;

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const kebab = z
  .string()
  .max(80)
  .regex(KEBAB, "must be in kebab-case: lower-case letters, digits and single hyphens");

const text = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .regex(/\S/, "must not be empty")
    .describe(`Plain text, at most ${maxLength} characters.`);

const userTypes = z
  .array(kebab)
  .min(1)
  .refine((types) => new Set(types).size === types.length, "names a user type twice")
  .describe(`User types, kebab-case. Known: ${USER_TYPES.join(", ")}. They choose criteria and route.`);

const turnSchema = z.strictObject({
  role: z.enum(["user", "assistant"]),
  content: text(20_000),
});
/** One earlier turn of a conversation. */
export type Turn = z.infer<typeof turnSchema>;

/** A row of a persona file, as written. */
const exampleSchema = z.strictObject({
  id: kebab.describe("Stable, never reused, starts with the persona's id: paul-01."),
  query: text(20_000).describe("What the persona says; the agent answers this."),
  turns: z.array(turnSchema).max(100).optional().describe("Earlier turns, oldest first."),
  good_response: text(20_000)
    .optional()
    .describe(
      "A reply that meets every criterion marked true; a row from a log has none until somebody writes it.",
    ),
  bad_response: text(20_000).describe("A believable reply that fails at least one criterion marked true."),
  success_criteria: z
    .record(kebab, z.boolean())
    .refine((criteria) => Object.keys(criteria).length > 0, "must name at least one criterion")
    .describe("true: scored, and a good reply meets it. false: considered, and does not apply here."),
  userTypes: userTypes.optional().describe("Overrides the persona's user types for this example."),
  split: z
    .literal("train")
    .optional()
    .describe("Always learned from, never validation: a row from a log that has been looked at."),
  added: z.iso.date().optional().describe("The day on which it was added, for `train --since`."),
  provenance: z
    .string()
    .max(1_000)
    .optional()
    .describe("The conversation and turn it was taken from, and why."),
  note: z.string().max(2_000).optional().describe("Why this example is here."),
});

const hiddenSchema = z
  .strictObject({
    wants: text(1_000).describe("What would make the conversation worth it for them."),
    hides: text(1_000).describe(
      "What they keep back until they feel safe; the persona's model is not told before.",
    ),
    pushed: text(500).describe("What they do when they are pushed or advised."),
    validated: text(500).describe("What they do when they feel understood."),
    ignored: text(500).describe("What they do when what they said is passed over."),
    leaves: text(500).describe("How they go when their patience is out."),
    openings: z
      .array(text(1_000))
      .min(1)
      .max(20)
      .describe("First messages of a simulated conversation; never the query of an example."),
  })
  .describe("What only the persona knows; needed for simulated conversations.");
/** The hidden state of a persona, as written. */
export type Hidden = z.infer<typeof hiddenSchema>;

/** A persona file: one persona and its examples together. */
export const personaSchema = z
  .strictObject({
    persona: kebab.describe("Stable id; the file is <id>.yaml."),
    name: text(120),
    userTypes,
    heldOut: z.boolean().default(false).describe("true: the whole persona is the sealed test."),
    background: text(4_000).describe("Who they are and what brought them, two to four sentences."),
    voice: text(4_000).describe("How they write."),
    hidden: hiddenSchema.optional(),
    examples: z.array(exampleSchema).min(1),
  })
  .describe("A persona of a promptfoo-grpo dataset and its examples.");

type PersonaFile = z.infer<typeof personaSchema>;

/** A persona without its examples. `file` is the path it was read from. */
export type Persona = Omit<PersonaFile, "examples"> & { file: string };

/** One dataset row with what it inherits from its persona. `place` is `file:line`. */
export type Example = Omit<z.infer<typeof exampleSchema>, "turns" | "userTypes"> & {
  persona: string;
  userTypes: string[];
  turns: Turn[];
  place: string;
};

/** Personas by file name; examples in the order of their files. */
export interface Dataset {
  folder: string;
  personas: Persona[];
  examples: Example[];
}
