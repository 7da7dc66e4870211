import { z } from "zod";
import type { LibraryDocument, Operation } from "../library/index.ts";
import { seedFrom } from "../runs/random.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { Settings } from "../suite/settings.ts";
import type { Advantage, FailedReflection, Proposal, Reflection } from "./advantage.ts";
import { askLearner } from "./ask.ts";
import type { Group } from "./groups.ts";
import type { Learner } from "./learner.ts";
import type { Prompts } from "./prompt-file.ts";

const SummarySchema = z.strictObject({ summary: z.string().min(1) });
const PrinciplesSchema = z.strictObject({
  principles: z.array(z.strictObject({ text: z.string().min(1), attempts: z.array(z.int()) })).max(3),
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

/** Longer replies are shown by their beginning and end, so that one rollout cannot flood the prompt. */
const MAX_REPLY_CHARS = 6000;

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
        query: group.query,
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
    const proposals = await Promise.all(
      Array.from({ length: count }, (_, draw) => this.#revision(library, advantages, draw)),
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
    return this.#options.settings.schedule === "plain" || whole > SIDE_BY_SIDE_CHARS;
  }

  async #summary(group: Group, rollout: Rollout): Promise<string | undefined> {
    const answer = await askLearner(this.#options.learner, {
      stage: "summary",
      messages: this.#options.prompts.summary({
        query: group.query,
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
        principles: advantages.map((one, index) => `${index + 1}. ${one.text}`).join("\n"),
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
    const exampleIds = [
      ...new Set(raw.principles.flatMap((number) => advantages[number - 1]?.exampleIds ?? [])),
    ];
    const taughtBy = raw.principles.map((number) => advantages[number - 1]?.text ?? "").filter(Boolean);
    const why = { reason: taughtBy.join(" | "), evidence: exampleIds };
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

const judgement = (rollout: Rollout): string =>
  rollout.criteria
    .map(
      (one) =>
        `- ${one.name}: ${one.score === null ? "ungraded" : one.score.toFixed(2)} (${one.reason.slice(0, 300)})`,
    )
    .join("\n");

function shortened(text: string): string {
  if (text.length <= MAX_REPLY_CHARS) return text;
  const half = MAX_REPLY_CHARS / 2;
  return `${text.slice(0, half)}\n[… ${text.length - MAX_REPLY_CHARS} characters left out …]\n${text.slice(-half)}`;
}
