import type { ApiProvider, CallApiContextParams, Prompt } from "promptfoo";
import { callWithExperiences, type Injection } from "../providers/experience-agent.ts";
import { modelFacts } from "../providers/model-facts.ts";
import { cancelledBy, paidCall } from "../providers/paid-call.ts";
import type { Runtime } from "../runs/runtime.ts";
import { configHash } from "../runs/secrets.ts";
import type { Stage } from "../runs/task.ts";
import type { Ask } from "../simulation/converse.ts";

type Config = Record<string, number>;

/** Of a persona that the agent's own model plays: an agent is often asked at 0, where nobody says a thing in two ways. */
const PERSONA_TEMPERATURE = 0.8;

/** A model whose every call is paid for once. @throws GrpoError PRICE_UNKNOWN under a cap in dollars */
function askOf(
  model: ApiProvider,
  runtime: Runtime,
  stage: Extract<Stage, "rollout" | "persona">,
  config: Config,
): Ask {
  const facts = modelFacts(model);
  runtime.prices.requireKnown(facts);
  const name = { model: model.id(), config: configHash(model.config) };
  return (prompt, seed) =>
    paidCall(runtime, facts, { stage, ...name, call: config, prompt, seed }, (signal) =>
      model.callApi(prompt, callContext(prompt, { ...config, seed }), cancelledBy(signal, undefined)),
    );
}

/** The agent of a conversation. The library's text enters every turn's prompt at the one place where it ever does. */
export function askAgent(
  agent: ApiProvider,
  runtime: Runtime,
  injection: Injection | undefined,
  config: Config = {},
): Ask {
  const ask = askOf(agent, runtime, "rollout", config);
  return (prompt, seed) =>
    callWithExperiences((sent) => ask(sent, seed), injection, prompt, undefined, undefined);
}

/** The persona of a conversation, played by a model of its own or by the agent's. */
export const askPersona = (model: ApiProvider, runtime: Runtime, isAgents: boolean): Ask =>
  askOf(model, runtime, "persona", personaConfig(isAgents));

export const personaConfig = (isAgents: boolean): Config =>
  isAgents ? { temperature: PERSONA_TEMPERATURE } : {};

/** What promptfoo's providers read of a call's context: its config. No variables, so that nothing is rendered. */
export function callContext(prompt: string, config: Config): CallApiContextParams {
  const shown: Prompt = { raw: prompt, label: "conversation", config };
  return { prompt: shown, vars: {}, bustCache: true };
}
