import { isAbsolute, resolve } from "node:path";
import type {
  ApiProvider,
  CallApiContextParams,
  CallApiOptionsParams,
  ProviderOptions,
  ProviderResponse,
} from "promptfoo";
import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { KNOWN_ROUTES, type OpenedLibrary, openLibrary, type SpokenTurn } from "../library/index.ts";
import { callWithExperiences, type Injection, passThrough } from "./experience-agent.ts";
import { CLASSIFIER, type ClassifiedRoute, classifiedRoute } from "./route-classifier.ts";
import { spokenTurns } from "./spoken-turns.ts";

const ConfigSchema = z.strictObject({
  /** The agent: a promptfoo provider id, or provider options. */
  provider: z.union([z.string().min(1), z.looseObject({ id: z.string().min(1) })]),
  /** `none` is the baseline; otherwise the library to inject. */
  library: z
    .union([
      z.literal("none"),
      z.strictObject({
        agent: z.string().min(1),
        route: z.string().min(1).optional(),
        /** Each conversation takes its own route, by what was said so far. */
        detect: z.boolean().default(false),
        /** With `detect`: decides what the rules leave open; any promptfoo provider. */
        classifier: z.union([z.string().min(1), z.looseObject({ id: z.string().min(1) })]).optional(),
        maxTokens: z.int().min(1).optional(),
        root: z.string().min(1).default("experiences"),
        version: z.int().min(1).optional(),
      }),
    ])
    .default("none"),
  basePath: z.string().optional(),
});
type Config = z.infer<typeof ConfigSchema>;

/**
 * A promptfoo provider that wraps any other and appends a library of experiences to its system prompt:
 * `package:promptfoo-grpo:ExperienceProvider`. With `library: none`, or an empty library, every byte that
 * reaches the inner provider is what promptfoo would have sent.
 * @throws GrpoError PROVIDER_CONFIG_INVALID from the constructor; library errors come back as `error`.
 */
export class ExperienceProvider implements ApiProvider {
  readonly #config: Config;
  readonly #options: ProviderOptions;
  #inner: Promise<ApiProvider> | undefined;
  #classifier: Promise<ApiProvider> | undefined;
  label?: string;
  /** The wrapper's own until the first call, then the inner provider's, where promptfoo looks for its tools. */
  config?: unknown;

  constructor(options: ProviderOptions = {}) {
    const parsed = ConfigSchema.safeParse(options.config ?? {});
    if (!parsed.success) {
      throw new GrpoError({
        code: "PROVIDER_CONFIG_INVALID",
        message: `The ExperienceProvider's config is not valid: ${z.prettifyError(parsed.error).replace(/\s*\n\s*/g, " ")}.`,
        place: options.label ?? "package:promptfoo-grpo:ExperienceProvider",
        remedy:
          "Give it `provider: <any promptfoo provider>` and `library: none` or `library: {agent: <name>}`.",
      });
    }
    this.#config = parsed.data;
    this.config = options.config;
    this.#options = options;
    if (options.label !== undefined) this.label = options.label;
  }

  /** Distinct for each wrapped provider and library, so that one's rate limits never hold up another. */
  id(): string {
    const { provider, library } = this.#config;
    const inner = typeof provider === "string" ? provider : provider.id;
    return `experience:${library === "none" ? "none" : nameOf(library)}:${inner}`;
  }

  async callApi(
    prompt: string,
    context?: CallApiContextParams,
    options?: CallApiOptionsParams,
  ): Promise<ProviderResponse> {
    try {
      this.#inner ??= this.#load();
      const inner = await this.#inner;
      const injection = await this.#injection(prompt, context);
      return await callWithExperiences(
        (sent, ctx, opts) => inner.callApi(sent, ctx, opts),
        injection,
        prompt,
        context,
        options,
      );
    } catch (error) {
      if (error instanceof GrpoError) return { error: error.describe() };
      throw error;
    }
  }

  async cleanup(): Promise<void> {
    await (await this.#inner)?.cleanup?.();
    await (await this.#classifier)?.cleanup?.();
  }

  async #load(): Promise<ApiProvider> {
    const inner = await this.#loaded(this.#config.provider);
    Object.assign(this, passThrough(inner));
    return inner;
  }

  async #loaded(provider: Config["provider"]): Promise<ApiProvider> {
    const { loadApiProvider } = await import("promptfoo");
    const basePath = this.#config.basePath ?? process.cwd();
    const env = this.#options.env === undefined ? {} : { env: this.#options.env };
    return typeof provider === "string"
      ? loadApiProvider(provider, { basePath, ...env })
      : loadApiProvider(provider.id, { options: provider, basePath, ...env });
  }

  /** The route that a model gives a conversation where the rules leave it open; undefined without a classifier. */
  async #classified(turns: readonly SpokenTurn[], library: Exclude<Config["library"], "none">) {
    const { classifier, detect } = library;
    if (classifier === undefined || !detect) return undefined;
    this.#classifier ??= this.#loaded(classifier);
    const model = await this.#classifier;
    return classifiedRoute(turns, KNOWN_ROUTES, (prompt) => model.callApi(prompt));
  }

  async #injection(
    prompt: string,
    context: CallApiContextParams | undefined,
  ): Promise<Injection | undefined> {
    const { library } = this.#config;
    if (library === "none") return undefined;
    const base = this.#config.basePath ?? process.cwd();
    const root = isAbsolute(library.root) ? library.root : resolve(base, library.root);
    const { agent, route, version, detect, maxTokens } = library;
    const opened = openLibrary({
      root,
      agent,
      detect,
      ...(route === undefined ? {} : { route }),
      ...(version === undefined ? {} : { version }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
    });
    const turns = detect ? spokenTurns(prompt, context) : [];
    const classified = await this.#classified(turns, library);
    return injectionFor(opened, turns, detect || maxTokens !== undefined, classified);
  }
}

/** What a conversation is given; `told` says which route it took and what there was no room for. */
function injectionFor(
  opened: OpenedLibrary,
  turns: readonly SpokenTurn[],
  told: boolean,
  classified?: ClassifiedRoute,
): Injection {
  // What the rules hear they hear again.
  const byModel = classified?.why === CLASSIFIER;
  const served = opened.serve({ turns, ...(byModel ? { userTypes: [classified.route] } : {}) });
  const { block, version, hash, route, versions, tokens } = served;
  const why = byModel && route === classified.route ? CLASSIFIER : served.why;
  const leftOut = served.leftOut.map((one) => `${one.route}/${one.id}`);
  const routed = { route, why, versions, tokens, leftOut };
  return { block, version, hash, ...(told || leftOut.length > 0 ? { routed } : {}) };
}

const nameOf = ({ agent, route, detect, version }: Exclude<Config["library"], "none">): string =>
  `${agent}/${detect ? "detect" : (route ?? "common")}${version === undefined ? "" : `@${version}`}`;
