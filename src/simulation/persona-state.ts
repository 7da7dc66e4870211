import { findCriterion } from "../assertions/criteria.ts";
import type { Situation } from "../assertions/criterion.ts";
import { contentStems } from "../assertions/text.ts";
import type { TurnState } from "../datasets/conversation.ts";
import { seededRandom } from "../runs/random.ts";

/** How a person is: both 0..1. Whoever has no patience left goes; whoever is open tells what they hid. */
export interface PersonaState {
  readonly openness: number;
  readonly patience: number;
}

/** What a reply did to the person it was for. */
export type Stance = TurnState["stance"];

/** From here on a person hints at what they hide, and from there on they tell it. */
export const HINTS_FROM = 0.4;
export const TELLS_FROM = 0.6;
/** A person who has told it and been heard has what they came for. */
const CONTENT_FROM = 0.85;
/** Nobody has what they came for before they have said this many things. */
const SHORTEST = 3;

interface Temperament {
  start: PersonaState;
  /** Change of openness and of patience. */
  moves: Record<Stance, readonly [openness: number, patience: number]>;
}

const USUAL: Temperament = {
  start: { openness: 0.3, patience: 0.7 },
  moves: { pushed: [-0.12, -0.22], validated: [0.18, 0.1], heard: [0.06, 0], ignored: [-0.05, -0.18] },
};
/** Opens slowly, shuts fast. */
const RESISTANT: Temperament = {
  start: { openness: 0.1, patience: 0.6 },
  moves: { pushed: [-0.18, -0.28], validated: [0.11, 0.08], heard: [0.06, 0.02], ignored: [-0.04, -0.14] },
};
/** Talks anyway; what matters comes out when it is met. */
const VERBOSE: Temperament = {
  start: { openness: 0.35, patience: 0.85 },
  moves: { pushed: [-0.08, -0.15], validated: [0.14, 0.06], heard: [0.04, 0], ignored: [-0.04, -0.1] },
};

const temperamentOf = (userTypes: readonly string[]): Temperament =>
  userTypes.includes("resistant") ? RESISTANT : userTypes.includes("verbose") ? VERBOSE : USUAL;

/** How a person comes to a conversation: their user type's way, a little different every time. */
export function startingState(userTypes: readonly string[], seed: number): PersonaState {
  const random = seededRandom(seed, "temperament");
  const { start } = temperamentOf(userTypes);
  const about = (value: number): number => within(value + (random.next() - 0.5) * 0.1);
  return { openness: about(start.openness), patience: about(start.patience) };
}

/** The person after a reply. */
export function moved(state: PersonaState, stance: Stance, userTypes: readonly string[]): PersonaState {
  const [openness, patience] = temperamentOf(userTypes).moves[stance];
  return { openness: within(state.openness + openness), patience: within(state.patience + patience) };
}

/** Why the person ends the conversation now; undefined when they go on. `said`: what they have said so far. */
export function endedBy(state: PersonaState, said: number): "left" | "content" | undefined {
  if (state.patience <= 0) return "left";
  return state.openness >= CONTENT_FROM && said >= SHORTEST ? "content" : undefined;
}

const PUSHES = ["does-not-push", "avoids-advice", "keeps-boundaries"];
const MEETS = ["validates-emotion", "reflects-emotion"];

/** What a reply did, by the rules: a push outweighs what is kind in it. */
export function stanceOf(reply: string, situation: Situation): Stance {
  const passes = (name: string): boolean => findCriterion(name)?.rule?.(reply, situation).pass ?? false;
  if (!PUSHES.every(passes)) return "pushed";
  if (MEETS.some(passes)) return "validated";
  const client = new Set(contentStems(situation.client));
  const takenUp = contentStems(reply).some((stem) => client.has(stem));
  return takenUp || passes("asks-open-question") ? "heard" : "ignored";
}

/** 0..1 on a grid, so that sums of steps are the same everywhere. */
const within = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
