import { meanOf } from "../evaluation/sign-flip.ts";
import type { LibraryDocument, Operation } from "../library/index.ts";
import { type Random, seededRandom } from "../runs/random.ts";
import type { Advantage, FailedReflection, Proposal, Reflection, Screened } from "./advantage.ts";
import { criterionStandings, namesIn, taughtTogether } from "./criteria.ts";
import type { Group } from "./groups.ts";
import { InstructionWriter, type WriterOptions } from "./instructions.ts";

/** Criteria that a step works on, where settings do not say. */
export const MAX_OPERATIONS = 6;
/** Criteria that pass at least this often have nothing to teach. */
const LEARNED = 0.8;
export interface ContrastOptions extends WriterOptions {
  /** Which experience was written for which criterion, by experience id; kept up to date by the loop. */
  criterionOf: ReadonlyMap<string, string>;
}

/**
 * The semantic advantage by criterion: what separates failed from passed replies on one criterion, as one
 * instruction. Small learners manage this where free comparison of whole rollouts fails them. Criteria that
 * every rollout fails have no contrast but have reasons, and take part.
 */
export class CriterionContrast implements Reflection {
  readonly failures: FailedReflection[] = [];
  readonly compares = "candidates";
  /** Rates of criteria over all groups of a step want every rollout. */
  readonly firstRollouts: number;
  readonly #options: ContrastOptions;
  readonly #writer: InstructionWriter;

  constructor(options: ContrastOptions) {
    this.#options = options;
    this.firstRollouts = options.settings.groupSize;
    this.#writer = new InstructionWriter(options, this.failures);
  }

  async ofGroup(): Promise<Advantage[]> {
    return [];
  }

  async ofStep(groups: readonly Group[], library: LibraryDocument): Promise<Advantage[]> {
    const { settings } = this.#options;
    const open = taughtTogether(
      criterionStandings(groups).filter((one) => one.rate < LEARNED && one.failed.length > 0),
    );
    const asked = open
      .slice(0, settings.maxOperations ?? MAX_OPERATIONS)
      .map((standing) =>
        this.#writer.wordings(standing, this.#current(library, standing.name), "step", settings.candidates),
      );
    return (await Promise.all(asked)).flat();
  }

  async propose(
    library: LibraryDocument,
    advantages: readonly Advantage[],
    count: number,
  ): Promise<Proposal[]> {
    return Array.from({ length: count }, (_, draw) => {
      const own = advantages.filter((one) => one.draw === draw);
      // What comes last is followed best, so the first candidate has the costliest there; the others try chance.
      const ordered = draw === 0 ? own.toReversed() : this.#random("order", draw).shuffle(own);
      return this.#proposal(
        library,
        mustLast(ordered, (one) => one.must),
      );
    }).filter((proposal) => proposal.operations.length > 0);
  }

  /** For every criterion the wording under which it fared best, in the order of the best candidate. */
  combine(library: LibraryDocument, screened: readonly Screened[]): Proposal | undefined {
    const bestFirst = screened.toSorted((a, b) => (b.reward ?? -1) - (a.reward ?? -1));
    const parts = bestFirst.flatMap((one) => {
      const rates = new Map(criterionStandings(one.groups).map((standing) => [standing.name, standing.rate]));
      return one.proposal.operations.map((operation, index) => {
        const about = one.proposal.about[index];
        return {
          operation,
          about,
          criterion: about?.criterion ?? "",
          rate: meanOf(namesIn(about?.criterion ?? "").map((name) => rates.get(name) ?? 0)),
          whole: one.reward ?? 0,
        };
      });
    });
    const criteria = [...new Set(parts.map((part) => part.criterion))];
    const chosen = criteria.flatMap((criterion) => {
      const own = parts.filter((part) => part.criterion === criterion);
      return own.sort((a, b) => b.rate - a.rate || b.whole - a.whole).slice(0, 1);
    });
    const ordered = mustLast(chosen, (part) => part.about?.must);
    const operations = ordered.map((part) => part.operation);
    const known = screened.some((one) => sameTexts(one.proposal.operations, operations));
    if (known || library.experiences.length + operations.length === 0) return undefined;
    return { operations, about: ordered.flatMap((part) => (part.about === undefined ? [] : [part.about])) };
  }

  /** For the criterion that lost most: its instruction in another place, and in other words. */
  async refine(best: Screened, round: number, screened: readonly Screened[]): Promise<Proposal[]> {
    const { candidates } = this.#options.settings;
    const moved = movedCriteria(screened);
    const standing = taughtTogether(
      criterionStandings(best.groups).filter((one) => one.rate < 1 && one.failed.length > 0),
    ).sort((a, b) => Number(moved.has(b.name)) - Number(moved.has(a.name)) || b.lost - a.lost)[round];
    if (standing === undefined) return [];
    const current = this.#currentIn(best, standing.name);
    const places = current === undefined || standing.must ? [] : otherPlaces(best, current.id);
    const wordings = Math.max(1, candidates - places.length);
    const advantages = await this.#writer.wordings(standing, current, `refine ${round}`, wordings);
    return [
      ...places.map((front) => ({ operations: [], about: [], front })),
      ...advantages.map((one) => {
        const [operation, about] = this.#operation(current, one);
        return { operations: [operation], about: [about] };
      }),
    ].slice(0, candidates);
  }

  #proposal(library: LibraryDocument, advantages: readonly Advantage[]): Proposal {
    const pairs = advantages.map((one) => this.#operation(this.#current(library, one.criterion ?? ""), one));
    return { operations: pairs.map(([operation]) => operation), about: pairs.map(([, about]) => about) };
  }

  #operation(
    current: { id: string } | undefined,
    advantage: Advantage,
  ): [Operation, Proposal["about"][number]] {
    const { text, exampleIds, support = exampleIds, criterion = "", must = false } = advantage;
    const why = { reason: `criterion ${criterion}`, evidence: [...exampleIds] };
    const about = { criterion, must, exampleIds, support };
    return [
      current === undefined ? { op: "ADD", text, ...why } : { op: "MODIFY", id: current.id, text, ...why },
      about,
    ];
  }

  #current(library: LibraryDocument, criterion: string): { id: string; text: string } | undefined {
    return library.experiences.find((one) => overlap(this.#options.criterionOf.get(one.id) ?? "", criterion));
  }

  /** The experience about a criterion in a candidate, whose own additions the loop does not know yet. */
  #currentIn(candidate: Screened, criterion: string): { id: string; text: string } | undefined {
    const index = candidate.proposal.about.findIndex((one) => overlap(one.criterion ?? "", criterion));
    const operation = candidate.proposal.operations[index];
    const text = operation !== undefined && "text" in operation ? operation.text : undefined;
    return (
      candidate.document.experiences.find((one) => one.text === text) ??
      this.#current(candidate.document, criterion)
    );
  }

  #random(...parts: readonly (string | number)[]): Random {
    return seededRandom(this.#options.settings.seed, ...this.#options.seedParts, ...parts);
  }
}

/** Must-pass instructions close the library: a small model passes over a condition that stands among habits. */
function mustLast<T>(items: readonly T[], isMust: (item: T) => boolean | undefined): T[] {
  return [...items.filter((one) => isMust(one) !== true), ...items.filter((one) => isMust(one) === true)];
}

const overlap = (a: string, b: string): boolean => namesIn(a).some((name) => namesIn(b).includes(name));

/** Criteria that some candidate met at least once: a wording can move them, where others wait their turn. */
function movedCriteria(screened: readonly Screened[]): Set<string> {
  const standings = screened.flatMap((one) => taughtTogether(criterionStandings(one.groups)));
  return new Set(standings.filter((one) => one.rate > 0).map((one) => one.name));
}

/** All ids in the order that puts one of them last but for the must-pass ones, and one that puts it first. */
function otherPlaces({ document, proposal }: Screened, id: string): string[][] {
  const ids = document.experiences.map((one) => one.id);
  const mustTexts = proposal.operations.flatMap((one, index) =>
    proposal.about[index]?.must === true && "text" in one ? [one.text] : [],
  );
  const must = document.experiences.flatMap((one) => (mustTexts.includes(one.text) ? [one.id] : []));
  const others = ids.filter((one) => one !== id && !must.includes(one));
  return [
    [...others, id, ...must],
    [id, ...others, ...must],
  ].filter((order) => order.join() !== ids.join());
}

function sameTexts(a: readonly Operation[], b: readonly Operation[]): boolean {
  const texts = (operations: readonly Operation[]): string =>
    operations.map((one) => ("text" in one ? one.text : one.op)).join("\n");
  return texts(a) === texts(b);
}
