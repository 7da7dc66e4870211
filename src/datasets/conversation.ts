import { z } from "zod";

/** Longest turn of a log; a transcript beyond it is another kind of file. */
const MAX_TURN = 100_000;
const MAX_TURNS = 2_000;

const name = (maxLength: number) => z.string().max(maxLength).regex(/\S/, "must not be empty");
const share = z.number().min(0).max(1);

/** What one grader says of one criterion. */
export const criterionScoreSchema = z
  .strictObject({
    criterion: name(80),
    by: name(120).describe("Who says so: rule, judge, or the judge's id."),
    pass: z.boolean().nullable().describe("null: could not be graded."),
    score: share.nullable().optional().describe("0..1; null: could not be graded."),
    reason: z.string().max(4_000).optional(),
    must: z.boolean().optional().describe("true: never traded for other criteria."),
  })
  .describe("One criterion as one grader sees it.");
export type CriterionScore = z.infer<typeof criterionScoreSchema>;

/** Of a turn, or of the conversation as a whole. */
const scoring = {
  score: share.nullable().optional().describe("0..1; null: could not be graded."),
  criteria: z.array(criterionScoreSchema).max(500).optional(),
};

/** How a simulated person is after a reply. */
export const turnStateSchema = z.strictObject({
  stance: z.enum(["pushed", "validated", "heard", "ignored"]).describe("What the reply did to the person."),
  openness: share.describe("0: tells nothing, 1: tells everything."),
  patience: share.describe("0: leaves."),
});
export type TurnState = z.infer<typeof turnStateSchema>;

export const loggedTurnSchema = z.strictObject({
  role: z.enum(["user", "assistant", "system"]).describe("user: the person; assistant: the agent."),
  content: z.string().max(MAX_TURN),
  at: z.iso.datetime({ offset: true }).optional().describe("When it was said, ISO 8601."),
  state: turnStateSchema.optional().describe("Of a simulated person after this reply of the agent."),
  ...scoring,
});
export type LoggedTurn = z.infer<typeof loggedTurnSchema>;

const flagSchema = z.strictObject({
  turn: z.int().min(0).nullable().describe("Index of the turn; null: the conversation as a whole."),
  why: z.enum(["must", "criterion", "score", "disagreement", "label"]),
  criterion: name(80).optional(),
  reason: z.string().max(4_000),
});
/** Why a conversation should be looked at. */
export type Flag = z.infer<typeof flagSchema>;

const provenanceSchema = z.strictObject({
  file: z.string().max(4_000).optional().describe("The file it was imported from."),
  line: z.int().min(1).optional(),
  id: z.string().max(200).optional().describe("Its id there."),
  redacted: z
    .record(z.string(), z.int().min(1))
    .optional()
    .describe("How many things of a kind were taken out."),
  run: z.string().max(200).optional().describe("The run that simulated it."),
  seed: z.int().optional(),
  models: z.record(z.string(), z.string()).optional().describe("Role (agent, persona) to model."),
});

/** One conversation: a line of a conversation log. */
export const conversationSchema = z
  .strictObject({
    id: name(200)
      .regex(/^[^\p{Cc}\p{Cs}]+$/u, "must not hold control characters")
      .describe("Stable, used once in a log."),
    source: z.enum(["simulated", "imported", "production"]),
    agent: name(200).optional(),
    persona: name(120).optional().describe("Of a dataset its id, otherwise any name."),
    userTypes: z.array(name(80)).max(20).default([]),
    library: z
      .strictObject({
        agent: name(120),
        route: name(120),
        version: z.int().min(0),
        hash: z.string().max(64).optional(),
      })
      .optional()
      .describe("The library that the agent had; absent: none, or not known."),
    turns: z.array(loggedTurnSchema).min(1).max(MAX_TURNS).describe("Oldest first."),
    ...scoring,
    ended: z.string().max(200).optional().describe("Why it ended, where that is known."),
    flags: z.array(flagSchema).max(2_000).optional().describe("Written by `flag`."),
    provenance: provenanceSchema.default({}),
    metadata: z.record(z.string(), z.string()).optional().describe("Whatever else the log said of it."),
  })
  .describe("A conversation of a promptfoo-grpo log: JSONL, one conversation a line.");
export type Conversation = z.infer<typeof conversationSchema>;

/** What a label or a flag is about: a conversation, or one turn of it. */
export interface Item {
  /** `<conversation>` or `<conversation>#<turn>`. */
  id: string;
  conversation: Conversation;
  /** null: the conversation as a whole. */
  turn: number | null;
}

export const itemId = (conversation: string, turn: number | null): string =>
  turn === null ? conversation : `${conversation}#${turn}`;

/** Every reply of the agent that answers somebody, in order. */
export function replies(conversation: Conversation): Item[] {
  const { turns, id } = conversation;
  return turns.flatMap((one, turn) =>
    one.role === "assistant" && turns.slice(0, turn).some((earlier) => earlier.role === "user")
      ? [{ id: itemId(id, turn), conversation, turn }]
      : [],
  );
}

/**
 * What a reply answers, without system turns: what the person said last, in one message or several, and everything
 * before that. Of several replies in a row the later ones go on from the first.
 */
export function answered(
  { turns }: Conversation,
  turn: number,
): { query: string; earlier: LoggedTurn[]; reply: string } | undefined {
  if (turns[turn]?.role !== "assistant") return undefined;
  const said = turns.slice(0, turn + 1).filter(({ role }) => role !== "system");
  const asked = said.findLastIndex(({ role }) => role === "user");
  if (asked < 0) return undefined;
  const from = said.slice(0, asked).findLastIndex(({ role }) => role === "assistant") + 1;
  const text = (part: readonly LoggedTurn[], between: string): string =>
    part.map(({ content }) => content).join(between);
  return {
    query: text(said.slice(from, asked + 1), "\n"),
    earlier: said.slice(0, from),
    reply: text(said.slice(asked + 1), "\n\n"),
  };
}
