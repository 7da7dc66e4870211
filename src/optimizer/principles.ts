import { z } from "zod";
import type { LibraryDocument, Operation } from "../library/index.ts";
import { seedFrom } from "../runs/random.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { Settings } from "../suite/settings.ts";
import type { Advantage, FailedReflection, Proposal, Reflection } from "./advantage.ts";
import { type Answer, askLearner } from "./ask.ts";
import type { Group } from "./groups.ts";
import type { Learner } from "./learner.ts";
import { type Merge, MergeSchema, merged } from "./merging.ts";
import type { Prompts } from "./prompt-file.ts";

const SummarySchema = z.strictObject({ summary: z.string().min(1) });
/** Principles that one group teaches. */
export const MOST_PRINCIPLES = 3;
const PrinciplesSchema = z.strictObject({
  principles: z
    .array(z.strictObject({ text: z.string().min(1), attempts: z.array(z.int()) }))
    .max(MOST_PRINCIPLES),
});
const RevisionSchema = z.strictObject({
  operations: z.array(
    z.strictObject({
      op: z.enum(["ADD", "MODIFY", "DELETE", "KEEP"]),
      id: z.string().nullable(),
      text: z.string().nullable(),
      principles: z.array(z.int()),
    }),
  ),
});
type RawOperation = z.infer<typeof RevisionSchema>["operations"][number];

/** Longer questions and replies are shown by their beginning and end, so that one cannot flood the prompt. */
const MAX_CHARS = 6000;

/** Replies of a group that are compared as they are; longer ones are summarised first. */
const SIDE_BY_SIDE_CHARS = 16_000;
/** Two rollouts that differ are a comparison; two that are both right have nothing to teach. */
const FIRST_ROLLOUTS = 2;
/** Operations that are tested one by one may be many; a whole candidate is bounded. */
const MAX_OPERATIONS = { operations: 20, candidates: 6 } as const;

export interface PrinciplesOptions {
  learner: Learner;
  prompts: Prompts;
  settings: Settings;
  seedParts: readonly (string | number)[];
}

/**
 * The paper's semantic advantage (arXiv 2510.08191, section 2): a summary of every rollout, a comparison of
 * the group into one to three principles, and one revision of the library from the whole step's principles.
 */
export class GroupPrinciples implements Reflection {
  readonly failures: FailedReflection[] = [];
  readonly compares: Reflection["compares"];
  readonly firstRollouts: number;
  readonly #options: PrinciplesOptions;
  readonly #maxOperations: number;

  constructor(options: PrinciplesOptions) {
    const { schedule, groupSize, maxOperations } = options.settings;
    const adaptive = schedule === "adaptive";
    this.#options = options;
    this.compares = adaptive ? "operations" : "candidates";
    this.firstRollouts = adaptive ? Math.min(FIRST_ROLLOUTS, groupSize) : groupSize;
    this.#maxOperations = maxOperations ?? MAX_OPERATIONS[this.compares];
  }

  async ofGroup(group: Group, library: LibraryDocument): Promise<Advantage[]> {
    if (group.kind !== "informative" && group.kind !== "all-bad") return [];
    const graded = group.rollouts.filter((one) => one.reward !== null);
    const summaries = this.#needsSummaries(graded)
      ? await Promise.all(graded.map((rollout) => this.#summary(group, rollout)))
      : [];
    const answer = await askLearner(this.#options.learner, {
      stage: "advantage",
      messages: this.#options.prompts.principles({
        query: shortened(group.query),
        rollouts: graded.map((rollout, index) => attempt(rollout, index + 1, summaries[index])).join("\n"),
        experiences: listed(library),
        maxWords: String(this.#options.settings.maxWords),
      }),
      name: "principles",
      schema: PrinciplesSchema,
      temperature: 0.7,
      seed: this.#seed("principles", group.example.id),
      maxTokens: 1500,
    });
    if (!answer.ok) {
      this.failures.push({ what: `comparison of ${group.example.id}`, reason: answer.reason });
      return [];
    }
    return answer.value.principles.map(({ text }) => ({
      text: oneLine(text),
      exampleIds: [group.example.id],
      draw: 0,
    }));
  }

  async ofStep(): Promise<Advantage[]> {
    return [];
  }

  async propose(
    library: LibraryDocument,
    advantages: readonly Advantage[],
    count: number,
  ): Promise<Proposal[]> {
    if (advantages.length === 0) return [];
    const taught = this.#isPlain
      ? advantages
      : await merged(advantages, (texts, ...place) => this.#merge(texts, place));
    const proposals = await Promise.all(
      Array.from({ length: count }, (_, draw) => this.#revision(library, taught, draw)),
    );
    return proposals.flat();
  }

  combine(): undefined {
    return undefined;
  }

  async refine(): Promise<Proposal[]> {
    return [];
  }

  /** The paper summarises every rollout; replies that can be read side by side need none. */
  #needsSummaries(rollouts: readonly Rollout[]): boolean {
    const whole = rollouts.reduce((sum, { reply }) => sum + reply.length, 0);
    return this.#isPlain || whole > SIDE_BY_SIDE_CHARS;
  }

  get #isPlain(): boolean {
    return this.#options.settings.schedule === "plain";
  }

  async #summary(group: Group, rollout: Rollout): Promise<string | undefined> {
    const answer = await askLearner(this.#options.learner, {
      stage: "summary",
      messages: this.#options.prompts.summary({
        query: shortened(group.query),
        reply: shortened(rollout.reply),
        reward: (rollout.reward ?? 0).toFixed(2),
        criteria: judgement(rollout),
      }),
      name: "summary",
      schema: SummarySchema,
      temperature: 0.7,
      seed: this.#seed("summary", group.example.id, rollout.repeat),
      maxTokens: 1000,
    });
    if (answer.ok) return answer.value.summary;
    this.failures.push({
      what: `summary of ${group.example.id}, repeat ${rollout.repeat}`,
      reason: answer.reason,
    });
    return undefined;
  }

  async #merge(texts: readonly string[], [round, index]: [number, number]): Promise<Answer<Merge>> {
    const { learner, prompts, settings } = this.#options;
    const answer = await askLearner(learner, {
      stage: "merge",
      messages: prompts.merge({ principles: numbered(texts), maxWords: String(settings.maxWords) }),
      name: "merge",
      schema: MergeSchema,
      temperature: 0.7,
      seed: this.#seed("merge", round, index),
      maxTokens: 1500,
    });
    if (!answer.ok) {
      this.failures.push({ what: `merging of ${texts.length} principles`, reason: answer.reason });
    }
    return answer;
  }

  async #revision(
    library: LibraryDocument,
    advantages: readonly Advantage[],
    draw: number,
  ): Promise<Proposal[]> {
    const { settings, learner, prompts } = this.#options;
    const answer = await askLearner(learner, {
      stage: "revision",
      messages: prompts.revision({
        experiences: listed(library),
        principles: numbered(advantages.map((one) => one.text)),
        maxOperations: String(this.#maxOperations),
        maxExperiences: String(settings.maxExperiences),
        maxWords: String(settings.maxWords),
      }),
      name: "revision",
      schema: RevisionSchema,
      temperature: 0.7,
      seed: this.#seed("revision", draw),
      maxTokens: 3000,
    });
    if (!answer.ok) {
      this.failures.push({ what: `revision ${draw + 1}`, reason: answer.reason });
      return [];
    }
    const changing = answer.value.operations.filter((one) => one.op !== "KEEP");
    for (const { op, text } of changing.slice(this.#maxOperations)) {
      this.failures.push({
        what: `operation ${op}`,
        reason: `a step makes at most ${this.#maxOperations}: ${text ?? "no text"}`,
      });
    }
    const pairs = changing.slice(0, this.#maxOperations).flatMap((raw) => this.#operation(raw, advantages));
    return pairs.length === 0
      ? []
      : [
          {
            operations: pairs.map((one) => one.operation),
            about: pairs.map((one) => one.about),
          },
        ];
  }

  #operation(
    raw: RawOperation,
    advantages: readonly Advantage[],
  ): { operation: Operation; about: Proposal["about"][number] }[] {
    const behind = raw.principles.flatMap((number) => advantages[number - 1] ?? []);
    const exampleIds = [...new Set(behind.flatMap((one) => one.exampleIds))];
    const taughtBy = behind.flatMap((one) => one.mergedFrom ?? [one.text]);
    const why = { reason: behind.map((one) => one.text).join(" | "), evidence: exampleIds };
    const operation = toOperation(raw, why);
    if (operation !== undefined) return [{ operation, about: { exampleIds, taughtBy } }];
    this.failures.push({
      what: `operation ${raw.op}`,
      reason: `it lacks ${raw.op === "ADD" ? "a text" : "an id or a text"}`,
    });
    return [];
  }

  #seed(...parts: readonly (string | number)[]): number {
    return seedFrom(this.#options.settings.seed, ...this.#options.seedParts, ...parts);
  }
}

function toOperation(raw: RawOperation, why: { reason: string; evidence: string[] }): Operation | undefined {
  const { id } = raw;
  const text = raw.text === null ? null : oneLine(raw.text);
  if (raw.op === "ADD") return text === null ? undefined : { op: "ADD", text, ...why };
  if (id === null) return undefined;
  if (raw.op === "MODIFY") return text === null ? undefined : { op: "MODIFY", id, text, ...why };
  return raw.op === "DELETE" ? { op: "DELETE", id, ...why } : { op: "KEEP", id, ...why };
}

/** As the library holds it, so that an experience can be found by its text. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

const listed = (library: LibraryDocument): string =>
  library.experiences.length === 0
    ? "(none yet)"
    : library.experiences.map((one) => `[${one.id}] ${one.text}`).join("\n");

function attempt(rollout: Rollout, number: number, summary: string | undefined): string {
  const body = summary ?? shortened(rollout.reply);
  return `<attempt number="${number}" reward="${(rollout.reward ?? 0).toFixed(2)}">\n${body}\nJudged:\n${judgement(rollout)}\n</attempt>`;
}

const numbered = (texts: readonly string[]): string =>
  texts.map((text, index) => `${index + 1}. ${text}`).join("\n");

const judgement = (rollout: Rollout): string =>
  rollout.criteria
    .map(
      (one) =>
        `- ${one.name}: ${one.score === null ? "ungraded" : one.score.toFixed(2)} (${one.reason.slice(0, 300)})`,
    )
    .join("\n");

function shortened(text: string): string {
  if (text.length <= MAX_CHARS) return text;
  const half = MAX_CHARS / 2;
  return `${text.slice(0, half)}\n[… ${text.length - MAX_CHARS} characters left out …]\n${text.slice(-half)}`;
}
