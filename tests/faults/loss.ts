import type { Asked } from "./model-server.ts";

/** What one process lost or paid for again, by the journal before and after it and what it asked. */
export interface Loss {
  /** Calls that were in the journal before and are not now. */
  forgotten: number;
  /** Requests whose answer was in the journal when the process began. */
  again: number;
  /** Answered requests that did not come into the journal: paid for, and to be paid for again. */
  unrecorded: number;
  /** Requests that were answered although this process had had their answer. */
  twice: number;
}

/** `now` is null where there is no journal that can be read. */
export function lossOf(
  before: ReadonlySet<string>,
  now: ReadonlySet<string> | null,
  asked: readonly Asked[],
): Loss {
  const answered = asked.filter((one) => one.answer === "ok").map((one) => one.key);
  const kept = now ?? before;
  return {
    forgotten: [...before].filter((key) => !kept.has(key)).length,
    again: asked.filter((one) => before.has(one.key)).length,
    unrecorded: new Set(answered.filter((key) => !kept.has(key))).size,
    twice: answered.length - new Set(answered).size,
  };
}
