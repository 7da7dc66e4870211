/** How often it is looked whether a call is late and there is room. */
const LOOK_MS = 100;

/** What a hedged call needs to know. */
export interface HedgeOptions<T> {
  /** Silence after which a second try is worth its price, milliseconds; undefined while nobody knows. */
  patienceMs: () => number | undefined;
  first: (superseded: AbortSignal) => Promise<T>;
  /** Undefined when there is no room for another call just now: it is asked again a little later. */
  second: (superseded: AbortSignal) => Promise<T> | undefined;
  /** Whether a try gave what was wanted; otherwise the other is waited for. */
  good: (value: T) => boolean;
}

/**
 * The answer of a call or, where that keeps silent, of a second try: whichever is good first. The other is
 * aborted, so that one call that hangs does not hold up all that wait for it.
 */
export async function hedged<T>({ patienceMs, first, second, good }: HedgeOptions<T>): Promise<T> {
  const superseded = new AbortController();
  const other = Promise.withResolvers<T>();
  let begun = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const started = performance.now();
  const look = (): void => {
    const left = (patienceMs() ?? Number.POSITIVE_INFINITY) - (performance.now() - started);
    const again = left > 0 ? undefined : second(superseded.signal);
    begun = again !== undefined;
    if (again === undefined) timer = setTimeout(look, LOOK_MS);
    else again.then(other.resolve, other.reject);
  };
  timer = setTimeout(look, LOOK_MS);
  const one = first(superseded.signal);
  // Whichever loses is nobody's to wait for.
  one.catch(() => undefined);
  other.promise.catch(() => undefined);
  try {
    const winner = await Promise.race([one, other.promise]);
    if (good(winner) || !begun) return winner;
    const both = await Promise.all([one, other.promise]);
    return both.find(good) ?? winner;
  } finally {
    clearTimeout(timer);
    superseded.abort(new Error("another try answered first"));
  }
}
