import type { Conversation } from "../datasets/conversation.ts";
import type { Persona } from "../datasets/schema.ts";
import type { Talk } from "./converse.ts";
import { scoreConversation } from "./score-conversation.ts";

/** What a log says of a simulated conversation beside its turns. */
export type LogFacts = Pick<Conversation, "id" | "agent" | "library" | "provenance">;

/** A simulated conversation as an entry of a log, scored by turn and as a whole. */
export function loggedConversation(talk: Talk, persona: Persona, facts: LogFacts): Conversation {
  const said: Conversation = {
    ...facts,
    source: "simulated",
    persona: persona.persona,
    userTypes: [...persona.userTypes],
    turns: talk.turns,
    ended: talk.ended,
    metadata: {
      ...(persona.heldOut ? { heldOut: "true" } : {}),
      ...(talk.error === undefined ? {} : { error: talk.error.slice(0, 500) }),
      ...(talk.outOfCharacter === 0 ? {} : { outOfCharacter: String(talk.outOfCharacter) }),
    },
  };
  // What broke off in the middle says nothing of the agent.
  if (talk.ended === "error") return { ...said, score: null };
  const { score, whole, turns } = scoreConversation(said);
  return {
    ...said,
    score,
    criteria: whole,
    turns: talk.turns.map((turn, index) => {
      const criteria = turns.get(index);
      return criteria === undefined ? turn : { ...turn, criteria: [...criteria] };
    }),
  };
}
