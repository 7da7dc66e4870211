import { GrpoError } from "../library/error.ts";
import { canonicalJson, sha256 } from "../runs/canonical.ts";
import { DEFAULT_FRACTIONS, type Fractions, type Split, shareOut, splitSchema } from "./split.ts";
import { type PromptfooTest, promptfooTestSchema } from "./test-schema.ts";
import { expandVars } from "./vars.ts";

/** A promptfoo test as the loop uses it: one question, with an id, a split and user types. */
export interface AdaptedExample {
  id: string;
  /** Null when the test names none. */
  persona: string | null;
  split: Split;
  /** Empty when the test names none. */
  userTypes: string[];
  /** The test with only one value per variable; otherwise as it was. */
  test: PromptfooTest;
  place: string;
}

export interface AdaptOptions {
  seed?: number;
  fractions?: Fractions;
  /** Where each test stands, for errors; `tests[i]` when absent. */
  places?: readonly string[];
  /**
   * promptfoo has expanded list variables already, so tests that share a `metadata.id` and differ in their variables
   * alone are variants of one test, numbered `id~1`, `id~2`; without it they are duplicates.
   */
  expanded?: boolean;
}

type Unsplit = Omit<AdaptedExample, "split"> & { declared: Split | undefined };

/**
 * Gives any loaded promptfoo tests (with `defaultTest` merged, if its metadata matter) an id, a split and user types.
 * The id is `metadata.id`, else the hash of description, variables and assertions. `metadata.split` always wins; a
 * persona without it is held out whole by hash; a test without persona is split by its id's hash. One result per test,
 * in order, unless list variables are expanded here.
 * @throws GrpoError TEST_INVALID, TEST_METADATA_INVALID, TEST_ID_DUPLICATE, SPLIT_CONTRADICTION, SPLIT_FRACTION_INVALID
 */
export function adaptTests(tests: readonly unknown[], options: AdaptOptions = {}): AdaptedExample[] {
  const read = tests.flatMap((test, index) => readTest(test, options.places?.[index] ?? `tests[${index}]`));
  const items = options.expanded ? numberVariants(read) : read;
  refuseDuplicates(items);
  const splits = assignSplits(items, options.fractions ?? DEFAULT_FRACTIONS, options.seed ?? 0);
  return items.map(({ declared, ...item }) => ({
    ...item,
    split: declared ?? splits.get(item.id) ?? "train",
  }));
}

function readTest(value: unknown, place: string): Unsplit[] {
  const parsed = promptfooTestSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new GrpoError({
      code: "TEST_INVALID",
      message: `Not a loaded promptfoo test: ${[...(issue?.path ?? []), issue?.message].map(String).join(": ")}.`,
      place,
      remedy: "Load tests and variables that stand in files first, then adapt them.",
    });
  }
  const metadata = parsed.data.metadata ?? {};
  const variants = expandVars(parsed.data);
  return variants.map((test, index) => ({
    id: variantId(idOf(metadata, test, place), variants.length > 1 && metadata["id"] !== undefined, index),
    persona: nameOf(metadata, "persona", place) ?? null,
    userTypes: userTypesOf(metadata, place),
    declared: declaredSplit(metadata, place),
    test,
    place,
  }));
}

function idOf(metadata: Record<string, unknown>, test: PromptfooTest, place: string): string {
  const { description, vars, assert } = test;
  return nameOf(metadata, "id", place) ?? sha256(canonicalJson({ description, vars, assert })).slice(0, 12);
}

function variantId(id: string, shared: boolean, index: number): string {
  return shared ? `${id}~${index + 1}` : id;
}

function numberVariants(items: readonly Unsplit[]): Unsplit[] {
  const rest = ({ test }: Unsplit) => canonicalJson({ ...test, vars: undefined });
  const groups = Map.groupBy(items, (item) => item.id);
  return items.map((item) => {
    const group = groups.get(item.id) ?? [];
    const distinct = new Set(group.map(({ test }) => canonicalJson(test.vars))).size === group.length;
    if (group.length === 1 || !distinct || new Set(group.map(rest)).size > 1) return item;
    return { ...item, id: variantId(item.id, true, group.indexOf(item)) };
  });
}

function nameOf(metadata: Record<string, unknown>, key: string, place: string): string | undefined {
  const value = metadata[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" || (typeof value === "string" && value.trim() !== ""))
    return String(value).trim();
  throw metadataError(key, "a name", place);
}

function userTypesOf(metadata: Record<string, unknown>, place: string): string[] {
  const value = metadata["userTypes"];
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value)
    ? value
    : typeof value === "string"
      ? value.split(",")
      : [value];
  const types = list.map((item) => (typeof item === "string" ? item.trim() : ""));
  if (types.includes("")) throw metadataError("userTypes", "a list of names", place);
  return [...new Set(types)];
}

function declaredSplit(metadata: Record<string, unknown>, place: string): Split | undefined {
  const value = metadata["split"];
  if (value === undefined || value === null) return undefined;
  const parsed = splitSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw metadataError("split", splitSchema.options.join(", "), place);
}

function metadataError(key: string, wanted: string, place: string): GrpoError {
  return new GrpoError({
    code: "TEST_METADATA_INVALID",
    message: `metadata.${key} is not ${key === "split" ? "one of " : ""}${wanted}.`,
    place,
    remedy: "Correct it, or remove it.",
  });
}

function refuseDuplicates(items: readonly Unsplit[]): void {
  const seen = new Map<string, string>();
  for (const { id, place } of items) {
    const earlier = seen.get(id);
    if (earlier !== undefined) {
      throw new GrpoError({
        code: "TEST_ID_DUPLICATE",
        message: `The test id "${id}" is already used at ${earlier}.`,
        place,
        remedy: "Give each test its own metadata.id, or remove the test that is there twice.",
      });
    }
    seen.set(id, place);
  }
}

function assignSplits(items: readonly Unsplit[], fractions: Fractions, seed: number): Map<string, Split> {
  const open = items.filter((item) => item.declared === undefined);
  const heldOut = heldOutPersonas(items, fractions, seed);
  // Nothing can be held out whole of one persona: its tests are split one by one.
  const alone =
    heldOut.size === 1 && items.every((item) => item.declared === undefined && item.persona !== null);
  const single = open.filter((item) => item.persona === null || alone).map((item) => item.id);
  const learning = open.filter(
    (item) => item.persona !== null && !alone && heldOut.get(item.persona) !== "test",
  );
  return new Map<string, Split>([
    ...open.map((item) => [item.id, "test"] as const),
    ...shareOut(single, fractions, seed),
    ...shareOut(
      learning.map((item) => item.id),
      { ...fractions, test: 0 },
      seed,
    ),
  ]);
}

/** Which personas are test. A persona follows what its tests declare; where none does, its hash decides. */
function heldOutPersonas(items: readonly Unsplit[], fractions: Fractions, seed: number): Map<string, Split> {
  const decided = new Map<string, Split>();
  const free: string[] = [];
  for (const [persona, tests] of Map.groupBy(items, (item) => item.persona)) {
    if (persona === null) continue;
    const declared = tests.flatMap((test) => test.declared ?? []);
    const sealed = declared.filter((split) => split === "test").length;
    if (sealed > 0 && sealed < declared.length && declared.length < tests.length)
      throw contradiction(persona, tests);
    if (declared.length === 0) free.push(persona);
    else decided.set(persona, sealed > 0 ? "test" : "train");
  }
  return new Map([...decided, ...shareOut(free, { validation: 0, test: fractions.test }, seed)]);
}

function contradiction(persona: string, tests: readonly Unsplit[]): GrpoError {
  const undeclared = tests.find((test) => test.declared === undefined);
  return new GrpoError({
    code: "SPLIT_CONTRADICTION",
    message: `Persona "${persona}" has tests declared as test and tests declared as training, so this one could be either.`,
    place: undeclared?.place ?? "tests",
    remedy: "Give every test of that persona a metadata.split, or better: keep the persona on one side.",
  });
}
