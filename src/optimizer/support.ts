import { normaliseText, type Operation } from "../library/index.ts";
import type { SuiteExample } from "../suite/suite.ts";
import type { Advantage, Proposal } from "./advantage.ts";
import { namesIn } from "./criteria.ts";

/** Share of the words of both, 0..1, from which two texts give the same advice. */
const SAME_ADVICE = 0.5;

export type About = Proposal["about"][number];

/** Which independent groups of rollouts stand behind a piece of advice, over all steps of a run so far. */
export interface Support {
  hear(advantage: Advantage): void;
  /** The groups that taught the operation, and those that taught the same; none twice. */
  of(operation: Operation, about: About): ReadonlySet<string>;
}

/** A piece of advice: by the criteria that it is about, else by the words of its texts. */
interface Advice {
  criteria: readonly string[];
  texts: readonly ReadonlySet<string>[];
  groups: readonly string[];
}

export function openSupport(examples: readonly SuiteExample[]): Support {
  const groupOf = new Map(examples.map((one) => [one.id, independentOf(one)]));
  const heard: Advice[] = [];
  const adviceOf = (texts: readonly string[], about: About): Advice => ({
    criteria: about.criterion === undefined ? [] : namesIn(about.criterion),
    texts: texts.map((text) => new Set(normaliseText(text).split(" "))),
    groups: (about.support ?? about.exampleIds).map((id) => groupOf.get(id) ?? `example ${id}`),
  });
  return {
    hear: (advantage) => void heard.push(adviceOf([advantage.text], advantage)),
    of: (operation, about) => {
      const texts = [...("text" in operation ? [operation.text] : []), ...(about.taughtBy ?? [])];
      const own = adviceOf(texts, about);
      return new Set([own, ...heard.filter((one) => isSame(own, one))].flatMap((one) => one.groups));
    },
  };
}

/** How many groups of these examples are independent. */
export const independentGroups = (examples: readonly SuiteExample[]): number =>
  new Set(examples.map(independentOf)).size;

/** Examples of one conversation stand for one. */
function independentOf({ id, test }: SuiteExample): string {
  const conversation: unknown = test.metadata?.["conversation"];
  const isNamed = typeof conversation === "string" || typeof conversation === "number";
  return isNamed ? `conversation ${conversation}` : `example ${id}`;
}

function isSame(a: Advice, b: Advice): boolean {
  if (a.criteria.length > 0 || b.criteria.length > 0)
    return a.criteria.some((one) => b.criteria.includes(one));
  const alike = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
    one.intersection(other).size / one.union(other).size >= SAME_ADVICE;
  return a.texts.some((one) => b.texts.some((other) => alike(one, other)));
}
