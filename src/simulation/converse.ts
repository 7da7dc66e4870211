import type { ProviderResponse } from "promptfoo";
import { DEFAULT_RULE_SETTINGS } from "../assertions/criterion.ts";
import type { LoggedTurn } from "../datasets/conversation.ts";
import type { Example, Persona } from "../datasets/schema.ts";
import { seededRandom, seedFrom } from "../runs/random.ts";
import { agentPrompt, type Frame } from "./frame.ts";
import { personaPrompt } from "./persona-prompt.ts";
import { endedBy, moved, type PersonaState, type Stance, stanceOf, startingState } from "./persona-state.ts";
import { inVoice, isEcho, outOfCharacter, type Style, styleOf } from "./persona-style.ts";

/** Asks one of the two models; a run puts its journal and limiter here. A failure comes back as `error`. */
export type Ask = (prompt: string, seed: number) => Promise<ProviderResponse>;

export interface ConversationPlan {
  persona: Persona;
  /** How the persona writes. */
  style: Style;
  frame: Frame;
  /** What the person says first; default: one of the persona's openings. */
  opening?: string | undefined;
  /** Replies of the agent at most. */
  maxTurns: number;
  seed: number;
}

/** Why a conversation ended. */
export type Ending = "left" | "content" | "turn limit" | "error";

export interface Talk {
  turns: LoggedTurn[];
  ended: Ending;
  /** Of a conversation that could not go on. */
  error?: string;
  /** The prompt of the agent's last turn. */
  prompt?: string;
  /** Persona messages that were out of character when all tries were used up. */
  outOfCharacter: number;
  /** What every call came back with, in order. */
  responses: ProviderResponse[];
}

/** Tries of a persona's message that is out of character or said already. */
const TRIES = 3;

export const personaStyle = (
  persona: Persona,
  examples: readonly Pick<Example, "persona" | "query">[],
): Style => styleOf(examples.filter((one) => one.persona === persona.persona));

/**
 * One conversation of an agent with a persona, one model call after the other. The persona's model never sees the
 * agent's prompt, the agent never sees more of the persona than what it says.
 */
export async function converse(plan: ConversationPlan, agent: Ask, persona: Ask): Promise<Talk> {
  const talk = new Conversing(plan, agent, persona);
  return talk.run();
}

class Conversing {
  readonly #plan: ConversationPlan;
  readonly #agent: Ask;
  readonly #persona: Ask;
  readonly #turns: LoggedTurn[] = [];
  readonly #responses: ProviderResponse[] = [];
  #state: PersonaState;
  #stance: Stance | undefined;
  #prompt: string | undefined;
  #outOfCharacter = 0;

  constructor(plan: ConversationPlan, agent: Ask, persona: Ask) {
    this.#plan = plan;
    this.#agent = agent;
    this.#persona = persona;
    this.#state = startingState(plan.persona.userTypes, plan.seed);
  }

  async run(): Promise<Talk> {
    const { maxTurns, persona } = this.#plan;
    for (let turn = 0; turn < maxTurns; turn++) {
      const ending = endedBy(this.#state, turn);
      const failed = await this.#speak(turn, ending);
      if (failed !== undefined) return this.#ended("error", failed);
      if (ending !== undefined) return this.#ended(ending);
      const refused = await this.#answer(turn);
      if (refused !== undefined) return this.#ended("error", refused);
      this.#state = moved(this.#state, this.#stance ?? "heard", persona.userTypes);
      const last = this.#turns.at(-1);
      if (last !== undefined && this.#stance !== undefined)
        last.state = { stance: this.#stance, ...this.#state };
    }
    return this.#ended("turn limit");
  }

  /** @returns why it could not */
  async #speak(turn: number, ending: "left" | "content" | undefined): Promise<string | undefined> {
    const opening = turn === 0 ? this.#opening() : undefined;
    if (opening !== undefined) {
      this.#turns.push({ role: "user", content: opening });
      return undefined;
    }
    const { persona, style, seed } = this.#plan;
    const moment = { state: this.#state, stance: this.#stance, ending };
    const prompt = personaPrompt(persona, style, this.#turns, moment);
    let message = "";
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const response = await this.#persona(prompt, seedFrom(seed, "persona", turn, attempt));
      this.#responses.push(response);
      if (response.error !== undefined) return `persona: ${response.error}`;
      message = inVoice(textOf(response), persona.name, style);
      if (message !== "" && !this.#isStrange(message)) break;
    }
    if (message === "") return "persona: it said nothing";
    if (this.#isStrange(message)) this.#outOfCharacter++;
    this.#turns.push({ role: "user", content: message });
    return undefined;
  }

  /** @returns why it could not */
  async #answer(turn: number): Promise<string | undefined> {
    const { frame, seed } = this.#plan;
    const spoken = this.#turns.map(({ role, content }) => ({ role, content }));
    this.#prompt = agentPrompt(frame, spoken);
    const response = await this.#agent(this.#prompt, seedFrom(seed, "agent", turn));
    this.#responses.push(response);
    if (response.error !== undefined) return `agent: ${response.error}`;
    const reply = textOf(response);
    const client = this.#turns.at(-1)?.content ?? "";
    this.#stance = stanceOf(reply, {
      client,
      turns: spoken.slice(0, -1),
      truncated: false,
      settings: DEFAULT_RULE_SETTINGS,
    });
    this.#turns.push({ role: "assistant", content: reply });
    return undefined;
  }

  #opening(): string | undefined {
    const { opening, frame, persona, seed } = this.#plan;
    const written = persona.hidden?.openings ?? [];
    return opening ?? frame.opening ?? written[seededRandom(seed, "opening").below(written.length)];
  }

  #isStrange(message: string): boolean {
    const earlier = this.#turns.map(({ content }) => content);
    return outOfCharacter(message) !== undefined || isEcho(message, earlier);
  }

  #ended(ended: Ending, error?: string): Talk {
    return {
      turns: this.#turns,
      ended,
      outOfCharacter: this.#outOfCharacter,
      responses: this.#responses,
      ...(error === undefined ? {} : { error }),
      ...(this.#prompt === undefined ? {} : { prompt: this.#prompt }),
    };
  }
}

function textOf({ output }: ProviderResponse): string {
  if (typeof output === "string") return output.toWellFormed();
  return output === undefined || output === null ? "" : JSON.stringify(output);
}
