/** What a call came to within its time; one that was cut off may still answer, and is then still paid for. */
export type InTime<T> = { end: "answered"; value: T } | { end: "timed-out" | "killed"; late: Promise<T> };

/**
 * Runs `work` for `ms` at most, and no longer than `kill` lets it. The signal it is given is aborted at its end;
 * one that takes no notice costs itself alone: nobody waits for it.
 */
export async function withDeadline<T>(
  ms: number,
  kill: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<InTime<T>> {
  const cut = new AbortController();
  const cutOff = Promise.withResolvers<"timed-out" | "killed">();
  const end = (why: "timed-out" | "killed"): void => {
    cutOff.resolve(why);
    cut.abort(new Error(why === "killed" ? "the run was interrupted" : `timed out after ${ms} ms`));
  };
  const timer = setTimeout(() => end("timed-out"), Math.min(ms, 2 ** 31 - 1));
  const killed = (): void => end("killed");
  kill?.addEventListener("abort", killed, { once: true });
  if (kill?.aborted === true) killed();
  const answer = (async () => work(cut.signal))();
  try {
    return await Promise.race([
      answer.then((value) => ({ end: "answered" as const, value })),
      cutOff.promise.then((why) => ({ end: why, late: answer })),
    ]);
  } finally {
    clearTimeout(timer);
    kill?.removeEventListener("abort", killed);
  }
}
