import type { Json, Task } from "./task.ts";

/** What a run has paid for: results by task id. A result is recorded before anyone uses it. */
export interface Journal {
  get(id: string): Promise<{ result: Json } | undefined>;
  record(id: string, task: Task, result: Json): Promise<void>;
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
    record: async (id, _task, result) => {
      entries.set(id, result);
    },
  };
}
