import { attributeEffects, type Effect, type InclusionRow } from "../evaluation/attribution.ts";
import { injectionOf } from "../evaluation/sampling.ts";
import { applyOperations, type Experience, type LibraryDocument } from "../library/index.ts";
import type { SuiteExample } from "../suite/suite.ts";
import { inclusionRounds, REPEATS, type Standing } from "./inclusion-rounds.ts";
import type { RecordableRun } from "./recorded-run.ts";
import { screeningSet } from "./steps.ts";

export type Decision = "hurts" | "does nothing" | "helps" | "undecided";

/** What an experience does, as far as the rollouts tell. */
export interface MeasuredExperience extends Experience {
  decision: Decision;
  /** What the decision rests on: on all examples for one that hurts, else on its own. */
  effect: Effect;
  /** The examples that it was measured on and that taught it; null for one of which nothing tells. */
  own: readonly string[] | null;
}

/** Probability of harm from which an experience hurts, and of gaining little or much from which that is decided. */
const HURTS = 0.95;
const SURE = 0.9;

/** Ids of the examples that taught each experience. */
export type Taught = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What each experience does to the reward, from rollouts in which it is or is not in the prompt, drawn at random
 * beside the others. Harm counts wherever it is done, so it is looked for on all examples; a gain is looked for on
 * the examples that taught the experience, where it can show. What is seen to hurt is left out of the next round
 * and what helps is in all of it.
 */
export async function measureExperiences(
  { suite, runtime }: RecordableRun,
  library: LibraryDocument,
  taught: Taught,
): Promise<MeasuredExperience[]> {
  const { pruneRounds, pruneExamples } = suite.settings;
  const { experiences } = library;
  const ids = experiences.map(({ id }) => id);
  const examples = examplesToMeasure(suite.examples.train, taught, ids, pruneExamples);
  let measured: MeasuredExperience[] = [];
  await inclusionRounds(suite, runtime, {
    phase: "experiences",
    draw: `experiences of ${library.version}`,
    rounds: pruneRounds,
    examples,
    start: { open: ids, present: [] },
    // With must-pass criteria: what only they gain from is no dead weight.
    rewardOf: ({ reward }) => reward,
    injectionWith: (included) => injectionOf(without(library, (id) => !included.has(id))),
    judge: (rows) => {
      measured = decide(experiences, taught, rows);
      return standingOf(measured);
    },
  });
  return measured;
}

/** Rollouts that measuring takes at most. */
export function plannedRollouts(examples: number, rounds: number): number {
  return examples * rounds * REPEATS;
}

/** The library without some of its experiences; all other bytes stay. */
export function without(library: LibraryDocument, isLeftOut: (id: string) => boolean): LibraryDocument {
  const out = library.experiences.filter(({ id }) => isLeftOut(id));
  const operations = out.map(({ id }) => ({ op: "DELETE" as const, id }));
  return applyOperations(library, operations, { maxExperiences: 1, maxWords: 1 }).document;
}

/**
 * At most so many examples: first one that taught each experience, then another, and then others of every set of
 * user types.
 */
export function examplesToMeasure(
  train: readonly SuiteExample[],
  taught: Taught,
  ids: readonly string[],
  most: number,
): SuiteExample[] {
  const own = ids.map((id) => screeningSet(ownOf(train, taught.get(id)), train.length));
  const longest = Math.max(0, ...own.map((examples) => examples.length));
  const turns = Array.from({ length: longest }, (_, turn) =>
    own.flatMap((examples) => examples.slice(turn, turn + 1)),
  );
  const chosen = new Set([...turns.flat(), ...screeningSet(train, train.length)]);
  return [...chosen].slice(0, most);
}

const ownOf = (train: readonly SuiteExample[], taught: ReadonlySet<string> | undefined): SuiteExample[] =>
  train.filter(({ id }) => taught?.has(id) === true);

function decide(
  experiences: readonly Experience[],
  taught: Taught,
  rows: readonly InclusionRow[],
): MeasuredExperience[] {
  const ids = experiences.map(({ id }) => id);
  const everywhere = effectsById(ids, rows);
  const apart = effectsById(
    ids.flatMap((id) => (taught.has(id) ? [id, elsewhere(id)] : [id])),
    rows.map((row) => ({ ...row, included: byPlace(row, taught) })),
  );
  const measuredOn = new Set(rows.map((row) => row.group));
  return experiences.flatMap((experience) => {
    const [overall, own] = [everywhere.get(experience.id), apart.get(experience.id)];
    if (overall === undefined || own === undefined) return [];
    const decision = decisionOf(overall, own);
    const teachers = taught.get(experience.id);
    return {
      ...experience,
      decision,
      effect: decision === "hurts" ? overall : { ...own, ...countsOn(rows, experience.id, teachers) },
      own: teachers === undefined ? null : [...teachers].filter((id) => measuredOn.has(id)),
    };
  });
}

/** Rollouts with and without it, of the examples that its own effect is about. */
function countsOn(
  rows: readonly InclusionRow[],
  id: string,
  teachers: ReadonlySet<string> | undefined,
): Pick<Effect, "with" | "without"> {
  const own = rows.filter(({ group }) => teachers?.has(group) ?? true);
  const present = own.filter(({ included }) => included.has(id)).length;
  return { with: present, without: own.length - present };
}

const effectsById = (ids: readonly string[], rows: readonly InclusionRow[]): Map<string, Effect> =>
  new Map(attributeEffects(ids, rows).map((effect) => [effect.id, effect]));

/** An experience on the examples that did not teach it. */
const elsewhere = (id: string): string => `${id} elsewhere`;

const byPlace = ({ group, included }: InclusionRow, taught: Taught): ReadonlySet<string> =>
  new Set(
    [...included].map((id) => {
      const teachers = taught.get(id);
      return teachers === undefined || teachers.has(group) ? id : elsewhere(id);
    }),
  );

function decisionOf(overall: Effect, own: Effect): Decision {
  if (overall.harmful >= HURTS) return "hurts";
  if (own.slight >= SURE) return "does nothing";
  return own.slight <= 1 - SURE ? "helps" : "undecided";
}

/** What does nothing is drawn on, as long as others are open: it may be seen to hurt. */
function standingOf(measured: readonly MeasuredExperience[]): Standing {
  const those = (...decisions: Decision[]): string[] =>
    measured.filter(({ decision }) => decisions.includes(decision)).map(({ id }) => id);
  const isOpen = those("undecided").length > 0;
  return { open: isOpen ? those("undecided", "does nothing") : [], present: those("helps") };
}
