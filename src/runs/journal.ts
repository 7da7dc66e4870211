import type { Json, Task } from "./task.ts";
import type { PaidTry } from "./usage.ts";

/** How a task ended: with a result, or in a failure that the run went on with. */
export type Known = { result: Json } | { failed: string };

/** What a run has paid for: results by task id. A result is recorded before anyone uses it. */
export interface Journal {
  get(id: string): Promise<Known | undefined>;
  /** Whether `get` would tell of a failure the next time; asking changes nothing, as `get` does. */
  willFail(id: string): boolean;
  record(id: string, task: Task, result: Json): Promise<void>;
  /**
   * Notes that a task failed. The same run tries it again when it is asked again; a resumed run, which has to
   * come to the same candidates, fails where this one did.
   */
  fail(id: string, task: Task, reason: string): Promise<void>;
  /** Notes what a try that gave no result cost, for the caps of a run that is resumed. */
  lose(lost: PaidTry): void;
}

/** A journal that lives as long as the process. */
export function memoryJournal(): Journal & { readonly size: number } {
  const entries = new Map<string, Json>();
  return {
    get size() {
      return entries.size;
    },
    get: async (id) => {
      const result = entries.get(id);
      return result === undefined ? undefined : { result };
    },
    willFail: () => false,
    record: async (id, _task, result) => {
      entries.set(id, result);
    },
    fail: async () => {},
    lose: () => {},
  };
}
