import { z } from "zod";
import { type Random, seededRandom, seedFrom } from "../runs/random.ts";
import type { Settings } from "../suite/settings.ts";
import type { Advantage, FailedReflection } from "./advantage.ts";
import { askLearner } from "./ask.ts";
import { type CriterionStanding, type Judged, namesIn } from "./criteria.ts";
import type { Learner } from "./learner.ts";
import type { Prompt } from "./prompt-file.ts";
import { clip, faithfulness, quiet, tidy, whyUnusable } from "./wording.ts";

const InstructionSchema = z.strictObject({ instruction: z.string().min(1).max(220) });
const ATTEMPTS = 2;
/** Drafts beyond the wordings that are tried out: asking a learner is cheaper than a screening. */
const SPARE_DRAFTS = 1;

const MAX_REASONS = 3;
/** What a small agent still follows. */
const MAX_WORDS = 25;
/** Share of examples from which on a criterion is meant for every reply. */
const COMMON = 0.5;

export interface WriterOptions {
  learner: Learner;
  prompt: Prompt;
  settings: Settings;
  /** Tells one step's random choices from another's. */
  seedParts: readonly (string | number)[];
}

/** Has the learner write instructions for one criterion, from failed and passed replies and graders' reasons. */
export class InstructionWriter {
  readonly #options: WriterOptions;
  readonly #failures: FailedReflection[];

  constructor(options: WriterOptions, failures: FailedReflection[]) {
    this.#options = options;
    this.#failures = failures;
  }

  /** Distinct wordings for one criterion, those that keep closest to the graders' reasons first. */
  async wordings(
    standing: CriterionStanding,
    current: { text: string } | undefined,
    when: string,
    count: number,
  ): Promise<Advantage[]> {
    const drafts = await Promise.all(
      Array.from({ length: count + SPARE_DRAFTS }, (_, draw) => this.#draft(standing, draw, current, when)),
    );
    const texts = new Map(drafts.flat().map((one) => [one.text, one]));
    if (current !== undefined) texts.delete(current.text);
    const reasons = standing.failed.map((one) => one.criterion.reason);
    const replies = standing.failed.map((one) => one.reply);
    return [...texts.values()]
      .map((advantage) => ({ advantage, faithful: faithfulness(advantage.text, reasons, replies) }))
      .sort((a, b) => b.faithful - a.faithful)
      .slice(0, count)
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
    const { name: criterion, must } = standing;
    // One failed reply is shown; that there is something to teach, all of them say.
    const support = [...new Set(standing.failed.map((one) => one.exampleId))];
    const about = { exampleIds: [failed.exampleId], support, criterion, must, draw };
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
        ? (whyUnusable(text, this.#maxWords) ?? whyUnconditional(standing, text))
        : answer.reason;
      if (unusable === undefined) return [{ text, ...about }];
      reason = unusable;
    }
    this.#failures.push({ what: `instruction for ${standing.name}`, reason });
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
      maxWords: String(this.#maxWords),
    };
  }

  get #maxWords(): number {
    return Math.min(MAX_WORDS, this.#options.settings.maxWords);
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

/** A condition, and not the `if` of "ask if they are safe". */
const CONDITION = /^(?:if|once|after|before)\b|\bwhen(?:ever)?\b/i;

/** What only some replies need, said without a condition, changes all the others too. */
function whyUnconditional(standing: CriterionStanding, text: string): string | undefined {
  if (standing.coverage >= COMMON || CONDITION.test(text)) return undefined;
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
