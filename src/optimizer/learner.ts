import OpenAI from "openai";
import type { ApiProvider, ProviderResponse } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import { type ModelFacts, modelFacts } from "../providers/model-facts.ts";
import { cancelledBy, paidCall } from "../providers/paid-call.ts";
import type { Runtime } from "../runs/runtime.ts";
import { configHash } from "../runs/secrets.ts";
import type { Json, Stage } from "../runs/task.ts";
import { loadModel } from "../suite/models.ts";
import { EndpointSchema } from "../suite/settings.ts";
import type { Suite } from "../suite/suite.ts";
import type { ChatMessage } from "./prompt-file.ts";

/** What the learner is asked: messages, and the JSON Schema that its reply must satisfy. */
export interface LearnerRequest {
  stage: Stage;
  messages: readonly ChatMessage[];
  schemaName: string;
  schema: Json;
  temperature: number;
  seed: number;
  maxTokens: number;
}

/** The learner's reply as text; `complete` is false when it was cut or its end is not known to be normal. */
export type LearnerReply = { text: string; complete: boolean } | { error: string };

/** The model that reflects, behind one seam whatever serves it. */
export interface Learner {
  readonly id: string;
  /** Small local models manage one instruction per criterion, not the paper's free comparison. */
  readonly small: boolean;
  readonly facts: ModelFacts;
  ask(request: LearnerRequest): Promise<LearnerReply>;
}

/**
 * The learner of the settings: an endpoint, a promptfoo provider, or the agent's own model as in the paper.
 * @throws GrpoError API_KEY_MISSING, PROVIDER_UNKNOWN, PRICE_UNKNOWN
 */
export async function openLearner(suite: Suite, runtime: Runtime): Promise<Learner> {
  const { learner } = suite.settings;
  const endpoint = typeof learner === "object" ? EndpointSchema.safeParse(learner) : undefined;
  if (endpoint?.success === true) return endpointLearner(endpoint.data, runtime);
  if (learner === undefined) return providerLearner(suite.agent, runtime);
  const ref = learner as Exclude<typeof learner, { model: string }>;
  return providerLearner(await loadModel(ref, suite.config, "metadata.grpo.learner"), runtime);
}

/** Where the client asks when no address is stated. */
const OPENAI_URL = "https://api.openai.com/v1";

function providerLearner(model: ApiProvider, runtime: Runtime): Learner {
  const modelConfig = configHash(model.config);
  const facts = modelFacts(model);
  runtime.prices.requireKnown(facts);
  return {
    id: model.id(),
    small: /local|\bgguf\b|ollama|llamafile/i.test(model.id()),
    facts,
    ask: async (request) => {
      const config = {
        temperature: request.temperature,
        seed: request.seed,
        max_tokens: request.maxTokens,
        response_format: responseFormat(request),
        cacheKey: "learner",
      };
      const raw = JSON.stringify(request.messages);
      const context = { vars: {}, prompt: { raw, label: request.stage, config }, bustCache: true };
      const task = { stage: request.stage, model: model.id(), modelConfig, prompt: raw, config };
      const reply = await paidCall(runtime, facts, task, (signal) =>
        model.callApi(raw, context, cancelledBy(signal, undefined)),
      );
      return toReply(reply);
    },
  };
}

function endpointLearner(endpoint: ReturnType<typeof EndpointSchema.parse>, runtime: Runtime): Learner {
  const apiKey = process.env[endpoint.apiKeyEnv];
  if (apiKey === undefined || apiKey === "") {
    throw new GrpoError({
      code: "API_KEY_MISSING",
      message: `The environment variable ${endpoint.apiKeyEnv} is not set.`,
      place: "metadata.grpo.learner.apiKeyEnv",
      remedy: `Set ${endpoint.apiKeyEnv} (any value, for an endpoint that needs no key).`,
    });
  }
  // Retries live in the limiter, where they are counted.
  const client = new OpenAI({
    apiKey,
    maxRetries: 0,
    ...(endpoint.baseUrl === undefined ? {} : { baseURL: endpoint.baseUrl }),
  });
  const facts: ModelFacts = {
    id: endpoint.model,
    url: endpoint.baseUrl ?? OPENAI_URL,
    key: `${endpoint.baseUrl ?? "openai"} ${endpoint.apiKeyEnv}`,
    local: false,
    reportsCost: endpoint.pricePerMillion !== undefined,
  };
  runtime.prices.requireKnown(facts);
  return {
    id: endpoint.model,
    small: false,
    facts,
    ask: async (request) => {
      const body = {
        model: endpoint.model,
        messages: [...request.messages],
        temperature: request.temperature,
        seed: request.seed,
        max_tokens: request.maxTokens,
        ...(endpoint.structured ? { response_format: responseFormat(request) } : {}),
      };
      const task = {
        stage: request.stage,
        endpoint: endpoint.baseUrl ?? "openai",
        body: JSON.stringify(body),
      };
      return toReply(
        await paidCall(runtime, facts, task, (signal) => complete(client, body, endpoint, signal)),
      );
    },
  };
}

async function complete(
  client: OpenAI,
  body: OpenAI.Chat.ChatCompletionCreateParamsNonStreaming,
  endpoint: ReturnType<typeof EndpointSchema.parse>,
  signal: AbortSignal,
): Promise<ProviderResponse> {
  let reply: OpenAI.Chat.ChatCompletion;
  try {
    reply = await client.chat.completions.create(body, { signal });
  } catch (error) {
    return failureOf(error);
  }
  // A gateway in trouble may answer 200 with something else altogether.
  const choice = reply.choices?.[0];
  const usage = reply.usage ?? undefined;
  const [prompt, completion] = [usage?.prompt_tokens ?? 0, usage?.completion_tokens ?? 0];
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? undefined;
  const price = endpoint.pricePerMillion;
  const { content, refusal } = choice?.message ?? {};
  return {
    output: content || refusal || "",
    ...(choice === undefined ? {} : { finishReason: choice.finish_reason }),
    ...(refusal ? { isRefusal: true } : {}),
    ...(usage === undefined
      ? {}
      : {
          tokenUsage: {
            prompt,
            completion,
            total: prompt + completion,
            numRequests: 1,
            ...(cached === undefined ? {} : { cached }),
          },
        }),
    ...(price === undefined ? {} : { cost: (prompt * price.input + completion * price.output) / 1e6 }),
  };
}

/** In the form in which promptfoo's own providers report a failure. */
function failureOf(error: unknown): ProviderResponse {
  if (!(error instanceof OpenAI.APIError) || error.status === undefined) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : "";
    return { error: `${error instanceof Error ? error.message : String(error)}${cause}` };
  }
  const { status, message, code } = error;
  return {
    error: `API error: ${status} ${message}${typeof code === "string" ? ` (code: ${code})` : ""}`,
    metadata: { http: { status, statusText: "", headers: Object.fromEntries(error.headers ?? []) } },
  };
}

function responseFormat(request: LearnerRequest) {
  return {
    type: "json_schema" as const,
    json_schema: {
      name: request.schemaName,
      strict: true,
      schema: request.schema as { [key: string]: Json },
    },
  };
}

function toReply(response: ProviderResponse): LearnerReply {
  if (response.error !== undefined) return { error: response.error };
  const text = typeof response.output === "string" ? response.output : JSON.stringify(response.output);
  return { text, complete: response.finishReason === "stop" };
}
