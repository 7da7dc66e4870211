import type { Journal } from "./journal.ts";
import { type Json, type Task, taskId } from "./task.ts";

/**
 * The seam that the loop stands on: answers a task from the journal if its id is there, otherwise runs the
 * work and records the result before returning it. Equal tasks in flight are run once. Work that throws has no
 * result, so the task can be tried again; a `TaskFailed` is noted for a run that is resumed.
 */
export interface Executor {
  exec<R extends Json>(task: Task, work: () => Promise<R>, asked?: Asked): Promise<R>;
}

/** `ahead`: it may turn out that nobody needs the answer. A failure is then no part of the run. */
export type Asked = "needed" | "ahead";

/** The work was done as far as it could be, and failed. */
export class TaskFailed extends Error {}

/** Runs tasks in this process. */
export function embeddedExecutor(journal: Omit<Journal, "lose">): Executor {
  const inFlight = new Map<string, Promise<Json>>();
  /** Failures that are not noted until somebody needed the answer. */
  const unnoted = new WeakSet<Error>();
  const run = async <R extends Json>(id: string, task: Task, work: () => Promise<R>): Promise<Json> => {
    const known = await journal.get(id);
    if (known !== undefined && "failed" in known) throw new TaskFailed(known.failed);
    if (known !== undefined) return known.result;
    const result = await work().catch((error: unknown) => {
      if (error instanceof TaskFailed) unnoted.add(error);
      throw error;
    });
    await journal.record(id, task, result);
    return result;
  };
  return {
    exec: async <R extends Json>(task: Task, work: () => Promise<R>, asked: Asked = "needed"): Promise<R> => {
      const id = taskId(task);
      if (asked === "ahead" && journal.willFail(id)) throw new TaskFailed("it failed in an earlier process");
      const pending = inFlight.get(id) ?? run(id, task, work).finally(() => inFlight.delete(id));
      inFlight.set(id, pending);
      // The journal stores what `work` of the same task returned, so the type is the task's own.
      try {
        return (await pending) as R;
      } catch (error) {
        if (asked === "needed" && error instanceof TaskFailed && unnoted.delete(error))
          await journal.fail(id, task, error.message);
        throw error;
      }
    },
  };
}
