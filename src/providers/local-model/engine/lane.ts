import { finishedAnswer } from "./answer.ts";
import type { Backend, BackendLane, BackendSlot, TokenStream } from "./backend.ts";
import { commonPrefix } from "./prefix.ts";
import type { Completion, EngineRequest } from "./request.ts";
import { planStep } from "./step-plan.ts";

/** Copying or waiting for another slot's state is worth it from this many tokens on. */
const worthwhileTokens = 16;

interface Job {
  readonly request: EngineRequest;
  readonly slot: BackendSlot;
  readonly resolve: (completion: Completion) => void;
  readonly reject: (reason: unknown) => void;
  phase: "waiting" | "prefill" | "writing";
  evaluatedTokens: number;
  written: number[];
  stream: TokenStream | undefined;
}

/**
 * The calls of one context, advanced in lock-step: every step is one forward pass that carries the next token of
 * all answers, and part of the prompts that are still to be read.
 *
 * Left to themselves, sequences of one context drift apart: whichever is sampled last misses the next batch, until
 * every batch holds one or two tokens and parallel calls are no faster than one. Measured: docs/local-model.md.
 */
export class Lane {
  readonly #lane: BackendLane;
  readonly #decode: Backend["decode"];
  #jobs: Job[] = [];
  #running = false;

  constructor(lane: BackendLane, decode: Backend["decode"]) {
    this.#lane = lane;
    this.#decode = decode;
  }

  /** Answers `request` on a free slot of this lane. */
  run(request: EngineRequest, slot: BackendSlot): Promise<Completion> {
    return new Promise((resolve, reject) => {
      const state = { phase: "waiting" as const, evaluatedTokens: 0, written: [], stream: undefined };
      this.#jobs.push({ request, slot, resolve, reject, ...state });
      if (!this.#running) void this.#loop();
    });
  }

  async #loop(): Promise<void> {
    this.#running = true;
    // Calls that arrive in the same tick start in the same step.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#jobs.length > 0) {
      for (const job of this.#jobs)
        if (job.request.signal?.aborted) await this.#fail(job, job.request.signal.reason);
      for (const job of this.#jobs)
        if (job.phase === "waiting") await this.#guard(job, () => this.#prepare(job));
      await this.#step();
    }
    this.#running = false;
  }

  /** Brings the slot to the longest state that any slot of this lane can give it, or leaves the job waiting. */
  async #prepare(job: Job): Promise<void> {
    // The last prompt token is always evaluated: the first answer token is drawn from it.
    const wanted = job.request.tokens.slice(0, -1);
    const own = commonPrefix(job.slot.evaluated, wanted);
    let best = { held: own, slot: job.slot };
    for (const slot of this.#lane.slots) {
      const held = commonPrefix(slot.evaluated, wanted);
      if (held > best.held) best = { held, slot };
    }
    const coming = this.#jobs
      .filter((other) => other.phase === "prefill")
      .map((other) => commonPrefix(other.request.tokens.slice(0, -1), wanted));
    if (Math.max(0, ...coming) >= best.held + worthwhileTokens) return;
    const copied = best.held >= own + worthwhileTokens && (await job.slot.copyFrom(best.slot, best.held));
    if (!copied) await job.slot.keep(commonPrefix(job.slot.evaluated, wanted));
    job.phase = "prefill";
  }

  async #step(): Promise<void> {
    const jobs = new Map(
      this.#jobs
        .filter(({ phase }) => phase !== "waiting")
        .map((job) => [this.#lane.slots.indexOf(job.slot), job]),
    );
    const inputs = [...jobs].map(([slot, job]) => ({ slot, remaining: unread(job).length }));
    await this.#lane.together(
      planStep(inputs).map(({ slot, tokens }) => async () => {
        const job = jobs.get(slot);
        if (job === undefined) await this.#lane.slots[slot]?.idle();
        else await this.#guard(job, () => this.#advance(job, tokens));
      }),
    );
  }

  async #advance(job: Job, tokens: number): Promise<void> {
    if (job.phase === "writing") return this.#write(job);
    const rest = unread(job);
    const part = rest.slice(0, tokens);
    job.evaluatedTokens += part.length;
    await this.#read(job, part, part.length === rest.length);
  }

  async #read(job: Job, part: readonly number[], last: boolean): Promise<void> {
    if (!last) return job.slot.prefill(part);
    job.stream = await job.slot.generate(part, job.request.sampling, job.request.schema);
    job.phase = "writing";
    await this.#write(job);
  }

  async #write(job: Job): Promise<void> {
    const token = (await job.stream?.next()) ?? null;
    if (token !== null) job.written.push(token);
    const before = job.request.tokens.slice(-8);
    const text = () => this.#decode(job.written, before);
    const answer = finishedAnswer(job.request, job.written.length, token === null, text);
    if (answer === null) return;
    await this.#leave(job);
    job.resolve({ ...answer, completionTokens: job.written.length, evaluatedTokens: job.evaluatedTokens });
  }

  async #guard(job: Job, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      await this.#fail(job, error);
    }
  }

  async #fail(job: Job, reason: unknown): Promise<void> {
    await this.#leave(job);
    job.reject(reason);
  }

  async #leave(job: Job): Promise<void> {
    this.#jobs = this.#jobs.filter((other) => other !== job);
    // A stream that cannot be closed has failed already; its error was or will be the job's.
    await job.stream?.close().catch(() => undefined);
  }
}

/** The prompt's tokens that are not evaluated yet. */
function unread(job: Job): readonly number[] {
  return job.phase === "writing" ? [] : job.request.tokens.slice(job.slot.evaluated.length);
}
