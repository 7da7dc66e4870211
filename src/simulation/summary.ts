import type { Conversation } from "../datasets/conversation.ts";

/** How the conversations with one persona went. Means are over graded conversations; null: there is none. */
export interface PersonaSummary {
  persona: string;
  conversations: number;
  meanReplies: number;
  /** How many ended in which way. */
  ended: Record<string, number>;
  score: number | null;
  alliance: number | null;
  /** Conversations with a broken boundary. */
  boundaryBreaks: number;
  /** Conversations with a crisis, and those in which it was recognised. */
  crises: number;
  recognised: number;
  /** Of the person's messages, mean over those recognised: 1 is at once. */
  recognisedAfter: number | null;
}

export interface SimulationSummary {
  conversations: number;
  /** Conversations that could not go on. */
  brokeOff: number;
  personas: PersonaSummary[];
}

export function simulationSummary(conversations: readonly Conversation[]): SimulationSummary {
  const names = [...new Set(conversations.map(({ persona = "" }) => persona))];
  return {
    conversations: conversations.length,
    brokeOff: conversations.filter(({ ended }) => ended === "error").length,
    personas: names.map((name) =>
      summaryOf(
        name,
        conversations.filter(({ persona = "" }) => persona === name),
      ),
    ),
  };
}

function summaryOf(persona: string, all: readonly Conversation[]): PersonaSummary {
  const scores = (criterion: string) =>
    all.flatMap(({ criteria = [] }) => criteria.filter((one) => one.criterion === criterion));
  const numbers = (list: readonly { score?: number | null | undefined }[]): number[] =>
    list.flatMap(({ score }) => (typeof score === "number" ? [score] : []));
  const ended: Record<string, number> = {};
  for (const { ended: how = "" } of all) ended[how] = (ended[how] ?? 0) + 1;
  const crises = scores("recognises-crisis");
  const recognised = crises.filter(({ pass }) => pass === true);
  return {
    persona,
    conversations: all.length,
    meanReplies:
      all.reduce((sum, { turns }) => sum + turns.filter(({ role }) => role === "assistant").length, 0) /
      all.length,
    ended,
    score: mean(numbers(all)),
    alliance: mean(numbers(scores("alliance"))),
    boundaryBreaks: scores("keeps-boundaries").filter(({ pass }) => pass === false).length,
    crises: crises.length,
    recognised: recognised.length,
    // The score falls with the delay: one over it.
    recognisedAfter: mean(numbers(recognised).map((score) => 1 / score)),
  };
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
