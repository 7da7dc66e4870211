import { resolve } from "node:path";
import { measuredEffect } from "../evaluation/attribution.ts";
import { type LibraryStore, safeJson, safeLine } from "../library/index.ts";
import {
  examplesToMeasure,
  type MeasuredExperience,
  plannedRollouts,
} from "../optimizer/experience-effects.ts";
import { rolloutTokens, timesTokens } from "../optimizer/plan.ts";
import { type PruneResult, prune } from "../optimizer/prune.ts";
import { examplesOfExperiences } from "../optimizer/record.ts";
import { inRecordedRun } from "../optimizer/recorded-run.ts";
import { type ResumeFlags, requestOf } from "../optimizer/run-request.ts";
import { modelFacts } from "../providers/model-facts.ts";
import { dollars, duration, signed, table } from "../reports/figures.ts";
import { PriceBook } from "../runs/prices.ts";
import type { UsageTotals } from "../runs/usage.ts";
import { libraryStoreOf } from "../suite/library-store.ts";
import { nameOf } from "../suite/models.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";
import { print, printJson } from "./output.ts";
import { plannedDollars } from "./planned-dollars.ts";
import { inSession } from "./session.ts";

export interface PruneOptions extends ResumeFlags {
  config?: string;
  dryRun?: boolean;
  json?: boolean;
  display?: string;
  flags: Partial<SettingsInput>;
}

/** One rollout of a validation example is luck more than a measurement: where nothing else is asked for. */
const VALIDATION_REPEATS = 4;

/** `library prune`. Prints what was measured to standard output, progress to standard error. */
export async function pruneLibrary(options: PruneOptions): Promise<number> {
  // Reading the config changes the working directory, and a resumed run reads it twice.
  const config = options.config === undefined ? undefined : resolve(options.config);
  const load = async (flags: PruneOptions["flags"]): Promise<Suite> => {
    const suite = await loadSuite(config, flags);
    const asked = flags.validationRepeats ?? Math.max(VALIDATION_REPEATS, suite.settings.validationRepeats);
    return { ...suite, settings: { ...suite.settings, validationRepeats: asked } };
  };
  const { suite, request } = await requestOf("library prune", options.flags, options, load);
  const store = libraryStoreOf(suite.settings);
  if (options.dryRun === true) {
    print(await planText(suite, store));
    return 0;
  }
  return inSession(suite, options.display, async ({ runtime, closeDisplay, elapsedMs }) => {
    const result = await inRecordedRun({ suite, runtime, store }, request, prune);
    closeDisplay();
    const usage = runtime.limiter.usage.total();
    if (options.json === true) printJson(safeJson(asJson(store, result, usage)));
    else print(`\n${resultText(store, result)}\n${paidText(usage)}, ${duration(elapsedMs())}\n`);
    return 0;
  });
}

async function planText(suite: Suite, store: LibraryStore): Promise<string> {
  const { pruneRounds, pruneExamples, validationRepeats, prices, maxCostUsd } = suite.settings;
  const { experiences } = (await store.load()).document;
  const taught = await examplesOfExperiences(store);
  const ids = experiences.map(({ id }) => id);
  const examples = examplesToMeasure(suite.examples.train, taught, ids, pruneExamples).length;
  const measuring = plannedRollouts(examples, pruneRounds);
  const validating = suite.examples.validation.length * validationRepeats;
  const calls = measuring + 3 * validating;
  const planned = [
    { model: modelFacts(suite.agent), calls, tokens: timesTokens(calls, rolloutTokens(suite)) },
  ];
  const known = ids.filter((id) => taught.has(id)).length;
  return [
    `config      ${safeLine(suite.path)}`,
    `agent       ${safeLine(nameOf(suite.agent))}`,
    `library     ${safeLine(store.path)}: ${ids.length} experiences, ${known} with the examples that taught them`,
    `measuring   at most ${measuring} rollouts: ${examples} training examples x 2, ${pruneRounds} rounds`,
    `gate        at most ${3 * validating} rollouts: ${suite.examples.validation.length} validation examples x ${validationRepeats}, the library and two that are pruned`,
    `calls       at most ${calls}, graders not counted`,
    `dollars     ${plannedDollars(planned, new PriceBook({ prices }), maxCostUsd)}`,
    "nothing was called\n",
  ].join("\n");
}

function resultText(
  store: LibraryStore,
  { before, experiences, gates, version, removed }: PruneResult,
): string {
  const rows = experiences.map(({ id, text, decision, effect, own }) => [
    id,
    decision,
    signed(effect.effect),
    `${signed(effect.low)} to ${signed(effect.high)}`,
    `${effect.with}/${effect.without}`,
    decision === "hurts" || own === null ? "all" : `${own.length} of its own`,
    safeLine(text).slice(0, 60),
  ]);
  const header = ["id", "decision", "effect", "95 %", "with/without", "examples", "experience"];
  const verdicts = gates.map(
    (one) =>
      `gate        without ${one.removed.join(", ")}: ${one.accepted ? "accepted" : "rejected"}, ${one.reason}`,
  );
  return [
    table(header, rows),
    ...verdicts,
    outcomeText(store, before.document.experiences.length, { version, removed, gates, experiences }),
  ].join("\n");
}

function outcomeText(
  { agent, route }: LibraryStore,
  size: number,
  {
    version,
    removed,
    gates,
    experiences,
  }: Pick<PruneResult, "removed" | "gates" | "experiences"> & { version: number | undefined },
): string {
  const name = `${agent}/${route}`;
  if (version !== undefined)
    return `result      ${name} version ${version}: ${size} experiences -> ${size - removed.length}`;
  if (gates.length > 0) return `result      ${name} stays as it is: the gate refused`;
  return experiences.some(({ decision }) => decision === "hurts" || decision === "does nothing")
    ? `result      ${name} stays as it is: the gate refused this before`
    : `result      ${name} stays as it is: nothing was seen to hurt or to do nothing`;
}

const paidText = ({ calls, costUsd, unpriced }: UsageTotals): string =>
  `paid        ${calls} calls, ${dollars(costUsd, unpriced)}`;

function asJson(
  store: LibraryStore,
  { before, experiences, gates, version, removed }: PruneResult,
  usage: UsageTotals,
) {
  return {
    library: { agent: store.agent, route: store.route, path: store.path },
    before: { version: before.version, hash: before.hash, experiences: experiences.length },
    version: version ?? null,
    removed,
    experiences: experiences.map(({ id, text, decision, effect, own }: MeasuredExperience) => ({
      id,
      text,
      decision,
      effect: measuredEffect(effect),
      harmful: effect.harmful,
      slight: effect.slight,
      taughtBy: own,
    })),
    gates,
    usage,
  };
}
