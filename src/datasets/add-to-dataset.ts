import { existsSync, readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { GrpoError } from "../library/error.ts";
import { canonicalJson } from "../runs/canonical.ts";
import { type AdaptedExample, type AdaptOptions, adaptTests } from "./adapter.ts";
import { type Addition, type AddRequest, type Existing, planAdditions, type Refused } from "./add.ts";
import { loadPersonaFolder } from "./load.ts";
import { neutraliseTemplates } from "./neutralise.ts";
import { type PlacedTest, readTestsFile } from "./read-tests.ts";
import { personaSchema } from "./schema.ts";
import { type Split, splitDataset } from "./split.ts";
import { RUBRIC } from "./tests.ts";
import { appendToList } from "./yaml-append.ts";
import { parseYaml } from "./yaml-source.ts";

type What = Pick<AddRequest, "conversations" | "redact" | "today"> & { persona?: string; most?: number };

/** What adding would do: nothing is written by it. */
export interface AddPlan {
  additions: Addition[];
  refused: Refused[];
  /** Files with the text that they will have. */
  writes: { path: string; text: string }[];
}

/**
 * Plans to add flagged turns to a folder of persona files or to a file of promptfoo tests.
 * @throws GrpoError as reading either does, DATASET_ADD_FORMAT, DATASET_ADD_MOVES
 */
export async function planDatasetAdd(target: string, what: What, splits: AdaptOptions): Promise<AddPlan> {
  const isFolder = existsSync(target) && statSync(target).isDirectory();
  return isFolder ? addToPersonas(target, what) : addToTests(target, what, splits);
}

async function addToPersonas(folder: string, what: What): Promise<AddPlan> {
  const dataset = await loadPersonaFolder(folder);
  const splits = splitDataset(dataset);
  const existing = dataset.examples.map(
    (one): Existing => ({ ...one, split: splits.get(one.id) ?? "train" }),
  );
  const { additions, refused } = planAdditions({
    ...what,
    existing,
    heldOut: new Set(dataset.personas.filter(({ heldOut }) => heldOut).map(({ persona }) => persona)),
    personas: new Set(dataset.personas.map(({ persona }) => persona)),
  });
  const writes = dataset.personas.flatMap(({ persona, file, userTypes }) => {
    const own = additions.filter((one) => one.persona === persona);
    return own.length === 0 ? [] : [{ path: file, text: withExamples(file, own, userTypes) }];
  });
  return { additions, refused, writes };
}

function withExamples(file: string, additions: readonly Addition[], userTypes: readonly string[]): string {
  const before = readFileSync(file, "utf8");
  const rows = additions.map((one) => ({
    id: one.id,
    query: one.query,
    ...(one.turns.length === 0 ? {} : { turns: one.turns }),
    ...(one.userTypes.length === 0 || one.userTypes.join() === userTypes.join()
      ? {}
      : { userTypes: one.userTypes }),
    bad_response: one.bad_response,
    success_criteria: one.success_criteria,
    split: "train",
    added: one.added,
    provenance: one.provenance,
  }));
  const text = appendToList(before, "examples", rows);
  if (text !== null) {
    const read = (source: string) =>
      personaSchema.safeParse(parseYaml(file, source).source?.value).data?.examples;
    // The file is the user's: what is written must read as what was there, and the rows, and nothing else.
    const expected = [...(read(before) ?? []), ...rows];
    if (canonicalJson(read(text)) === canonicalJson(expected)) return text;
  }
  throw cannotAppend(file);
}

async function addToTests(path: string, what: What, options: AdaptOptions): Promise<AddPlan> {
  const tests = existsSync(path) ? await readAll(path) : [];
  const adapted = adapt(tests, options);
  const existing = adapted.map(existingOf);
  const heldOut = adapted.filter(({ split }) => split === "test").flatMap(({ persona }) => persona ?? []);
  const { additions, refused } = planAdditions({ ...what, existing, heldOut: new Set(heldOut) });
  if (additions.length === 0) return { additions, refused, writes: [] };
  const added = additions.map(testOf);
  const places = added.map((test): PlacedTest => ({ test, place: path }));
  const after = new Map(adapt([...tests, ...places], options).map(({ id, split }) => [id, split]));
  const moved = adapted.find(({ id, split }) => after.get(id) !== split);
  if (moved !== undefined) throw moves(moved, after.get(moved.id));
  return { additions, refused, writes: [{ path, text: withTests(path, added) }] };
}

const adapt = (tests: readonly PlacedTest[], options: AdaptOptions): AdaptedExample[] =>
  adaptTests(
    tests.map(({ test }) => test),
    { ...options, places: tests.map(({ place }) => place) },
  );

async function readAll(path: string): Promise<PlacedTest[]> {
  const { tests, errors } = await readTestsFile(path);
  const [error] = errors;
  if (error !== undefined) throw error;
  return tests;
}

/** What a test asks, in whatever variables it does. */
function existingOf({ id, persona, split, test }: AdaptedExample): Existing {
  const vars = test.vars ?? {};
  const texts = Object.values(vars).filter((value) => typeof value === "string");
  const query = typeof vars["query"] === "string" ? vars["query"] : texts.join("\n");
  const list: unknown[] = Array.isArray(vars["turns"]) ? vars["turns"] : [];
  const turns = list.flatMap((turn) =>
    typeof turn === "object" && turn !== null && "role" in turn && "content" in turn
      ? [{ role: String(turn.role), content: String(turn.content) }]
      : [],
  );
  return { id, persona, split, query, turns };
}

/** As `toPromptfooTests` makes them: what is rendered is safe to render. */
function testOf({ id, persona, userTypes, query, turns, ...metadata }: Addition) {
  return {
    description: id,
    vars: {
      query: neutraliseTemplates(query),
      turns: turns.map(({ role, content }) => ({ role, content: neutraliseTemplates(content) })),
    },
    metadata: { id, ...(persona === null ? {} : { persona }), split: "train", userTypes, ...metadata },
    assert: [{ ...RUBRIC }],
  };
}

function withTests(path: string, tests: readonly object[]): string {
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const text = WRITERS[extname(path).toLowerCase()]?.(before, tests);
  if (text === undefined) {
    throw new GrpoError({
      code: "DATASET_ADD_FORMAT",
      message: `Tests cannot be added to a file of "${extname(path)}".`,
      place: path,
      remedy: `Name a folder of persona files, or a file of ${Object.keys(WRITERS).join(", ")}; a config may list several files of tests.`,
    });
  }
  if (text === null) throw cannotAppend(path);
  return text;
}

const WRITERS: Readonly<Record<string, (before: string, tests: readonly object[]) => string | null>> = {
  ".jsonl": (before, tests) => {
    const gap = before === "" || before.endsWith("\n") ? "" : "\n";
    return `${before}${gap}${tests.map((test) => `${JSON.stringify(test)}\n`).join("")}`;
  },
  ".json": (before, tests) => {
    const items = tests.map((test) => `  ${JSON.stringify(test)}`).join(",\n");
    if (before.trim() === "") return `[\n${items}\n]\n`;
    const end = before.lastIndexOf("]");
    const value: unknown = JSON.parse(before);
    if (!Array.isArray(value)) return null;
    const head = before.slice(0, end).trimEnd();
    return `${head}${value.length === 0 ? "" : ","}\n${items}\n${before.slice(end)}`;
  },
  ".yaml": appendYaml,
  ".yml": appendYaml,
};

function appendYaml(before: string, tests: readonly object[]): string | null {
  return before.trim() === ""
    ? (appendToList("- x\n", undefined, tests)?.slice("- x\n\n".length) ?? null)
    : appendToList(before, undefined, tests);
}

const cannotAppend = (place: string): GrpoError =>
  new GrpoError({
    code: "DATASET_ADD_FORMAT",
    message: "The file's list is not written one item a line, so nothing can be added without rewriting it.",
    place,
    remedy: "Write its list as lines that begin with `- `, or name another file.",
  });

const moves = ({ id, split, place }: AdaptedExample, to: Split | undefined): GrpoError =>
  new GrpoError({
    code: "DATASET_ADD_MOVES",
    message: `Adding these examples would move "${id}" from ${split} to ${to ?? "nowhere"}, because its split is drawn.`,
    place,
    remedy: "Give the tests that are there a metadata.split, then add again.",
  });
