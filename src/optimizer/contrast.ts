import { z } from "zod";
import { meanOf } from "../evaluation/sign-flip.ts";
import { countWords, type LibraryDocument, type Operation, safeText } from "../library/index.ts";
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

const InstructionSchema = z.strictObject({ instruction: z.string().min(1).max(220) });
const ATTEMPTS = 2;

/** A sentence that stops in the middle teaches half of what it should. */
const WHOLE = /[^\s,:;][.!?…'’”)]$/;
const DANGLING = /\b(for example|such as|like|and|or|the)[.…]*$/i;

function whyUnusable(text: string, maxWords: number): string | undefined {
  if (!WHOLE.test(text) || DANGLING.test(text)) return `it is not a whole sentence: "${text}"`;
  return countWords(text) > maxWords ? `it has more than ${maxWords} words: "${text}"` : undefined;
}

/** Criteria that pass at least this often have nothing to teach. */
const LEARNED = 0.8;
const MAX_REASONS = 3;

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
      .flatMap((standing) =>
        Array.from({ length: settings.candidates }, (_, draw) =>
          this.#instruction(standing, draw, this.#current(library, standing.name), "step"),
        ),
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
    const { settings } = this.#options;
    const standing = taughtTogether(
      criterionStandings(best.groups).filter((one) => one.rate < 1 && one.failed.length > 0),
    ).sort((a, b) => b.lost - a.lost)[round];
    if (standing === undefined) return [];
    const current = this.#currentIn(best, standing.name);
    const asked = Array.from({ length: settings.candidates }, (_, draw) =>
      this.#instruction(standing, draw, current, `refine ${round}`),
    );
    const advantages = (await Promise.all(asked)).flat();
    const distinct = advantages.filter(
      (one, index) => advantages.findIndex((other) => other.text === one.text) === index,
    );
    return distinct.map((advantage) => {
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

  async #instruction(
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
        temperature: Math.min(0.8, 0.2 + 0.3 * (draw + attempt)),
        seed: seedFrom(settings.seed, ...this.#options.seedParts, when, standing.name, draw, attempt),
        maxTokens: 80,
      });
      const text = answer.ok ? tidy(answer.value.instruction) : "";
      const unusable = answer.ok ? whyUnusable(text, settings.maxWords) : answer.reason;
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
      criterion: standing.name,
      scope: standing.coverage >= 0.5 ? "every reply" : scopeOf(standing, failed),
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

/** A double quote inside a grammar-bound JSON string ends it, so small learners read single ones only. */
const quiet = (text: string): string => safeText(text).replaceAll('"', "'").replace(/\s+/g, " ").trim();

function clip(text: string, words: number): string {
  const parts = text.split(" ");
  return parts.length <= words ? text : `${parts.slice(0, words).join(" ")} …`;
}

/** One line, without the list number or label that small models put in front. */
function tidy(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/^\s*(?:instruction:|\d+[.)]|\[E?\d+\]|[-*])\s*/i, "")
    .trim();
}

function sameTexts(a: readonly Operation[], b: readonly Operation[]): boolean {
  const texts = (operations: readonly Operation[]): string =>
    operations
      .map((one) => ("text" in one ? one.text : one.op))
      .sort()
      .join("\n");
  return texts(a) === texts(b);
}
