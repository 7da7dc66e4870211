import type { ApiProvider, CallApiContextParams, CallApiOptionsParams, ProviderResponse } from "promptfoo";
import { type Experience, injectIntoPrompt } from "../library/index.ts";

/** What an agent is given besides its prompt: the experiences' text and which library it came from. */
export interface Injection {
  /** The rendered experiences; the empty string leaves the prompt byte for byte as it was. */
  readonly block: string;
  readonly version: number;
  readonly hash: string;
  /** What the block was rendered from, where it may be joined with another library's. */
  readonly experiences?: readonly Experience[];
  /** Where the conversation chose the libraries: its route, the words that gave it, and every library's version. */
  readonly routed?: {
    readonly route: string;
    readonly why: string;
    readonly versions: Readonly<Record<string, number>>;
    /** Estimated, of the block. */
    readonly tokens: number;
    /** `route/id` of experiences for which there was no room. */
    readonly leftOut: readonly string[];
  };
}

/** Makes one call of the inner provider; a run puts its journal and limiter here. */
export type CallInner = (
  prompt: string,
  context: CallApiContextParams | undefined,
  options: CallApiOptionsParams | undefined,
) => Promise<ProviderResponse>;

/**
 * The one place where library text enters a prompt: after all template rendering, at the provider's
 * boundary. Reports the prompt that was really sent, the library and the repeat in the response.
 */
export async function callWithExperiences(
  call: CallInner,
  injection: Injection | undefined,
  prompt: string,
  context: CallApiContextParams | undefined,
  options: CallApiOptionsParams | undefined,
): Promise<ProviderResponse> {
  const sent = injection === undefined ? prompt : injectIntoPrompt(prompt, injection.block);
  // Under promptfoo's CLI a plug-in holds a second copy of promptfoo, whose cache does not know about
  // repeats: without bustCache every repeat would be answered by the first one's reply.
  const response = await call(
    sent,
    context === undefined ? undefined : { ...context, bustCache: true },
    options,
  );
  return {
    ...response,
    ...(sent === prompt ? {} : { prompt: sent }),
    metadata: {
      ...response.metadata,
      repeatIndex: context?.repeatIndex ?? 0,
      libraryVersion: injection?.version ?? null,
      libraryHash: injection?.hash ?? null,
      ...(injection?.routed === undefined ? {} : { libraryRoute: injection.routed }),
    },
  };
}

/** Everything of a provider that promptfoo reads besides calling it, so that a wrapper looks like what it wraps. */
export function passThrough(inner: ApiProvider): Partial<ApiProvider> {
  return {
    ...(inner.inputs === undefined ? {} : { inputs: inner.inputs }),
    ...(inner.transform === undefined ? {} : { transform: inner.transform }),
    ...(inner.delay === undefined ? {} : { delay: inner.delay }),
    ...(inner.getSessionId === undefined ? {} : { getSessionId: inner.getSessionId.bind(inner) }),
    ...(inner.config === undefined ? {} : { config: inner.config }),
  };
}
