import { canonicalJson, sha256 } from "../runs/canonical.ts";
import { toldTokens } from "../runs/usage.ts";
import { type Rollout, type RolloutUsage, toRollout } from "../suite/rollout.ts";
import type { RowRead } from "./results-schema.ts";

/** A test as a results file tells it. Repeats of one test share one object. */
export interface ResultsTest {
  /** `metadata.id`, else the hash of description, variables and assertions. */
  readonly id: string;
  /** What pairs it with the same test elsewhere: the id, or the hash of description and variables where it has none. */
  readonly base: string;
  readonly named: boolean;
  readonly persona: string;
  /** As the test declares it; null when it does not. */
  readonly split: string | null;
  readonly userTypes: readonly string[];
  /** `metadata.conversation`: its tests depend on one another. */
  readonly conversation: string | null;
  /** Hash of the variables. */
  readonly vars: string;
  /** Hash of variables, persona, split and user types. */
  readonly content: string;
  /** Hash of all that grades it; null for a test that is known from the config alone. */
  readonly graders: string | null;
  /** The test's own number of repeats (`options.repeat`). */
  readonly repeats: number | null;
  /** Smallest position among promptfoo's tests: for numbering variants, never for pairing. */
  position: number;
}

/** One row, with what a comparison needs of it. */
export interface ResultsRow {
  readonly test: ResultsTest;
  readonly column: number;
  /** As the row tells it; null when it does not. */
  readonly repeat: number | null;
  /** `repeat` is 0 where the row does not tell. */
  readonly rollout: Rollout;
  /** Undefined when the row says nothing about a library; null is the baseline. */
  readonly library: { version: number; hash: string } | null | undefined;
  readonly usage: RowUsage;
}

/** Of the agent's own call, not of its graders; not `called` is answered from a cache. `costUsd` null: price unknown. */
export interface RowUsage extends RolloutUsage {
  called: boolean;
}

/** Longer replies are cut: a file of 20,000 rows must fit into memory. */
export const MAX_REPLY_CHARACTERS = 20_000;
const MAX_REASON = 2000;

/** Turns rows into what is kept of them. Tests are shared between rows. */
export class RowReader {
  readonly #tests = new Map<string, ResultsTest>();

  get tests(): ResultsTest[] {
    return [...this.#tests.values()];
  }

  read(row: RowRead): ResultsRow {
    const test = this.#testOf(row);
    const score = typeof row.score === "number" ? row.score : Number.NaN;
    const rollout = toRollout({ ...row, score } as unknown as Parameters<typeof toRollout>[0], test.id);
    return {
      test,
      column: row.promptIdx,
      repeat: repeatOf(row),
      rollout: {
        ...rollout,
        reply: clipped(rollout.reply, MAX_REPLY_CHARACTERS),
        criteria: rollout.criteria.map((one) => ({ ...one, reason: clipped(one.reason, MAX_REASON) })),
      },
      library: libraryOf(row),
      usage: usageOf(row),
    };
  }

  #testOf(row: RowRead): ResultsTest {
    const read = readTest(row.testCase);
    const key = `${read.base}\n${read.content}\n${read.graders}`;
    const position = row.testIdx ?? 0;
    const known = this.#tests.get(key);
    if (known !== undefined) {
      known.position = Math.min(known.position, position);
      return known;
    }
    const test = { ...read, position };
    this.#tests.set(key, test);
    return test;
  }
}

interface TestRead {
  description?: string | undefined;
  vars?: Record<string, unknown> | undefined;
  assert?: readonly unknown[] | undefined;
  metadata?: Record<string, unknown> | undefined;
  options?: Record<string, unknown> | undefined;
  threshold?: unknown;
}

/** A test's identity from its data. */
export function readTest(test: TestRead): Omit<ResultsTest, "position"> {
  const { description, assert, metadata = {}, options = {}, threshold } = test;
  const vars = test.vars ?? {};
  const { repeat, ...grading } = options;
  const id = nameOf(metadata["id"]);
  const persona = nameOf(metadata["persona"]);
  const split = nameOf(metadata["split"]);
  const userTypes = userTypesOf(metadata["userTypes"]);
  const { success_criteria, good_response, bad_response } = metadata;
  return {
    id: id ?? shortHash({ description, vars: test.vars, assert }),
    base: id ?? `\n${shortHash({ description, vars })}`,
    named: id !== null,
    persona: persona ?? "(none)",
    split,
    userTypes,
    conversation: nameOf(metadata["conversation"]),
    vars: shortHash(vars),
    content: shortHash({ vars, persona, split, userTypes }),
    graders: shortHash({
      assert: assert ?? [],
      grading,
      threshold,
      userTypes,
      success_criteria,
      good_response,
      bad_response,
    }),
    repeats: typeof repeat === "number" && Number.isInteger(repeat) && repeat > 0 ? repeat : null,
  };
}

/** Twelve hex digits, as the loader of tests uses for ids. */
export const shortHash = (value: unknown): string => sha256(canonicalJson(value)).slice(0, 12);

function nameOf(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

function userTypesOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : [];
  return [...new Set(list.flatMap((one) => nameOf(one) ?? []))];
}

function repeatOf({ metadata, response }: RowRead): number | null {
  const repeat = response?.metadata?.["repeatIndex"] ?? metadata?.["repeatIndex"];
  return typeof repeat === "number" && Number.isInteger(repeat) && repeat >= 0 ? repeat : null;
}

function libraryOf({ response }: RowRead): ResultsRow["library"] {
  const metadata = response?.metadata ?? {};
  if (!("libraryHash" in metadata)) return undefined;
  const { libraryHash, libraryVersion } = metadata;
  if (typeof libraryHash !== "string") return null;
  return { version: typeof libraryVersion === "number" ? libraryVersion : 0, hash: libraryHash };
}

function usageOf({ response }: RowRead): RowUsage {
  return {
    called: response !== undefined && response.cached !== true,
    ...toldTokens(response),
    costUsd: response?.cost ?? null,
  };
}

function clipped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // A slice would keep the whole text in memory: the copy does not.
  const copy = Buffer.from(text.slice(0, limit), "utf8").toString("utf8");
  return `${copy} (${text.length - limit} more characters)`;
}
