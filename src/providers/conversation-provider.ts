import { isAbsolute, resolve } from "node:path";
import type {
  ApiProvider,
  CallApiContextParams,
  CallApiOptionsParams,
  Prompt,
  ProviderOptions,
  ProviderResponse,
  TokenUsage,
} from "promptfoo";
import { z } from "zod";
import { conversationMarkdown } from "../datasets/conversation-markdown.ts";
import { loadPersonaFolder } from "../datasets/load.ts";
import type { Dataset, Persona } from "../datasets/schema.ts";
import { GrpoError } from "../library/error.ts";
import { seedFrom } from "../runs/random.ts";
import { hashOf } from "../runs/task.ts";
import { type Ask, converse, personaStyle, type Talk } from "../simulation/converse.ts";
import { frameOf } from "../simulation/frame.ts";
import { loggedConversation } from "../simulation/logged.ts";

const Ref = z.union([z.string().min(1), z.looseObject({ id: z.string().min(1) })]);
type Ref = z.infer<typeof Ref>;

const ConfigSchema = z.strictObject({
  /** The agent: a promptfoo provider id, or provider options. */
  provider: Ref,
  persona: z.strictObject({
    /** Plays the personas. Default: the agent's provider. */
    provider: Ref.optional(),
    /** Folder of persona files. */
    folder: z.string().min(1),
  }),
  /** Replies of the agent at most. */
  maxTurns: z.int().min(1).max(200).default(8),
  seed: z.int().min(0).default(1),
  /** What the row's output is: the transcript for reading, or the conversation as a log has it. */
  output: z.enum(["markdown", "json"]).default("markdown"),
  basePath: z.string().optional(),
});
type Config = z.infer<typeof ConfigSchema>;

/** The two models of a conversation. */
export interface Roles {
  agent: ApiProvider;
  persona: ApiProvider;
}

/** Makes the calls of a conversation; a run puts its journal and limiter here. */
export interface Calls {
  agent: Ask;
  persona: Ask;
}

/** A provider whose one answer is a conversation of many calls; a run makes these calls itself. */
export interface ConversationAgent extends ApiProvider {
  roles(): Promise<Roles>;
  converseWith(
    calls: Calls,
    prompt: string,
    context: CallApiContextParams | undefined,
    seed: number,
  ): Promise<ProviderResponse>;
}

/** By what it can do: under promptfoo a plug-in's class may be loaded twice. */
export const isConversationAgent = (agent: ApiProvider): agent is ConversationAgent =>
  typeof (agent as Partial<ConversationAgent>).converseWith === "function" &&
  typeof (agent as Partial<ConversationAgent>).roles === "function";

/**
 * A promptfoo provider whose output is a whole conversation with a simulated persona:
 * `package:promptfoo-grpo:ConversationProvider`. The test's variable `persona` (or `metadata.persona`) names the
 * persona, `opening` what it says first. `metadata.messages` is the transcript, `metadata.conversation` the entry of
 * a conversation log.
 * @throws GrpoError PROVIDER_CONFIG_INVALID from the constructor; what is wrong with personas comes back as `error`.
 */
export class ConversationProvider implements ConversationAgent {
  readonly #config: Config;
  readonly #env: ProviderOptions["env"];
  #roles: Promise<Roles> | undefined;
  #dataset: Promise<Dataset> | undefined;
  label?: string;
  config?: unknown;

  constructor(options: ProviderOptions = {}) {
    const parsed = ConfigSchema.safeParse(options.config ?? {});
    if (!parsed.success) {
      throw new GrpoError({
        code: "PROVIDER_CONFIG_INVALID",
        message: `The ConversationProvider's config is not valid: ${z.prettifyError(parsed.error).replace(/\s*\n\s*/g, " ")}.`,
        place: options.label ?? "package:promptfoo-grpo:ConversationProvider",
        remedy: "Give it `provider: <the agent>` and `persona: {folder: <persona files>}`; docs/provider.md.",
      });
    }
    this.#config = parsed.data;
    this.#env = options.env;
    this.config = options.config;
    if (options.label !== undefined) this.label = options.label;
  }

  id(): string {
    const { provider, persona } = this.#config;
    return `conversation:${idOf(provider)}:with:${idOf(persona.provider ?? provider)}`;
  }

  async callApi(
    prompt: string,
    context?: CallApiContextParams,
    options?: CallApiOptionsParams,
  ): Promise<ProviderResponse> {
    try {
      const { agent, persona } = await this.roles();
      const direct =
        (model: ApiProvider, config: Record<string, number>): Ask =>
        (sent, seed) => {
          const shown: Prompt = { raw: sent, label: "conversation", config: { ...config, seed } };
          return model.callApi(sent, { prompt: shown, vars: {}, bustCache: true }, options);
        };
      const { seed } = this.#config;
      const repeat = context?.repeatIndex ?? 0;
      const own = seedFrom(seed, hashOf(context?.test?.vars ?? context?.vars ?? null), repeat);
      const calls = {
        agent: direct(agent, {}),
        persona: direct(persona, agent === persona ? { temperature: 0.8 } : {}),
      };
      return await this.converseWith(calls, prompt, context, own);
    } catch (error) {
      if (error instanceof GrpoError) return { error: error.describe() };
      throw error;
    }
  }

  async converseWith(
    calls: Calls,
    prompt: string,
    context: CallApiContextParams | undefined,
    seed: number,
  ): Promise<ProviderResponse> {
    this.#dataset ??= loadPersonaFolder(this.#path(this.#config.persona.folder));
    const dataset = await this.#dataset;
    const persona = personaOf(dataset, context);
    const opening = context?.vars?.["opening"];
    const talk = await converse(
      {
        persona,
        style: personaStyle(persona, dataset.examples),
        frame: frameOf(prompt),
        ...(typeof opening === "string" && opening.trim() !== "" ? { opening } : {}),
        maxTurns: this.#config.maxTurns,
        seed,
      },
      calls.agent,
      calls.persona,
    );
    return this.#response(talk, persona, { seed, repeat: context?.repeatIndex ?? 0 });
  }

  roles(): Promise<Roles> {
    this.#roles ??= this.#load();
    return this.#roles;
  }

  async cleanup(): Promise<void> {
    const roles = await this.#roles;
    await roles?.agent.cleanup?.();
    if (roles?.persona !== roles?.agent) await roles?.persona.cleanup?.();
  }

  async #response(
    talk: Talk,
    persona: Persona,
    { seed, repeat }: { seed: number; repeat: number },
  ): Promise<ProviderResponse> {
    const { agent, persona: model } = await this.roles();
    const spent = spentBy(talk.responses);
    if (talk.error !== undefined) return { error: talk.error, ...spent };
    const conversation = loggedConversation(talk, persona, {
      id: `${persona.persona}-${seed}-${repeat}`,
      agent: this.label ?? agent.id(),
      provenance: { seed, models: { agent: agent.id(), persona: model.id() } },
    });
    const { score: _, criteria: __, ...unscored } = conversation;
    const turns = unscored.turns.map(({ criteria: ___, ...turn }) => turn);
    return {
      output:
        this.#config.output === "json"
          ? JSON.stringify({ ...unscored, turns })
          : conversationMarkdown({ ...unscored, turns }),
      ...(talk.prompt === undefined ? {} : { prompt: talk.prompt }),
      ...spent,
      metadata: {
        messages: turns.map(({ role, content }) => ({ role, content })),
        conversation: { ...unscored, turns },
        repeatIndex: repeat,
      },
    };
  }

  async #load(): Promise<Roles> {
    const { provider, persona } = this.#config;
    const agent = await this.#model(provider);
    return { agent, persona: persona.provider === undefined ? agent : await this.#model(persona.provider) };
  }

  async #model(ref: Ref): Promise<ApiProvider> {
    const { loadApiProvider } = await import("promptfoo");
    const basePath = this.#config.basePath ?? process.cwd();
    const env = this.#env === undefined ? {} : { env: this.#env };
    return typeof ref === "string"
      ? loadApiProvider(ref, { basePath, ...env })
      : loadApiProvider(ref.id, { options: ref, basePath, ...env });
  }

  #path(folder: string): string {
    return isAbsolute(folder) ? folder : resolve(this.#config.basePath ?? process.cwd(), folder);
  }
}

const idOf = (ref: Ref): string => (typeof ref === "string" ? ref : ref.id);

/** @throws GrpoError PERSONA_UNKNOWN, PERSONA_NOT_HIDDEN */
function personaOf({ personas, folder }: Dataset, context: CallApiContextParams | undefined): Persona {
  const wanted = context?.vars?.["persona"] ?? context?.test?.metadata?.["persona"];
  const found = personas.find(({ persona }) => persona === wanted);
  if (found?.hidden !== undefined) return found;
  if (found !== undefined) {
    throw new GrpoError({
      code: "PERSONA_NOT_HIDDEN",
      message: `The persona "${found.persona}" has no \`hidden\` block, so it cannot be simulated.`,
      place: found.file,
      remedy: "Write one; docs/simulation.md says what is in it.",
    });
  }
  throw new GrpoError({
    code: "PERSONA_UNKNOWN",
    message: `There is no persona ${JSON.stringify(wanted ?? null)}.`,
    place: folder,
    remedy: `Set the test's variable \`persona\` to one of: ${personas.map(({ persona }) => persona).join(", ")}.`,
  });
}

/** Tokens and dollars of all calls together; a cost that one of them does not tell is unknown. */
function spentBy(responses: readonly ProviderResponse[]): Pick<ProviderResponse, "tokenUsage" | "cost"> {
  const sum = (key: "total" | "prompt" | "completion" | "cached"): number =>
    responses.reduce((all, { tokenUsage }) => all + (tokenUsage?.[key] ?? 0), 0);
  const tokenUsage: TokenUsage = {
    total: sum("total"),
    prompt: sum("prompt"),
    completion: sum("completion"),
    cached: sum("cached"),
    numRequests: responses.length,
  };
  const costs = responses.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
  if (costs.length < responses.length) return { tokenUsage };
  return { tokenUsage, cost: costs.reduce((all, one) => all + one, 0) };
}
