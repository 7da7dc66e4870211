import type { ApiProvider } from "promptfoo";
import { evaluate } from "promptfoo";
import { type Conversation, conversationSchema } from "../datasets/conversation.ts";
import type { Dataset, Persona } from "../datasets/schema.ts";
import { GrpoError } from "../library/error.ts";
import type { Injection } from "../providers/experience-agent.ts";
import { seedFrom } from "../runs/random.ts";
import type { Runtime } from "../runs/runtime.ts";
import { converse, personaStyle } from "../simulation/converse.ts";
import { CLIENT, type Frame, frameOf } from "../simulation/frame.ts";
import { loggedConversation } from "../simulation/logged.ts";
import { askAgent, askPersona } from "./ask.ts";
import { EVALUATE_OPTIONS } from "./probe.ts";
import type { Suite } from "./suite.ts";

export interface SimulationRequest {
  /** Conversations are shared out among these, the first ones one more where it does not come out even. */
  personas: readonly Persona[];
  examples: Dataset["examples"];
  /** Plays the personas. */
  personaModel: ApiProvider;
  /** In all. */
  conversations: number;
  /** Replies of the agent in one conversation at most. */
  maxTurns: number;
  /** What the agent has beside its prompt, and how logs name it; undefined: the prompt alone. */
  library?: { injection: Injection; agent: string; route: string } | undefined;
  /** Names the run in the log. */
  run?: string | undefined;
}

/** Which persona has which of its conversations; every persona before any has its next. */
export function plannedConversations(
  personas: readonly Persona[],
  conversations: number,
): { persona: Persona; nth: number }[] {
  return Array.from({ length: personas.length === 0 ? 0 : conversations }, (_, index) => ({
    persona: personas[index % personas.length] as Persona,
    nth: Math.floor(index / personas.length) + 1,
  }));
}

/**
 * Conversations of the suite's agent with personas, scored, in the order in which they are planned. Every call of
 * either model goes through the run's journal and limiter. A conversation that broke off has `ended: "error"`.
 * @throws GrpoError what stopped the run (budget, refusal, interrupt); PERSONA_NOT_HIDDEN
 */
export async function simulateConversations(
  suite: Suite,
  runtime: Runtime,
  request: SimulationRequest,
): Promise<Conversation[]> {
  const { personas, examples, maxTurns, conversations } = request;
  requireHidden(personas);
  const frame = await agentFrame(suite);
  const agent = askAgent(suite.agent, runtime, request.library?.injection);
  const persona = askPersona(request.personaModel, runtime, request.personaModel === suite.agent);
  const planned = plannedConversations(personas, conversations);
  runtime.emit({ type: "phase-planned", phase: "conversations", total: planned.length });
  const logged = await Promise.all(
    planned.map(({ persona: who, nth }) =>
      runtime.group(async () => {
        const seed = seedFrom(suite.settings.seed, "conversation", who.persona, nth);
        const style = personaStyle(who, examples);
        const plan = { persona: who, style, frame, opening: openingOf(who, nth), maxTurns, seed };
        const talk = await converse(plan, agent, persona);
        runtime.throwIfStopped();
        const ungraded = talk.ended === "error" ? 1 : 0;
        runtime.emit({ type: "phase-progress", phase: "conversations", done: 1, ungraded });
        return talk.turns.length === 0
          ? undefined
          : loggedConversation(talk, who, factsOf(suite, request, { persona: who, nth, seed }));
      }),
    ),
  );
  runtime.throwIfStopped();
  runtime.emit({ type: "phase-done", phase: "conversations", note: "" });
  return logged.flatMap((one) => (one === undefined ? [] : [conversationSchema.parse(one)]));
}

/** In turn, so that two conversations with one persona begin differently as long as there are openings. */
function openingOf({ hidden }: Persona, nth: number): string | undefined {
  const openings = hidden?.openings ?? [];
  return openings[(nth - 1) % openings.length];
}

function factsOf(
  suite: Suite,
  { library, run, personaModel }: SimulationRequest,
  { persona, nth, seed }: { persona: Persona; nth: number; seed: number },
): Parameters<typeof loggedConversation>[2] {
  const version =
    library === undefined ? "none" : `${library.agent}-${library.route}-v${library.injection.version}`;
  return {
    id: `${persona.persona}-${nth}-s${suite.settings.seed}-${version}`,
    agent: suite.settings.agent,
    ...(library === undefined
      ? {}
      : {
          library: {
            agent: library.agent,
            route: library.route,
            version: library.injection.version,
            hash: library.injection.hash,
          },
        }),
    provenance: {
      ...(run === undefined ? {} : { run }),
      seed,
      models: { agent: suite.agent.id(), persona: personaModel.id() },
    },
  };
}

/** The agent's prompt, rendered once by promptfoo with a mark where the person's first message goes. */
async function agentFrame(suite: Suite): Promise<Frame> {
  let rendered: string | undefined;
  const agent: ApiProvider = {
    id: () => "frame",
    callApi: async (prompt) => {
      rendered = prompt;
      return { error: "nothing is asked" };
    },
  };
  const { env, nunjucksFilters } = suite.config;
  const asked = {
    ...(env === undefined ? {} : { env }),
    ...(nunjucksFilters === undefined ? {} : { nunjucksFilters }),
    prompts: [suite.prompt],
    providers: [agent],
    tests: [{ vars: { query: CLIENT, turns: [], messages: [] }, options: { disableVarExpansion: true } }],
    writeLatestResults: false,
  };
  await evaluate(asked as unknown as Parameters<typeof evaluate>[0], EVALUATE_OPTIONS);
  if (rendered !== undefined) return frameOf(rendered);
  throw new GrpoError({
    code: "PROMPT_UNREADABLE",
    message: "The prompt cannot be rendered for a conversation.",
    place: "prompts",
    remedy:
      "It may use the variables `query` (the person's first message) and `turns`; others have no value here.",
  });
}

/** @throws GrpoError PERSONA_NOT_HIDDEN */
function requireHidden(personas: readonly Persona[]): void {
  const without = personas.find(({ hidden }) => hidden === undefined);
  if (without === undefined) return;
  throw new GrpoError({
    code: "PERSONA_NOT_HIDDEN",
    message: `The persona "${without.persona}" has no \`hidden\` block, so it cannot be simulated.`,
    place: without.file,
    remedy: "Write one (docs/simulation.md says what is in it), or leave the persona out with --only.",
  });
}
