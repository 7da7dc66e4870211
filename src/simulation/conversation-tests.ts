import { loadPersonaFolder } from "../datasets/load.ts";
import { neutraliseTemplates } from "../datasets/neutralise.ts";
import { CLIENT } from "./frame.ts";

/** A promptfoo test whose answer is a conversation. */
export interface ConversationTest {
  description: string;
  /** `query` is the mark that the first message takes the place of. */
  vars: { persona: string; opening: string; query: string; turns: [] };
  metadata: { id: string; persona: string; names: string[]; userTypes: string[]; split?: "test" };
  assert: { type: "javascript"; value: string }[];
}

/**
 * One test for each opening of each persona that can be simulated, for a `tests:` file of a promptfooconfig whose
 * provider is a ConversationProvider. Held-out personas are the sealed test.
 * @throws GrpoError naming the file and line that is wrong
 */
export async function conversationTests(folder: string): Promise<ConversationTest[]> {
  const { personas } = await loadPersonaFolder(folder);
  return personas.flatMap(({ persona, name, hidden, userTypes, heldOut }) =>
    (hidden?.openings ?? []).map((opening, index): ConversationTest => {
      const id = `${persona}-conversation-${index + 1}`;
      return {
        description: id,
        vars: { persona, opening: neutraliseTemplates(opening), query: CLIENT, turns: [] },
        metadata: { id, persona, names: [name], userTypes, ...(heldOut ? { split: "test" as const } : {}) },
        assert: [{ type: "javascript", value: "package:promptfoo-grpo:conversation" }],
      };
    }),
  );
}
