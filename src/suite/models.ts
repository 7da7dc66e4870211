import type { ApiProvider } from "promptfoo";
import { loadApiProvider, loadApiProviders } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import { withoutOwnRetries } from "../providers/model-facts.ts";
import { withoutSecrets } from "../runs/secrets.ts";
import type { Config } from "./config.ts";
import { onOneLine } from "./one-line.ts";
import type { ProviderRef } from "./settings.ts";

/** Loads one model by promptfoo provider id or options. @throws GrpoError PROVIDER_UNKNOWN */
export async function loadModel(ref: ProviderRef, config: Config, place: string): Promise<ApiProvider> {
  const context = { basePath: process.cwd(), ...(config.env === undefined ? {} : { env: config.env }) };
  try {
    return withoutOwnRetries(
      typeof ref === "string"
        ? await loadApiProvider(ref, context)
        : await loadApiProvider(ref.id, { ...context, options: ref as { id: string } }),
    );
  } catch (cause) {
    throw unknownProvider(typeof ref === "string" ? ref : ref.id, place, cause);
  }
}

/** The providers of the config, in order. @throws GrpoError PROVIDER_UNKNOWN, CONFIG_NO_PROVIDER */
export async function loadAgents(config: Config): Promise<ApiProvider[]> {
  const refs = config.providers;
  if (refs === undefined || refs === null || (Array.isArray(refs) && refs.length === 0)) {
    throw new GrpoError({
      code: "CONFIG_NO_PROVIDER",
      message: "The config names no provider.",
      place: "providers",
      remedy: "Add one, for example `providers: [openai:gpt-5-mini]`.",
    });
  }
  try {
    const env = config.env === undefined ? {} : { env: config.env };
    const models = await loadApiProviders(refs as Parameters<typeof loadApiProviders>[0], {
      basePath: process.cwd(),
      ...env,
    });
    return models.map(withoutOwnRetries);
  } catch (cause) {
    throw unknownProvider(JSON.stringify(withoutSecrets(refs)).slice(0, 120), "providers", cause);
  }
}

function unknownProvider(what: string, place: string, cause: unknown): GrpoError {
  return new GrpoError({
    code: "PROVIDER_UNKNOWN",
    message: `promptfoo cannot load the provider ${what}: ${onOneLine(cause instanceof Error ? cause.message : String(cause))}.`,
    place,
    remedy:
      "See https://www.promptfoo.dev/docs/providers for the ids; a package or file must exist relative to the config.",
    cause,
  });
}

/**
 * Chooses one of several by id, label or a part of it; the only one needs no choosing.
 * @throws GrpoError AMBIGUOUS_CHOICE, NO_SUCH_CHOICE listing what there is
 */
export function chooseOne<T>(
  kind: "provider" | "prompt",
  items: readonly T[],
  names: (item: T) => string[],
  wanted: string | undefined,
): T {
  const listed = items.map((item) => `"${names(item)[0]?.replace(/\s+/g, " ").slice(0, 70)}"`).join(", ");
  const exact = items.filter((item) => wanted === undefined || names(item).includes(wanted));
  const found =
    exact.length > 0 || wanted === undefined
      ? exact
      : items.filter((item) => names(item).some((name) => name.includes(wanted)));
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  throw new GrpoError({
    code: only === undefined ? "NO_SUCH_CHOICE" : "AMBIGUOUS_CHOICE",
    message:
      only === undefined
        ? `No ${kind} matches "${wanted ?? ""}"; there are: ${listed}.`
        : `The config has ${found.length} ${kind}s that could be trained: ${listed}.`,
    place: `metadata.grpo.${kind}`,
    remedy: `Say which with --${kind} <id or label>.`,
  });
}

/** A model's label, or its id where it has none; promptfoo gives some an empty label. */
export const nameOf = (model: ApiProvider): string => model.label || model.id();
