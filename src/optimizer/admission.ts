import { phonesOf, redact } from "../datasets/redaction.ts";
import { GrpoError, type Operation, type QuarantineNotes, screenText } from "../library/index.ts";
import type { Suite } from "../suite/suite.ts";
import type { Advantage } from "./advantage.ts";
import { leakCheck, referenceTexts, topicCheck } from "./leaks.ts";
import { type About, independentGroups, openSupport } from "./support.ts";

/** An operation that did not become part of a candidate. */
export interface Refusal {
  /** Without keys and personal data: it is printed and kept. */
  text: string;
  reason: string;
  /** A text that may not enter by itself: what is kept of it for a person. */
  quarantine?: Omit<QuarantineNotes, "models">;
  /** It lacks the support of another group and may still get it. */
  waits?: true;
}

/** What may enter a library, over all steps of a run. */
export interface Admission {
  /** What a step taught, before what is made of it is judged. */
  hear(advantages: readonly Advantage[]): void;
  refusal(operation: Operation, about: About): Refusal | undefined;
  /** A learner's text as it may be written down: without keys and personal data. */
  printable(text: string): string;
}

/**
 * @param suite with every example: nothing of any of them may be copied
 * @param topics words that only the learner's worked examples are about
 * @param learned the examples that the run learns from
 */
export function openAdmission(
  suite: Suite,
  topics: readonly string[],
  learned: Suite["examples"]["train"] = suite.examples.train,
): Admission {
  const { minSupport } = suite.settings;
  const [leaks, foreign] = [leakCheck(suite), topicCheck(suite, topics)];
  const known = { phones: phonesOf(referenceTexts(suite)), names: namesOf(suite) };
  const support = openSupport(learned);

  const dangersOf = (text: string): QuarantineNotes["reasons"] => {
    const copied = leaks(text);
    return [
      ...screenText(text, known).map(({ code, says }) => ({ code, message: `it ${says}` })),
      ...(copied === undefined ? [] : [{ code: "copied-text", message: copied }]),
    ];
  };
  const heldBack = (operation: Operation, about: About): Refusal | undefined => {
    if (operation.op !== "ADD" && operation.op !== "MODIFY") return undefined;
    const text = redact(operation.text, known);
    const reasons = dangersOf(operation.text);
    const topic = foreign(operation.text);
    if (reasons.length === 0) return topic === undefined ? undefined : { text, reason: topic };
    const { op } = operation;
    const evidence = (about.support ?? about.exampleIds).map((exampleId) => ({
      exampleId,
      ...(about.criterion === undefined ? {} : { criterion: about.criterion }),
    }));
    const experience = op === "MODIFY" ? operation.id : null;
    const reason = reasons.map(({ message }) => message).join("; ");
    return { text, reason, quarantine: { op, experience, text, reasons, evidence } };
  };
  return {
    printable: (text) => redact(text, known),
    hear: (advantages) => {
      for (const one of advantages) if (dangersOf(one.text).length === 0) support.hear(one);
    },
    refusal: (operation, about) => {
      const held = heldBack(operation, about);
      if (held !== undefined || !("text" in operation)) return held;
      const groups = support.of(operation, about);
      if (groups.size >= minSupport) return undefined;
      return { text: operation.text, reason: unsupported([...groups], minSupport), waits: true };
    },
  };
}

function unsupported(groups: readonly string[], minSupport: number): string {
  const by = groups.length === 0 ? "no group" : `only ${groups.join(", ")}`;
  return `${by} supports it, and minSupport asks for ${minSupport} independent groups; it waits for another to teach the same`;
}

/** Names that the tests or the settings give. */
function namesOf({ examples, settings }: Suite): string[] {
  const { redact: setting } = settings;
  const tests = Object.values(examples).flat();
  const own = tests.flatMap(({ test }): unknown[] => {
    const names: unknown = test.metadata?.["names"];
    return Array.isArray(names) ? names : [];
  });
  const given = typeof setting === "object" ? setting.names : [];
  return [...new Set([...given, ...own.filter((one) => typeof one === "string")])];
}

/** @throws GrpoError SUPPORT_IMPOSSIBLE where nothing could ever be learned */
export function requireSupportable({ settings, examples, path }: Suite): void {
  const groups = independentGroups(examples.train);
  const { minSupport } = settings;
  if (groups >= minSupport) return;
  throw new GrpoError({
    code: "SUPPORT_IMPOSSIBLE",
    message: `Every experience needs the support of ${minSupport} independent groups, and there ${groups === 1 ? "is" : "are"} only ${groups} to learn from.`,
    place: `${path} metadata.grpo.minSupport`,
    remedy: `Add training tests of other questions or conversations, or take what so few teach with --min-support ${Math.max(1, groups)}.`,
  });
}

/** What a user must know before a run whose steps are too small for the support that is asked for. */
export function supportNote({ settings }: Suite): string | undefined {
  const { batchSize, minSupport } = settings;
  if (batchSize >= minSupport) return undefined;
  return `a step has ${batchSize} training example${batchSize === 1 ? "" : "s"}, fewer than minSupport ${minSupport}: what a step teaches waits until another step teaches the same`;
}
