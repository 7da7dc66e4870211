import { GrpoError } from "../library/index.ts";
import { seededRandom } from "../runs/random.ts";
import type { Settings } from "../suite/settings.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import { screeningSet } from "./steps.ts";

/** A suite whose training examples are those that a run learns from, and what was learned from before. */
export interface Selection {
  suite: Suite;
  /** The other training examples. */
  earlier: readonly SuiteExample[];
  /** Of the earlier ones those that the gate asks too, so that what was learned is not forgotten. */
  replay: readonly SuiteExample[];
}

/**
 * The training examples that `since` and `only` choose. Without either, all of them, and nothing is replayed:
 * what a run learns from, it cannot forget unseen.
 * @throws GrpoError NOTHING_SELECTED, EXAMPLES_UNKNOWN
 */
export function selectExamples(suite: Suite): Selection {
  const { settings, examples } = suite;
  const { since, exampleIds: only } = settings;
  if (since === undefined && only === undefined) return { suite, earlier: [], replay: [] };
  requireKnown(suite, only ?? []);
  const wanted = new Set(only);
  const chosen = examples.train.filter(
    (one) => (only === undefined || wanted.has(one.id)) && (since === undefined || isSince(one, since)),
  );
  if (chosen.length === 0) throw nothingSelected(suite);
  const earlier = examples.train.filter((one) => !chosen.includes(one));
  return {
    suite: { ...suite, examples: { ...examples, train: chosen } },
    earlier,
    replay: replaySample(earlier, settings),
  };
}

/** Taken in turn from every set of user types, in an order by seed. */
function replaySample(earlier: readonly SuiteExample[], { replay, seed }: Settings): SuiteExample[] {
  const sorted = [...earlier].sort((a, b) => (a.id < b.id ? -1 : 1));
  return screeningSet(seededRandom(seed, "replay").shuffle(sorted), replay);
}

/** When an example came into the dataset, ISO 8601; undefined for what was always there. */
export function addedAt({ test }: SuiteExample): string | undefined {
  const added: unknown = test.metadata?.["added"];
  if (added instanceof Date) return added.toISOString();
  return typeof added === "string" && !Number.isNaN(Date.parse(added)) ? added : undefined;
}

/** A day counts from its beginning: an example of the day itself is since it. */
function isSince(example: SuiteExample, since: string): boolean {
  const added = addedAt(example);
  if (added === undefined) return false;
  // Where one of both tells the day alone, days are compared.
  const days = added.length === 10 || since.length === 10;
  return days ? added.slice(0, 10) >= since.slice(0, 10) : Date.parse(added) >= Date.parse(since);
}

function requireKnown({ examples, path }: Suite, only: readonly string[]): void {
  const known = new Map(
    Object.entries(examples).flatMap(([split, list]) => list.map(({ id }): [string, string] => [id, split])),
  );
  const wrong = only.filter((id) => known.get(id) !== "train");
  if (wrong.length === 0) return;
  const said = wrong.slice(0, 5).map((id) => {
    const split = known.get(id);
    return split === undefined ? `"${id}" is not in the tests` : `"${id}" is a ${split} example`;
  });
  throw new GrpoError({
    code: "EXAMPLES_UNKNOWN",
    message: `${said.join("; ")}${wrong.length > 5 ? `, and ${wrong.length - 5} more` : ""}.`,
    place: "--examples",
    remedy: `Name training examples of ${path}; \`dataset add\` prints the ids of those that it adds.`,
  });
}

function nothingSelected({ examples, settings, path }: Suite): GrpoError {
  const dates = examples.train.flatMap((one) => addedAt(one) ?? []).sort();
  const newest = dates.at(-1);
  const { since } = settings;
  const there =
    newest === undefined
      ? `none of ${examples.train.length} says when it was added`
      : `the newest of ${examples.train.length} was added ${newest}`;
  return new GrpoError({
    code: "NOTHING_SELECTED",
    message: `No training example is left to learn from${since === undefined ? "" : ` since ${since}`}: ${there}.`,
    place: `${path} metadata.grpo.${since === undefined ? "exampleIds" : "since"}`,
    remedy:
      "Add examples with `dataset add` (they carry metadata.added), name an earlier date, or leave --since and --examples out to learn from all.",
  });
}
