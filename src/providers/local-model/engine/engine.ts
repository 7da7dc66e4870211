import type { ChatTurn } from "../chat.ts";
import type { Backend, BackendSlot } from "./backend.ts";
import { Lane } from "./lane.ts";
import { choosePlacement, type Placement } from "./placement.ts";
import type { Completion, EngineRequest } from "./request.ts";

interface Slot {
  readonly backend: BackendSlot;
  busy: boolean;
  home: string | undefined;
  readonly evaluated: readonly number[];
}

interface Waiting {
  readonly request: EngineRequest;
  readonly resolve: (completion: Completion) => void;
  readonly reject: (reason: unknown) => void;
}

/** A loaded model with its queue: calls wait first in, first out, for a slot of any lane. */
export class Engine {
  readonly #backend: Backend;
  readonly #lanes: readonly { lane: Lane; slots: readonly Slot[] }[];
  #queue: Waiting[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#lanes = backend.lanes.map((lane) => ({
      lane: new Lane(lane, (tokens, before) => backend.decode(tokens, before)),
      slots: lane.slots.map(newSlot),
    }));
  }

  encode(turns: readonly ChatTurn[]): { tokens: number[]; stops: string[] } {
    return this.#backend.encode(turns);
  }

  /** Rejects with the signal's reason when the call is aborted, waiting or running. */
  complete(request: EngineRequest): Promise<Completion> {
    const { signal } = request;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const waiting = { request, resolve, reject };
      const onAbort = () => {
        if (!this.#queue.includes(waiting)) return;
        this.#queue = this.#queue.filter((other) => other !== waiting);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queue.push(waiting);
      this.#pump();
    });
  }

  /** Frees the model's memory; calls that wait or run are rejected. */
  async close(reason: Error): Promise<void> {
    for (const waiting of this.#queue) waiting.reject(reason);
    this.#queue = [];
    await this.#backend.close();
  }

  #pump(): void {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const { tokens, cacheKey } = head.request;
      const views = this.#lanes.map(({ slots }) => slots);
      const placement = choosePlacement(views, tokens, cacheKey);
      if (placement === null) return;
      this.#queue.shift();
      void this.#start(head, placement);
    }
  }

  async #start(waiting: Waiting, placement: Placement): Promise<void> {
    const place = this.#lanes[placement.lane];
    const slot = place?.slots[placement.slot];
    if (place === undefined || slot === undefined) throw new Error("placement outside the lanes");
    slot.busy = true;
    if (placement.claim) slot.home = waiting.request.cacheKey;
    try {
      waiting.resolve(await place.lane.run(waiting.request, slot.backend));
    } catch (error) {
      waiting.reject(error);
    } finally {
      slot.busy = false;
      this.#pump();
    }
  }
}

function newSlot(backend: BackendSlot): Slot {
  return {
    backend,
    busy: false,
    home: undefined,
    get evaluated() {
      return backend.evaluated;
    },
  };
}
