import { type Signal, type SpokenTurn, signalsOf } from "./route-signals.ts";
import { COMMON, CRISIS, inPriority, KNOWN_ROUTES } from "./routing.ts";

/** When a conversation takes a route and when it leaves it again. */
export interface DetectOptions {
  /** The routes there are; those that rules know by default. */
  routes?: readonly string[];
  /** A route is taken at this level (0..1). Default 0.6. */
  enter?: number;
  /** It is left when its level stays below this one. Default 0.3. */
  leave?: number;
  /** For so many of the person's messages in a row. Default 3. */
  leaveAfter?: number;
}

/** Where a conversation is: plain data, so that it can be kept between two calls. */
export interface RouteState {
  route: string;
  /** Why: the words that took the conversation there; empty for `common`. */
  why: string;
  /** Smoothed level of each route, 0..1. */
  levels: Readonly<Record<string, number>>;
  /** Messages in a row in which the route was below `leave`. */
  quiet: number;
}

export const NO_ROUTE: RouteState = { route: COMMON, why: "", levels: {}, quiet: 0 };

/** What a message adds lasts: half of a level remains after the next one. */
const MEMORY = 0.5;

/**
 * The state after one more message. A crisis is taken at once and stays for the conversation; another route is
 * taken at `enter`, by one of higher priority or once the present one has been quiet, and left for `common`
 * after `leaveAfter` quiet messages.
 */
export function nextRoute(
  state: RouteState,
  signals: readonly Signal[],
  options: DetectOptions = {},
): RouteState {
  const { enter = 0.6, leave = 0.3, leaveAfter = 3 } = options;
  const routes = inPriority(options.routes ?? KNOWN_ROUTES);
  const levels = Object.fromEntries(
    routes.map((route) => {
      const now = signals.find((one) => one.route === route)?.level ?? 0;
      return [route, Math.max(now, (state.levels[route] ?? 0) * MEMORY)];
    }),
  );
  const reached = routes.filter((route) => (levels[route] ?? 0) >= enter);
  const why = (route: string): string => signals.find((one) => one.route === route)?.words ?? state.why;
  if (state.route === CRISIS) return { ...state, levels, quiet: 0 };
  const rank = (route: string): number => (route === COMMON ? routes.length : routes.indexOf(route));
  const higher = reached.find((route) => rank(route) < rank(state.route));
  if (higher !== undefined) return { route: higher, why: why(higher), levels, quiet: 0 };
  if (state.route === COMMON) return { ...state, levels, quiet: 0 };
  const quiet = (levels[state.route] ?? 0) < leave ? state.quiet + 1 : 0;
  if (quiet < leaveAfter) return { ...state, levels, quiet };
  const [other] = reached;
  return other === undefined ? { ...NO_ROUTE, levels } : { route: other, why: why(other), levels, quiet: 0 };
}

/** The route of a conversation so far, oldest turn first; turns of the person are read, a question before them too. */
export function detectRoute(turns: readonly SpokenTurn[], options: DetectOptions = {}): RouteState {
  return turns.reduce<RouteState>((state, turn, index) => {
    if (turn.role !== "user") return state;
    const before = turns[index - 1];
    return nextRoute(state, heard(turn.content, before?.role === "assistant" ? before.content : ""), options);
  }, NO_ROUTE);
}

/** Messages that were read last: a conversation is read again with every message that is added to it. */
const READ = new Map<string, readonly Signal[]>();
const MAX_READ = 2_000;
const MAX_KEPT_CHARACTERS = 8_000;

function heard(message: string, before: string): readonly Signal[] {
  const key = `${before.length}:${before}${message}`;
  const known = READ.get(key);
  if (known !== undefined) {
    READ.delete(key);
    READ.set(key, known);
    return known;
  }
  const signals = signalsOf(message, before === "" ? undefined : before);
  if (key.length > MAX_KEPT_CHARACTERS) return signals;
  const [oldest] = READ.keys();
  if (READ.size >= MAX_READ && oldest !== undefined) READ.delete(oldest);
  READ.set(key, signals);
  return signals;
}
