import { z } from "zod";
import { meanOf } from "../evaluation/sign-flip.ts";
import type { LibraryDocument, Operation } from "../library/index.ts";
import { type Random, seededRandom, seedFrom } from "../runs/random.ts";
import type { Settings } from "../suite/settings.ts";
import type { Advantage, FailedReflection, Proposal, Reflection, Screened } from "./advantage.ts";
import { askLearner } from "./ask.ts";
import {
  type CriterionStanding,
  criterionStandings,
  type Judged,
  namesIn,
  taughtTogether,
} from "./criteria.ts";
import type { Group } from "./groups.ts";
import type { Learner } from "./learner.ts";
import type { Prompt } from "./prompt-file.ts";
import { clip, faithfulness, quiet, tidy, whyUnusable } from "./wording.ts";

const InstructionSchema = z.strictObject({ instruction: z.string().min(1).max(220) });
const ATTEMPTS = 2;
/** Drafts for every wording that is tried out: asking a learner is cheaper than a screening. */
const DRAFTS = 2;

/** Criteria that pass at least this often have nothing to teach. */
const LEARNED = 0.8;
const MAX_REASONS = 3;
/** Share of examples from which on a criterion is meant for every reply. */
const COMMON = 0.5;

export interface ContrastOptions {
  learner: Learner;
  prompt: Prompt;
  settings: Settings;
  /** Which experience was written for which criterion, by experience id; kept up to date by the loop. */
  criterionOf: ReadonlyMap<string, string>;
  /** Tells one step's random choices from another's. */
  seedParts: readonly (string | number)[];
}

/**
 * The semantic advantage by criterion: what separates failed from passed replies on one criterion, as one
 * instruction. Small learners manage this where free comparison of whole rollouts fails them. Criteria that
 * every rollout fails have no contrast but have reasons, and take part.
 */
export class CriterionContrast implements Reflection {
  readonly failures: FailedReflection[] = [];
  readonly #options: ContrastOptions;

  constructor(options: ContrastOptions) {
    this.#options = options;
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
      .slice(0, settings.maxOperations)
      .map((standing) => this.#wordings(standing, this.#current(library, standing.name), "step"));
    return (await Promise.all(asked)).flat();
  }

  async propose(
    library: LibraryDocument,
    advantages: readonly Advantage[],
    count: number,
  ): Promise<Proposal[]> {
    return Array.from({ length: count }, (_, draw) => {
      const own = advantages.filter((one) => one.draw === draw);
      return this.#proposal(
        library,
        mustLast(this.#random("order", draw).shuffle(own), (one) => one.must),
      );
    }).filter((proposal) => proposal.operations.length > 0);
  }

  /** For every criterion the wording under which it fared best. */
  combine(library: LibraryDocument, screened: readonly Screened[]): Proposal | undefined {
    const parts = screened.flatMap((one) => {
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

  async refine(best: Screened, round: number): Promise<Proposal[]> {
    const standing = taughtTogether(
      criterionStandings(best.groups).filter((one) => one.rate < 1 && one.failed.length > 0),
    ).sort((a, b) => b.lost - a.lost)[round];
    if (standing === undefined) return [];
    const current = this.#currentIn(best, standing.name);
    const advantages = await this.#wordings(standing, current, `refine ${round}`);
    return advantages.map((advantage) => {
      const [operation, about] = this.#operation(current, advantage);
      return {
        operations: [operation],
        about: [about],
        ...(current === undefined || standing.must ? {} : { front: [current.id] }),
      };
    });
  }

  #proposal(library: LibraryDocument, advantages: readonly Advantage[]): Proposal {
    const pairs = advantages.map((one) => this.#operation(this.#current(library, one.criterion ?? ""), one));
    return { operations: pairs.map(([operation]) => operation), about: pairs.map(([, about]) => about) };
  }

  #operation(
    current: { id: string } | undefined,
    advantage: Advantage,
  ): [Operation, Proposal["about"][number]] {
    const { text, exampleIds, criterion = "", must = false } = advantage;
    const why = { reason: `criterion ${criterion}`, evidence: [...exampleIds] };
    const about = { criterion, must, exampleIds };
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

  /** Distinct wordings for one criterion, those that keep closest to the graders' reasons first. */
  async #wordings(
    standing: CriterionStanding,
    current: { text: string } | undefined,
    when: string,
  ): Promise<Advantage[]> {
    const { candidates } = this.#options.settings;
    const drafts = await Promise.all(
      Array.from({ length: candidates * DRAFTS }, (_, draw) => this.#draft(standing, draw, current, when)),
    );
    const texts = new Map(drafts.flat().map((one) => [one.text, one]));
    const reasons = standing.failed.map((one) => one.criterion.reason);
    const replies = standing.failed.map((one) => one.reply);
    return [...texts.values()]
      .map((advantage) => ({ advantage, faithful: faithfulness(advantage.text, reasons, replies) }))
      .sort((a, b) => b.faithful - a.faithful)
      .slice(0, candidates)
      .map(({ advantage }, draw) => ({ ...advantage, draw }));
  }

  async #draft(
    standing: CriterionStanding,
    draw: number,
    current: { text: string } | undefined,
    when: string,
  ): Promise<Advantage[]> {
    const { learner, prompt, settings } = this.#options;
    const random = this.#random(when, standing.name, draw);
    const failed = random.shuffle(standing.failed)[0];
    if (failed === undefined) return [];
    const about = { exampleIds: [failed.exampleId], criterion: standing.name, must: standing.must, draw };
    let reason = "";
    // An unusable text is drawn again without a word about it: a small learner would write our complaint down.
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await askLearner(learner, {
        stage: "advantage",
        messages: prompt(this.#values(standing, failed, current, random)),
        name: "instruction",
        schema: InstructionSchema,
        temperature: 0.3 + 0.4 * attempt,
        seed: seedFrom(settings.seed, ...this.#options.seedParts, when, standing.name, draw, attempt),
        maxTokens: 80,
      });
      const text = answer.ok ? tidy(answer.value.instruction) : "";
      const unusable = answer.ok
        ? (whyUnusable(text, settings.maxWords) ?? whyUnconditional(standing, text))
        : answer.reason;
      if (unusable === undefined) return [{ text, ...about }];
      reason = unusable;
    }
    this.failures.push({ what: `instruction for ${standing.name}`, reason });
    return [];
  }

  #values(
    standing: CriterionStanding,
    failed: Judged,
    current: { text: string } | undefined,
    random: Random,
  ): Record<string, string> {
    const sameGroup = standing.passed.filter((one) => one.exampleId === failed.exampleId);
    const passed = random.shuffle(sameGroup.length > 0 ? sameGroup : standing.passed)[0];
    const others = random.shuffle(standing.failed);
    // One reason of each criterion that is taught together, then more of any.
    const first = namesIn(standing.name).flatMap(
      (name) => others.find((one) => one.criterion.name === name) ?? [],
    );
    const reasons = [...new Set([failed, ...first, ...others].map((one) => quiet(one.criterion.reason)))];
    return {
      criterion: checkName(standing.name),
      scope: standing.coverage >= COMMON ? "every reply" : scopeOf(standing, failed),
      reasons: reasons
        .slice(0, Math.max(MAX_REASONS, namesIn(standing.name).length))
        .map((one) => clip(one, 30))
        .join(" | "),
      failed: `'${clip(quiet(failed.reply), 24)}'`,
      passed: passed === undefined ? "none yet" : `'${clip(quiet(passed.reply), 30)}'`,
      current: current === undefined ? "" : `\nCurrent instruction: ${quiet(current.text)}`,
      maxWords: String(Math.min(25, this.#options.settings.maxWords)),
    };
  }

  #random(...parts: readonly (string | number)[]): Random {
    return seededRandom(this.#options.settings.seed, ...this.#options.seedParts, ...parts);
  }
}

/** Several criteria are one check by number: a small learner writes their names down instead of the demands. */
function checkName(name: string): string {
  const names = namesIn(name);
  return names.length === 1 ? name : `${names.length} checks at once`;
}

/** What only some replies need, said without a condition, changes all the others too. */
function whyUnconditional(standing: CriterionStanding, text: string): string | undefined {
  if (standing.coverage >= COMMON || /\b(?:when|whenever|if|once|after|before)\b/i.test(text)) return undefined;
  return `only some replies need it, and it does not say when: "${text}"`;
}

/** Whom it concerns: the user types that all its examples share, where they name any, and a message. */
function scopeOf(standing: CriterionStanding, failed: Judged): string {
  const shared = failed.userTypes.filter((type) =>
    standing.failed.every((one) => one.userTypes.includes(type)),
  );
  const kind = shared.length === 0 ? "" : ` (user type: ${shared.map(quiet).join(", ")})`;
  return `only some replies${kind}, to messages such as '${clip(quiet(failed.query), 20)}'`;
}

/** Must-pass instructions close the library: a small model passes over a condition that stands among habits. */
function mustLast<T>(items: readonly T[], isMust: (item: T) => boolean | undefined): T[] {
  return [...items.filter((one) => isMust(one) !== true), ...items.filter((one) => isMust(one) === true)];
}

const overlap = (a: string, b: string): boolean => namesIn(a).some((name) => namesIn(b).includes(name));

function sameTexts(a: readonly Operation[], b: readonly Operation[]): boolean {
  const texts = (operations: readonly Operation[]): string =>
    operations
      .map((one) => ("text" in one ? one.text : one.op))
      .sort()
      .join("\n");
  return texts(a) === texts(b);
}
