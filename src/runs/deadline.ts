/** What a call came to within its time; one that was cut off may still answer, and is then still paid for. */
export type InTime<T> = { end: "answered"; value: T } | { end: CutOff; late: Promise<T> };
/** `superseded`: another try answered first. */
type CutOff = "timed-out" | "killed" | "superseded";

/** What else may end a call. */
export interface Ends {
  kill?: AbortSignal | undefined;
  superseded?: AbortSignal | undefined;
}

/**
 * Runs `work` for `ms` at most, and no longer than `kill` and `superseded` let it. The signal it is given is aborted at its end;
 * one that takes no notice costs itself alone: nobody waits for it.
 */
export async function withDeadline<T>(
  ms: number,
  { kill, superseded }: Ends,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<InTime<T>> {
  const cut = new AbortController();
  const cutOff = Promise.withResolvers<CutOff>();
  const says: Record<CutOff, string> = {
    killed: "the run was interrupted",
    superseded: "another try answered first",
    "timed-out": `timed out after ${ms} ms`,
  };
  const end = (why: CutOff): void => {
    cutOff.resolve(why);
    cut.abort(new Error(says[why]));
  };
  const timer = setTimeout(() => end("timed-out"), Math.min(ms, 2 ** 31 - 1));
  const killed = (): void => end("killed");
  kill?.addEventListener("abort", killed, { once: true });
  if (kill?.aborted === true) killed();
  const overtaken = (): void => end("superseded");
  superseded?.addEventListener("abort", overtaken, { once: true });
  const answer = (async () => work(cut.signal))();
  try {
    return await Promise.race([
      answer.then((value) => ({ end: "answered" as const, value })),
      cutOff.promise.then((why) => ({ end: why, late: answer })),
    ]);
  } finally {
    clearTimeout(timer);
    kill?.removeEventListener("abort", killed);
    superseded?.removeEventListener("abort", overtaken);
  }
}
