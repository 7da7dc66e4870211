import { sha256 } from "../runs/canonical.ts";
import { answered, type Conversation, itemId } from "./conversation.ts";
import { alike, type Likened, liken, type Spoken } from "./likeness.ts";
import { normaliseText } from "./ngram.ts";
import { openRedaction } from "./redaction.ts";
import type { Turn } from "./schema.ts";
import type { Split } from "./split.ts";

/** A bad turn as a training example; `criteria` are those that it was graded on. */
export interface Addition {
  id: string;
  persona: string | null;
  userTypes: string[];
  query: string;
  turns: Turn[];
  bad_response: string;
  success_criteria: Record<string, boolean>;
  /** The day on which it is added. */
  added: string;
  /** Where it comes from and why it was flagged. */
  provenance: string;
}

/** An example that is there already. */
export interface Existing extends Spoken {
  id: string;
  persona: string | null;
  split: Split;
}

export interface Refused {
  /** The conversation and its turn. */
  item: string;
  why: string;
}

export interface AddRequest {
  conversations: readonly Conversation[];
  existing: readonly Existing[];
  /** Personas that are wholly test. */
  heldOut: ReadonlySet<string>;
  /** Personas that examples can be added to; any, when absent. */
  personas?: ReadonlySet<string>;
  /** The persona of conversations that name none. */
  persona?: string;
  redact: boolean;
  /** Examples that are added at most, in the order of the conversations; all when absent. */
  most?: number;
  /** The day of today, ISO 8601. */
  today: string;
}

/** Fits the schema of examples; a conversation that is longer is no example of one question. */
const MAX_TURNS = 100;
const MAX_TEXT = 20_000;

/**
 * The flagged turns that may become training examples, and why the others may not: the persona is held out, the
 * question is one of validation or test, or it is there already. One id for the same turn, however often it is added.
 */
export function planAdditions(request: AddRequest): { additions: Addition[]; refused: Refused[] } {
  const additions: Addition[] = [];
  const refused: Refused[] = [];
  const known = request.existing.map((one): Known => knownOf(one.id, one.split, one));
  for (const conversation of request.conversations) {
    const { turns, none } = flaggedTurns(conversation);
    if (none !== undefined) refused.push({ item: conversation.id, why: none });
    for (const turn of turns) {
      const item = itemId(conversation.id, turn);
      const made = additionOf(conversation, turn, request);
      const full = additions.length >= (request.most ?? Number.POSITIVE_INFINITY);
      const why =
        typeof made === "string"
          ? made
          : (refusal(made, request, known) ?? (full ? `${request.most} are added already` : undefined));
      if (why !== undefined || typeof made === "string") {
        refused.push({ item, why: why ?? "" });
        continue;
      }
      additions.push(made);
      known.push(knownOf(made.id, "train", made));
    }
  }
  return { additions, refused };
}

interface Known {
  id: string;
  split: Split;
  likened: Likened;
  /** The question with what was said before it. */
  asked: string;
}

const askedOf = ({ query, turns }: Spoken): string =>
  JSON.stringify([...turns.map(({ content }) => content), query].map(normaliseText));
const knownOf = (id: string, split: Split, spoken: Spoken): Known => ({
  id,
  split,
  likened: liken(spoken),
  asked: askedOf(spoken),
});

function flaggedTurns({ flags = [] }: Conversation): { turns: number[]; none?: string } {
  const turns = [...new Set(flags.flatMap(({ turn }) => (turn === null ? [] : [turn])))].sort(
    (a, b) => a - b,
  );
  if (turns.length > 0) return { turns };
  return {
    turns,
    none: flags.length === 0 ? "nothing in it is flagged" : "it is flagged as a whole, no turn by itself",
  };
}

/** The example that a turn makes, or why it makes none. */
function additionOf(conversation: Conversation, turn: number, request: AddRequest): Addition | string {
  // Said by the log itself, which may be of another dataset.
  if (conversation.metadata?.["heldOut"] === "true")
    return "it was simulated with a persona that is held out for the sealed test";
  const found = answered(conversation, turn);
  if (found === undefined) return "it is no reply to anybody";
  const { redact: clean } = openRedaction();
  const text = (one: string): string => (request.redact ? clean(one) : one);
  const persona = conversation.persona ?? request.persona ?? null;
  const criteria = criteriaOf(conversation, turn);
  if (Object.keys(criteria).length === 0) return "no criterion is known for it; `flag` grades it";
  const earlier = found.earlier.flatMap(({ role, content }): Turn[] =>
    role === "system" || content.trim() === "" ? [] : [{ role, content: text(content) }],
  );
  const made = {
    id: `${slug(persona)}-log-${sha256([...earlier.map(({ content }) => content), found.query, found.reply].join("\n")).slice(0, 8)}`,
    persona,
    userTypes: conversation.userTypes,
    query: text(found.query),
    turns: earlier,
    bad_response: text(found.reply),
    success_criteria: criteria,
    added: request.today,
    provenance: text(provenanceOf(conversation, turn)).slice(0, 1_000),
  };
  if (made.query.trim() === "" || made.bad_response.trim() === "")
    return "the question or the reply is empty";
  if (earlier.length > MAX_TURNS) return `there are more than ${MAX_TURNS} turns before it`;
  const texts = [made.query, made.bad_response, ...earlier.map(({ content }) => content)];
  return texts.some((one) => one.length > MAX_TEXT) ? `a turn has more than ${MAX_TEXT} characters` : made;
}

const slug = (persona: string | null): string =>
  (persona ?? "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60) || "from";

/** Everything that the turn was graded on: a good reply to it would meet it. */
function criteriaOf({ turns, flags = [] }: Conversation, turn: number): Record<string, boolean> {
  const graded = (turns[turn]?.criteria ?? []).filter(({ pass }) => pass !== null);
  const flagged = flags.filter((one) => one.turn === turn).flatMap(({ criterion }) => criterion ?? []);
  const names = [...graded.map(({ criterion }) => criterion), ...flagged].filter((name) =>
    /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name),
  );
  return Object.fromEntries([...new Set(names)].map((name) => [name, true]));
}

function provenanceOf({ id, source, provenance, flags = [] }: Conversation, turn: number): string {
  const from = [provenance.file, provenance.line].filter((part) => part !== undefined).join(":");
  const why = flags.filter((flag) => flag.turn === turn).map(({ reason }) => reason);
  return `${source} conversation ${id}, turn ${turn}${from === "" ? "" : `, from ${from}`}; ${why.join("; ")}`;
}

function refusal(
  made: Addition,
  { heldOut, personas, existing }: AddRequest,
  known: readonly Known[],
): string | undefined {
  const { persona } = made;
  if (persona !== null && heldOut.has(persona)) return `persona "${persona}" is held out for the sealed test`;
  if (personas !== undefined && persona === null) return "no persona is named; --persona names one";
  if (personas !== undefined && persona !== null && !personas.has(persona))
    return `there is no persona "${persona}" in the dataset; --persona names one for conversations without`;
  if (known.some(({ id }) => id === made.id)) {
    return existing.some(({ id }) => id === made.id) ? "it is there already" : "it is in the log twice";
  }
  const likened = liken(made);
  const sealed = known
    .filter(({ split }) => split !== "train")
    .find((one) => alike(likened, one.likened) !== undefined);
  if (sealed !== undefined) {
    // The words they share are not told: nobody is to read the sealed test.
    return `it is too like the ${sealed.split} example ${sealed.id}`;
  }
  const asked = askedOf(made);
  const twin = known.find((one) => asked === one.asked);
  return twin === undefined ? undefined : `training has its question already: ${twin.id}`;
}
