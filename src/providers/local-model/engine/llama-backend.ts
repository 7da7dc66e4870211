import type {
  ChatHistoryItem,
  ChatWrapper,
  Llama,
  LlamaContext,
  LlamaContextSequence,
  LlamaGrammar,
  LlamaModel,
  Token,
} from "node-llama-cpp";
import type { ChatTurn } from "../chat.ts";
import type { Backend, BackendLane, BackendSlot, Sampling, TokenStream } from "./backend.ts";
import { type LlamaModule, loadLlama, loadModel } from "./llama-module.ts";
import { OrderedBatch } from "./ordered-batch.ts";

/** What makes two engines the same. */
export interface EngineShape {
  /** Absolute path of the GGUF file. */
  path: string;
  contexts: number;
  threads: number;
  sequences: number;
  contextSize: number;
}

type GrammarSchema = Parameters<Llama["createGrammarForJsonSchema"]>[0];

/** Prompt and answer tokens of one forward pass; more only costs memory. */
const batchSize = 512;

/** Loads the model; throws GrpoError `LOCAL_MODEL_UNAVAILABLE` or `LOCAL_MODEL_LOAD`. */
export async function openBackend(shape: EngineShape): Promise<Backend> {
  const { module, llama } = await loadLlama();
  const model = await loadModel(llama, shape.path);
  const grammars = new GrammarCache(module, llama, model);
  const lanes: LlamaLane[] = [];
  for (let i = 0; i < shape.contexts; i++) lanes.push(await openLane(model, shape, grammars));
  const wrapper = module.resolveChatWrapper(model);
  return {
    lanes,
    encode: (turns) => encode(model, wrapper, turns),
    decode: (tokens, before) => model.detokenize(tokens.map(asToken), false, before.map(asToken)),
    close: async () => {
      for (const lane of lanes) await lane.context.dispose();
      await model.dispose();
    },
  };
}

interface LlamaLane extends BackendLane {
  readonly context: LlamaContext;
}

async function openLane(model: LlamaModel, shape: EngineShape, grammars: GrammarCache): Promise<LlamaLane> {
  const batch = new OrderedBatch();
  const context = await model.createContext({
    contextSize: shape.contextSize,
    sequences: shape.sequences,
    threads: shape.threads,
    flashAttention: true,
    batchSize: Math.max(batchSize, shape.sequences),
    batching: { dispatchSchedule: (dispatch) => batch.schedule(dispatch) },
  });
  const slots = Array.from({ length: shape.sequences }, () => new LlamaSlot(context.getSequence(), grammars));
  return { context, slots, together: (works) => batch.run(works) };
}

class LlamaSlot implements BackendSlot {
  readonly #sequence: LlamaContextSequence;
  readonly #grammars: GrammarCache;

  constructor(sequence: LlamaContextSequence, grammars: GrammarCache) {
    this.#sequence = sequence;
    this.#grammars = grammars;
  }

  get evaluated(): readonly number[] {
    return this.#sequence.contextTokens;
  }

  async keep(count: number): Promise<void> {
    const end = this.#sequence.nextTokenIndex;
    if (count === 0) await this.#sequence.clearHistory();
    else if (count < end) await this.#sequence.eraseContextTokenRanges([{ start: count, end }]);
  }

  async copyFrom(source: BackendSlot, count: number): Promise<boolean> {
    if (!(source instanceof LlamaSlot)) return false;
    return copyState(this.#sequence, source.#sequence, count);
  }

  async prefill(tokens: readonly number[]): Promise<void> {
    await this.#sequence.evaluateWithoutGeneratingNewTokens(tokens.map(asToken));
  }

  async idle(): Promise<void> {
    const held = this.#sequence.nextTokenIndex;
    // Some token, anywhere the sequence has room; it is forgotten again at once.
    if (held > this.#sequence.contextSize - 4) await this.keep(1);
    const start = this.#sequence.nextTokenIndex;
    await this.prefill([0]);
    await this.keep(start);
  }

  async generate(
    tokens: readonly number[],
    sampling: Sampling,
    schema: object | undefined,
  ): Promise<TokenStream> {
    const grammarEvaluationState = schema === undefined ? undefined : await this.#grammars.state(schema);
    const stream = this.#sequence.evaluate(tokens.map(asToken), {
      ...sampling,
      ...(grammarEvaluationState === undefined ? {} : { grammarEvaluationState }),
    });
    return {
      next: async () => {
        const step = await stream.next();
        return step.done ? null : step.value;
      },
      close: async () => {
        await stream.return();
      },
    };
  }
}

/**
 * The binding can copy a sequence's state inside its context, but does not offer it in its types; where a version
 * lacks it, the prompt is evaluated again, which is slower and otherwise the same.
 */
async function copyState(target: object, source: object, count: number): Promise<boolean> {
  const copy: unknown = Reflect.get(target, "_copyStateFromOtherSequence");
  if (typeof copy !== "function") return false;
  return (await Reflect.apply(copy, target, [source, count])) === true;
}

/** Grammars are compiled once a schema; the state that walks through one belongs to one answer. */
class GrammarCache {
  readonly #module: LlamaModule;
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #grammars = new Map<string, Promise<LlamaGrammar>>();

  constructor(module: LlamaModule, llama: Llama, model: LlamaModel) {
    this.#module = module;
    this.#llama = llama;
    this.#model = model;
  }

  async state(schema: object) {
    const key = JSON.stringify(schema);
    let grammar = this.#grammars.get(key);
    if (grammar === undefined) {
      // The binding checks the schema itself and names what it cannot express.
      grammar = this.#llama.createGrammarForJsonSchema(schema as GrammarSchema);
      this.#grammars.set(key, grammar);
      grammar.catch(() => this.#grammars.delete(key));
    }
    return new this.#module.LlamaGrammarEvaluationState({ model: this.#model, grammar: await grammar });
  }
}

function encode(
  model: LlamaModel,
  wrapper: ChatWrapper,
  turns: readonly ChatTurn[],
): { tokens: number[]; stops: string[] } {
  const chatHistory: ChatHistoryItem[] = turns.map((turn) =>
    turn.role === "assistant"
      ? { type: "model", response: [turn.content] }
      : { type: turn.role, text: turn.content },
  );
  // The answer goes into an open model turn: a new one, or the assistant's last message, which is continued.
  if (turns.at(-1)?.role !== "assistant") chatHistory.push({ type: "model", response: [] });
  const state = wrapper.generateContextState({ chatHistory });
  const tokens = state.contextText.tokenize(model.tokenizer);
  const { bos, shouldPrependBosToken } = model.tokens;
  if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  const stops = state.stopGenerationTriggers.flatMap((trigger) =>
    trigger.values.every((value) => typeof value === "string") ? [trigger.values.join("")] : [],
  );
  return { tokens, stops: stops.filter((stop) => stop !== "") };
}

function asToken(token: number): Token {
  return token as Token;
}
