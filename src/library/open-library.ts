import { type AssignedArm, assigner, type ServingRecord } from "./assignment.ts";
import { type DetectOptions, detectRoute } from "./detection.ts";
import { GrpoError } from "./error.ts";
import type { Experience } from "./experience.ts";
import { appendToSystemPrompt } from "./inject.ts";
import { renderExperiences } from "./render.ts";
import type { SpokenTurn } from "./route-signals.ts";
import { COMMON, CRISIS, inPriority, routeOf } from "./routing.ts";
import {
  leadingRoute,
  notFound,
  type ReadLibrary,
  readDocument,
  readShelf,
  readText,
  type Shelf,
  type ShelfOptions,
} from "./shelf.ts";
import type { LibraryStore } from "./store.ts";
import { MAX_INJECTED_TOKENS, type RoutedExperience, withinBudget } from "./token-budget.ts";
import { type WatchOptions, watchShelf } from "./watched-shelf.ts";

export interface OpenLibraryOptions {
  /** Folder that holds one folder an agent; `experiences` by default. */
  root?: string;
  agent: string;
  /** One library for everybody, above the common one; `common` by default. */
  route?: string;
  /** Each conversation takes its own route, found from what was said so far. */
  detect?: boolean | DetectOptions;
  /** An earlier version, from the history; by default what the library file says now. By route, or of the leading library. */
  version?: number | Readonly<Record<string, number>>;
  /** At most so many tokens are injected; by default 2000 where a route's library is added to the common one. */
  maxTokens?: number;
  /** Follow the files: a new version is in use without a restart. */
  watch?: boolean | WatchOptions;
  /** Versions under comparison and their shares: `{ v6: 0.5, v7: 0.5 }`. */
  ab?: Readonly<Record<string, number>>;
  /** Of the assignment; another one is an independent experiment. Default: the agent's name. */
  salt?: string;
}

/** What is known of the conversation that a prompt is for. */
export interface ServedConversation {
  /** Stable id; needed for an A/B comparison. A crisis is remembered under it. */
  id?: string;
  /** What was said so far, oldest first, the message to answer included. */
  turns?: readonly SpokenTurn[];
  /** User types that are known, which detection need not find. */
  userTypes?: readonly string[];
}

/** What a conversation is given. */
export interface Served {
  route: string;
  why: string;
  arm: string | null;
  /** Of the leading library. */
  version: number;
  hash: string;
  versions: Record<string, number>;
  /** The rendered experiences; empty for none. */
  block: string;
  experiences: readonly RoutedExperience[];
  /** Experiences that were over `maxTokens`. */
  leftOut: readonly RoutedExperience[];
  tokens: number;
}

/** A library for use in production: plain data between two changes of its files. */
export interface OpenedLibrary {
  /** Of the leading library: the common one, or the fixed route's. */
  readonly version: number;
  /** sha256 of its text. */
  readonly hash: string;
  /** What a conversation of which nothing is known is given. */
  readonly experiences: readonly Experience[];
  /** The system prompt with the experiences below it; unchanged when there are none. */
  inject(systemPrompt: string, conversation?: ServedConversation): string;
  serve(conversation?: ServedConversation): Served;
  /** The version of a conversation. @throws GrpoError AB_INVALID without `ab` */
  assign(conversationId: string): AssignedArm;
  /** What to log of a conversation, with the time. */
  record(conversation: ServedConversation & { id: string }): ServingRecord;
  /** Stops following the files. */
  close(): void;
}

/**
 * Reads an agent's libraries, synchronously, for the agent's own loader. Nothing is ever written.
 * @throws GrpoError LIBRARY_NOT_FOUND, LIBRARY_VERSION_UNKNOWN, LIBRARY_NAME_INVALID, OPEN_LIBRARY_INVALID, AB_INVALID,
 * and what `parseLibrary` throws
 */
export function openLibrary(options: OpenLibraryOptions): OpenedLibrary {
  requireSound(options);
  const shelfOptions = shelfOptionsOf(options);
  const { ab, agent, watch, salt = agent } = options;
  const comparison = ab === undefined ? undefined : assigner(ab, salt);
  const pinned = new Map(
    comparison?.arms.map(({ arm, version }) => [
      arm,
      kitchen(readShelf({ ...shelfOptions, version }), options),
    ]),
  );
  const first = readShelf(shelfOptions);
  const watched =
    watch === undefined || watch === false
      ? undefined
      : watchShelf(shelfOptions, first, watch === true ? {} : watch);
  return serving(options, {
    current: () => watched?.current() ?? first,
    pinned,
    comparison,
    close: () => watched?.close(),
  });
}

/**
 * One library from a store, a database's for example: what it says now, or one of its versions.
 * @throws GrpoError as `openLibrary`, and what keeps the store from being read
 */
export async function openLibraryFrom(store: LibraryStore, version?: number): Promise<OpenedLibrary> {
  const { agent, route } = store;
  const read =
    version === undefined
      ? readText(store, await store.current())
      : readDocument(await store.readVersion(version), version);
  if (read === null) throw notFound(store);
  const shelf: Shelf = new Map([[route, read]]);
  return serving({ agent, route }, { current: () => shelf, pinned: new Map(), close: () => undefined });
}

/** Where libraries come from. */
interface Source {
  current(): Shelf;
  /** Of the arms under comparison. */
  pinned: ReadonlyMap<string, Kitchen>;
  comparison?: ReturnType<typeof assigner> | undefined;
  close(): void;
}

function serving(options: OpenLibraryOptions, source: Source): OpenedLibrary {
  const { agent } = options;
  const { pinned, comparison } = source;
  let last = kitchen(source.current(), options);
  const present = (): Kitchen => {
    const shelf = source.current();
    if (shelf !== last.shelf) last = kitchen(shelf, options);
    return last;
  };
  const router = routerOf(options);
  const serve = (conversation: ServedConversation = {}): Served => {
    const arm = comparison === undefined ? undefined : armOf(comparison, conversation);
    const { route, why } = router(conversation);
    const from = (arm === undefined ? undefined : pinned.get(arm.arm)) ?? present();
    return { ...from.of(route), route, why, arm: arm?.arm ?? null };
  };
  return {
    get version() {
      return present().leading.version;
    },
    get hash() {
      return present().leading.hash;
    },
    get experiences() {
      return present()
        .of(options.route ?? COMMON)
        .experiences.map(({ id, text }) => ({ id, text }));
    },
    serve,
    inject: (systemPrompt, conversation) => appendToSystemPrompt(systemPrompt, serve(conversation).block),
    assign: (id) => armOf(comparison, { id }),
    record: (conversation) => {
      const { route, why, version, hash, versions, arm } = serve(conversation);
      const at = new Date().toISOString();
      return { conversation: conversation.id, agent, route, version, hash, arm, versions, why, at };
    },
    close: source.close,
  };
}

type Dish = Omit<Served, "route" | "why" | "arm">;

interface Kitchen {
  shelf: Shelf;
  leading: ReadLibrary;
  of(route: string): Dish;
}

/** Everything that a shelf can give, rendered once for each route. */
function kitchen(shelf: Shelf, options: OpenLibraryOptions): Kitchen {
  const leading = shelf.get(leadingRoute(options)) as ReadLibrary;
  const dishes = new Map<string, Dish>();
  const of = (route: string): Dish => {
    // A route without a library is served the common one.
    const served = shelf.has(route) ? route : COMMON;
    const known = dishes.get(served);
    if (known !== undefined) return known;
    const dish = composed(shelf, leading, served, options.maxTokens);
    dishes.set(served, dish);
    return dish;
  };
  return { shelf, leading, of };
}

function composed(shelf: Shelf, leading: ReadLibrary, route: string, maxTokens?: number): Dish {
  const common = shelf.get(COMMON);
  const own = route === COMMON ? undefined : shelf.get(route);
  const { kept, left, tokens } = withinBudget(
    common?.document.experiences ?? [],
    own?.document.experiences ?? [],
    route,
    // A library by itself has caps of its own.
    maxTokens ?? (own === undefined ? Number.POSITIVE_INFINITY : MAX_INJECTED_TOKENS),
  );
  const versions = {
    ...(common === undefined ? {} : { [COMMON]: common.version }),
    ...(own === undefined ? {} : { [route]: own.version }),
  };
  const { version, hash } = leading;
  const block = renderExperiences({ experiences: kept });
  return { version, hash, versions, block, experiences: kept, leftOut: left, tokens };
}

/** Conversations whose crisis is remembered, so that a transcript cut short does not lose it. */
const MAX_REMEMBERED = 10_000;

function routerOf({
  route,
  detect,
}: OpenLibraryOptions): (conversation: ServedConversation) => { route: string; why: string } {
  if (detect === undefined || detect === false) return () => ({ route: route ?? COMMON, why: "" });
  const options = detect === true ? {} : detect;
  const inCrisis = new Map<string, string>();
  return ({ id, turns = [], userTypes }) => {
    const remembered = id === undefined ? undefined : inCrisis.get(id);
    if (remembered !== undefined) return { route: CRISIS, why: remembered };
    const heard = detectRoute(turns, options);
    if (heard.route === CRISIS && id !== undefined) remember(inCrisis, id, heard.why);
    if (heard.route === CRISIS || userTypes === undefined) return { route: heard.route, why: heard.why };
    const known = routeOf(userTypes, inPriority(options.routes ?? userTypes));
    return known === COMMON ? { route: heard.route, why: heard.why } : { route: known, why: "user type" };
  };
}

function remember(inCrisis: Map<string, string>, id: string, why: string): void {
  const [oldest] = inCrisis.keys();
  if (inCrisis.size >= MAX_REMEMBERED && oldest !== undefined) inCrisis.delete(oldest);
  inCrisis.set(id, why);
}

function armOf(comparison: ReturnType<typeof assigner> | undefined, { id }: ServedConversation): AssignedArm {
  if (comparison !== undefined && id !== undefined) return comparison.assign(id);
  throw new GrpoError({
    code: "AB_INVALID",
    message:
      comparison === undefined ? "No versions are compared." : "A comparison needs the conversation's id.",
    place: comparison === undefined ? "ab" : "conversation.id",
    remedy: "Open the library with `ab: { v6: 0.5, v7: 0.5 }` and pass `{ id }` with every prompt.",
  });
}

function shelfOptionsOf(options: OpenLibraryOptions): ShelfOptions {
  const { root = "experiences", agent, route, detect, version } = options;
  const one = detect === undefined || detect === false ? { route: route ?? COMMON } : {};
  return { root, agent, ...one, ...(version === undefined ? {} : { version }) };
}

function requireSound({ route, detect, version, ab, watch, maxTokens }: OpenLibraryOptions): void {
  const wrong =
    route !== undefined && detect !== undefined && detect !== false
      ? "`route` and `detect` exclude each other"
      : ab !== undefined && version !== undefined
        ? "`ab` and `version` exclude each other"
        : version !== undefined && watch !== undefined && watch !== false
          ? "a pinned `version` does not change, so there is nothing to `watch`"
          : maxTokens !== undefined && !(Number.isFinite(maxTokens) && maxTokens >= 0)
            ? "`maxTokens` is not a number of tokens"
            : undefined;
  if (wrong === undefined) return;
  throw new GrpoError({
    code: "OPEN_LIBRARY_INVALID",
    message: `${wrong[0]?.toUpperCase()}${wrong.slice(1)}.`,
    place: "openLibrary",
    remedy: "See docs/production.md.",
  });
}
