import { join } from "node:path";
import {
  applyOperations,
  type HistoryEntry,
  type LibraryDocument,
  openLibraryStore,
} from "../src/library/index.ts";
import { seededRandom } from "../src/runs/random.ts";
import { CRITERIA, HARMFUL, MORE_HARMFUL, MORE_NEUTRAL, NEUTRAL, TICKETS, type Ticket } from "./mock/task.ts";
import { validationIds } from "./project.ts";

export type Kind = "true" | "harmful" | "useless";

/** An experience of a library that was put together, and what is known of it. */
interface Planted {
  kind: Kind;
  text: string;
  /** The training tickets that taught it; null for one that a person wrote. */
  taughtBy: readonly string[] | null;
}

export const HARMFULS: readonly string[] = [HARMFUL, ...MORE_HARMFUL];
const TRUE = 10;
const EACH = 4;

const sentence = (phrase: string): string => `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}.`;

/**
 * Puts a library of true, harmful and useless guidelines into a project, in random order, with the history of
 * one that was trained: true ones were taught by the training tickets that carry their criterion, every other
 * harmful and useless one by two tickets at random, and the rest were written by a person.
 * @returns the kind of each experience by id
 */
export async function plantLibrary(
  folder: string,
  seed: number,
  validation: number,
): Promise<Map<string, Kind>> {
  const planted = plantedOf(seed, validation);
  const store = openLibraryStore({ root: join(folder, "experiences"), agent: "tickets", route: "common" });
  const { document } = applyOperations(
    (await store.load()).document,
    planted.map(({ text }) => ({ op: "ADD", text })),
    { maxExperiences: planted.length, maxWords: 32 },
  );
  const ids = new Map(document.experiences.map(({ id, text }) => [text, id]));
  const evidence = planted.flatMap(({ text, taughtBy }): HistoryEntry["evidence"] =>
    (taughtBy ?? []).map((exampleId) => ({ exampleId, experience: ids.get(text) ?? null })),
  );
  await commit(store, document, evidence);
  return new Map(planted.map(({ text, kind }) => [ids.get(text) ?? "", kind]));
}

async function commit(
  store: ReturnType<typeof openLibraryStore>,
  document: LibraryDocument,
  evidence: HistoryEntry["evidence"],
): Promise<void> {
  await store.commit({
    document,
    expectedParentHash: null,
    entry: { author: "train", reason: "planted", evidence },
  });
}

function plantedOf(seed: number, validation: number): Planted[] {
  const random = seededRandom(seed, "plant");
  const validating = new Set(validationIds(validation));
  const training = TICKETS.filter(({ id, split }) => split === "train" && !validating.has(id));
  const carriers = (name: string): Ticket[] => training.filter(({ criteria }) => criteria.includes(name));
  // What replies do anyway, or no ticket asks for, is no true guideline.
  const taught = CRITERIA.filter(({ name, p0 }) => p0 <= 0.6 && carriers(name).length > 0);
  const guidelines = random.shuffle(taught).slice(0, TRUE);
  const other = (kind: Kind, phrases: readonly string[]): Planted[] =>
    phrases.slice(0, EACH).map((phrase, index) => ({
      kind,
      text: sentence(phrase),
      taughtBy:
        index % 2 === 0
          ? random
              .shuffle(training)
              .slice(0, 2)
              .map(({ id }) => id)
          : null,
    }));
  return random.shuffle([
    ...guidelines.map(
      ({ name, phrase }): Planted => ({
        kind: "true",
        text: sentence(phrase),
        taughtBy: carriers(name).map(({ id }) => id),
      }),
    ),
    ...other("harmful", HARMFULS),
    ...other("useless", [NEUTRAL, ...MORE_NEUTRAL]),
  ]);
}
