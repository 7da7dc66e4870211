import type { Backend, BackendLane, BackendSlot } from "../../../src/providers/local-model/engine/backend.ts";

/** What the fake was asked to do, in order. */
export interface FakeLog {
  /** Tokens evaluated in each batch, by slot: "0:3 1:1". */
  batches: string[];
  copies: string[];
  schemas: (object | undefined)[];
  seeds: number[];
  closed: number;
}

export interface FakeOptions {
  lanes?: number;
  slots?: number;
  /** Answer to a prompt, as text; one character a token. */
  answer?: (prompt: string) => string;
  /** Thrown when a prompt containing this is generated from. */
  failOn?: string;
}

/** A model whose tokens are character codes, and whose forward passes are recorded. */
export function fakeBackend(options: FakeOptions = {}): { backend: Backend; log: FakeLog } {
  const log: FakeLog = { batches: [], copies: [], schemas: [], seeds: [], closed: 0 };
  const lanes = Array.from({ length: options.lanes ?? 1 }, () => fakeLane(options, log));
  const backend: Backend = {
    lanes,
    encode: (turns) => ({
      tokens: toTokens(turns.map((turn) => `${turn.role[0]}:${turn.content}|`).join("")),
      stops: [],
    }),
    decode: toText,
    close: async () => {
      log.closed++;
    },
  };
  return { backend, log };
}

export function toTokens(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

function toText(tokens: readonly number[]): string {
  return String.fromCodePoint(...tokens);
}

function fakeLane(options: FakeOptions, log: FakeLog): BackendLane {
  let batch: string[] = [];
  const slots = Array.from({ length: options.slots ?? 2 }, (_, index) =>
    fakeSlot(index, options, log, (count) => batch.push(`${index}:${count}`)),
  );
  return {
    slots,
    together: async (works) => {
      batch = [];
      await Promise.all(works.map((work) => work()));
      log.batches.push(batch.join(" "));
      // A forward pass takes time: calls may arrive, or be aborted, meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
}

function fakeSlot(
  index: number,
  options: FakeOptions,
  log: FakeLog,
  pass: (count: number) => void,
): BackendSlot & { held: number[] } {
  return {
    held: [],
    get evaluated() {
      return this.held;
    },
    async keep(count) {
      this.held = this.held.slice(0, count);
    },
    async copyFrom(source, count) {
      this.held = source.evaluated.slice(0, count);
      log.copies.push(`${index}<${count}`);
      return true;
    },
    async prefill(tokens) {
      pass(tokens.length);
      this.held = [...this.held, ...tokens];
    },
    async idle() {
      pass(1);
    },
    async generate(tokens, sampling, schema) {
      log.seeds.push(sampling.seed);
      log.schemas.push(schema);
      let next: readonly number[] = tokens;
      let written = 0;
      return {
        next: async () => {
          pass(next.length);
          this.held = [...this.held, ...next];
          if (written === 0 && options.failOn !== undefined && toText(this.held).includes(options.failOn)) {
            throw new Error("decode failed");
          }
          const prompt = toText(this.held.slice(0, this.held.length - written));
          const token = toTokens(options.answer?.(prompt) ?? "ok")[written];
          written++;
          if (token === undefined) return null;
          next = [token];
          return token;
        },
        close: async () => undefined,
      };
    },
  };
}
