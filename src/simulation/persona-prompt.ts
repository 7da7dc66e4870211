import type { Persona } from "../datasets/schema.ts";
import { HINTS_FROM, type PersonaState, type Stance, TELLS_FROM } from "./persona-state.ts";
import type { Style } from "./persona-style.ts";

export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

/** Where the person is in the conversation. */
export interface Moment {
  state: PersonaState;
  /** What the last reply did; undefined before the first. */
  stance: Stance | undefined;
  /** They say their last words now. */
  ending: "left" | "content" | undefined;
}

/**
 * What the persona's model is asked: who it is, how it feels now in plain words, and what was said. What the
 * persona hides is not in it until the state lets them speak of it, so no model can give it away before.
 */
export function personaPrompt(
  persona: Persona,
  style: Style,
  spoken: readonly Pick<Message, "role" | "content">[],
  moment: Moment,
): string {
  const system = [
    `You write the lines of one character in a story: ${persona.name}, who writes to a support chat.`,
    `Who this is: ${persona.background}`,
    `How ${persona.name} writes: ${persona.voice}`,
  ].join("\n");
  // A script, not a chat with the roles turned round: a small model falls back into the helper's part there.
  const script = spoken.map(
    ({ role, content }) => `${role === "user" ? persona.name : "Helper"}: ${content.replace(/\s+/gu, " ")}`,
  );
  const task = [
    ...(script.length === 0 ? ["The chat is open."] : ["The chat so far:", ...script]),
    "",
    `What ${persona.name} knows of this moment:`,
    ...(persona.hidden === undefined ? [] : [`What you want: ${persona.hidden.wants}`]),
    ...howItIsNow(persona, moment),
    "",
    `Write the next line of ${persona.name}, about ${persona.name}'s own life, in the first person. ${lengthOf(style)} ${persona.name} needs help and gives none: no offers, no thanks, no advice, nothing that was said before. Only the line itself.`,
  ].join("\n");
  const messages: Message[] = [
    { role: "system", content: system },
    { role: "user", content: task },
  ];
  return JSON.stringify(messages);
}

function howItIsNow({ hidden }: Persona, { state, stance, ending }: Moment): string[] {
  if (ending === "left")
    return [`You have had enough and go now. ${hidden?.leaves ?? "Say so in a few words."}`];
  if (ending === "content")
    return ["You have said what you came to say, and you were heard. Say goodbye in your own way."];
  return [feeling(stance), reaction(hidden, stance), disclosure(hidden, state), patience(state)].filter(
    (line) => line !== "",
  );
}

const FEELINGS: Record<Stance, string> = {
  pushed: "Right now you feel pushed by what was just said.",
  validated: "Right now you feel understood by what was just said.",
  heard: "Right now you notice that somebody is listening.",
  ignored: "Right now you feel that what you said was passed over.",
};

const feeling = (stance: Stance | undefined): string => (stance === undefined ? "" : FEELINGS[stance]);

function reaction(hidden: Persona["hidden"], stance: Stance | undefined): string {
  if (hidden === undefined || stance === undefined || stance === "heard") return "";
  return `So: ${hidden[stance]}`;
}

function disclosure(hidden: Persona["hidden"], { openness }: PersonaState): string {
  if (hidden === undefined) return "";
  if (openness >= TELLS_FROM) return `You trust them enough to say it now: ${hidden.hides}`;
  if (openness >= HINTS_FROM)
    return `You may hint at this in a few words, without saying it: ${hidden.hides}`;
  return "There is something you keep to yourself. You do not speak of it, and you change the subject when it comes near.";
}

const patience = ({ patience: left }: PersonaState): string =>
  left < 0.3 ? "You are close to leaving, and it shows." : "";

const lengthOf = ({ words: [fewest, most], lowerCase }: Style): string =>
  `It has ${fewest} to ${most} words${lowerCase ? ", all in lower case, hardly any punctuation" : ""}.`;
