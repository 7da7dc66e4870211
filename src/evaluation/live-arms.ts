import { countWords, hashText, type LibraryDocument, type LibraryStore } from "../library/index.ts";
import { modelFacts } from "../providers/model-facts.ts";
import type { PriceBook } from "../runs/prices.ts";
import { nameOf } from "../suite/models.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { Suite } from "../suite/suite.ts";
import { type ArmSpec, libraryOfArm } from "./arm-spec.ts";
import type { PairedExample } from "./arms.ts";
import type { ArmFacts } from "./evaluation.ts";
import { libraryCost, priceOfCalls } from "./library-cost.ts";
import type { RolledArm } from "./roll.ts";
import { routedArm } from "./routed-arm.ts";
import { countRows } from "./rows.ts";
import { baselineSampling, evaluationSampling } from "./sampling.ts";

/** An arm that is rolled out now: what to ask, and what it is. */
export interface LiveArm {
  label: string;
  library: LibraryDocument | null;
  rolled: RolledArm;
}

/** Opens an arm's library and suite. `suiteFor` resolves the config for another provider or prompt. */
export async function openArm(
  spec: ArmSpec,
  options: {
    store: LibraryStore;
    split: string;
    repeats: number;
    suiteFor: (choice: Pick<ArmSpec, "provider" | "prompt">) => Promise<Suite>;
  },
): Promise<LiveArm> {
  const { store, split, repeats, suiteFor } = options;
  const { provider, prompt, library: wanted } = spec;
  const suite = await suiteFor({
    ...(provider === undefined ? {} : { provider }),
    ...(prompt === undefined ? {} : { prompt }),
  });
  if (wanted === "routed" || wanted === "routed:detect") {
    const router = wanted === "routed" ? "user types" : "detection";
    const { library, sampling } = await routedArm(suite, router, split, repeats);
    return { label: spec.label, library, rolled: { suite, sampling } };
  }
  const library = await libraryOfArm({ library: wanted }, store);
  const sampling =
    library === null ? baselineSampling(split, repeats) : evaluationSampling(library, split, repeats);
  return { label: spec.label, library, rolled: { suite, sampling } };
}

/** How an arm was rolled out. */
export interface LiveRollouts {
  /** The arm that it is compared with. */
  other: LiveArm;
  pairs: readonly PairedExample[];
  side: "baseline" | "enhanced";
  planned: number;
  prices: PriceBook;
}

/** An arm's description in the report, with what its rollouts cost. */
export function factsOf(arm: LiveArm, live: LiveRollouts): ArmFacts {
  const { label, library } = arm;
  const { suite } = arm.rolled;
  const { pairs, side, planned } = live;
  const rollouts = pairs.flatMap((pair) => [...pair[side]]);
  return {
    label,
    agent: nameOf(suite.agent),
    prompt: suite.prompt.label.replace(/\s+/g, " ").slice(0, 200),
    library: library === null ? null : { ...libraryFacts(library), perCall: costOf(library, arm, live) },
    rows: countRows(rollouts, planned, 0),
    usage: usageOf(rollouts),
  };
}

function costOf(library: LibraryDocument, { rolled: { suite } }: LiveArm, live: LiveRollouts) {
  const { other, pairs, side, prices } = live;
  const measurable = other.library === null && other.rolled.suite === suite;
  const price = priceOfCalls(prices, modelFacts(suite.agent));
  return libraryCost({ library, pairs, side, measurable, price });
}

function libraryFacts(library: LibraryDocument) {
  return {
    version: library.version,
    hash: hashText(library.source),
    experiences: library.experiences.length,
    words: library.experiences.reduce((sum, one) => sum + countWords(one.text), 0),
  };
}

function usageOf(rollouts: readonly Rollout[]): ArmFacts["usage"] {
  const told = rollouts.flatMap((one) => one.usage ?? []);
  return {
    calls: told.length,
    promptTokens: told.reduce((sum, one) => sum + one.promptTokens, 0),
    cachedTokens: told.reduce((sum, one) => sum + one.cachedTokens, 0),
    completionTokens: told.reduce((sum, one) => sum + one.completionTokens, 0),
    costUsd: told.reduce((sum, one) => sum + (one.costUsd ?? 0), 0),
    unpriced: told.filter((one) => one.costUsd === null).length,
  };
}
