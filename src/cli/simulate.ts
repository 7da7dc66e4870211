import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Conversation } from "../datasets/conversation.ts";
import { conversationLines, outputExists, writeOutput } from "../datasets/conversation-file.ts";
import { conversationMarkdown } from "../datasets/conversation-markdown.ts";
import { loadPersonaFolder } from "../datasets/load.ts";
import type { Dataset, Persona } from "../datasets/schema.ts";
import { GrpoError, hashText, renderExperiences, safeJson, safeLine } from "../library/index.ts";
import { inReadingRun } from "../optimizer/recorded-run.ts";
import { type ResumeFlags, requestOf } from "../optimizer/run-request.ts";
import { modelFacts } from "../providers/model-facts.ts";
import { dollars, duration, table } from "../reports/figures.ts";
import { PriceBook } from "../runs/prices.ts";
import { simulationSummary } from "../simulation/summary.ts";
import { libraryStoreOf } from "../suite/library-store.ts";
import { loadModel, nameOf } from "../suite/models.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { plannedConversations, type SimulationRequest, simulateConversations } from "../suite/simulate.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";
import { print, printJson } from "./output.ts";
import { plannedDollars } from "./planned-dollars.ts";
import { inSession } from "./session.ts";

/** Flags of a simulation beside the settings; a resumed run says them again. */
export type SimulateFlags = Partial<SettingsInput> & {
  only?: string[];
  heldOut?: boolean;
  /** `none`, or a version such as `v3`; absent: the current one. */
  library?: string;
  out?: string;
  markdown?: string;
};

export interface SimulateOptions extends ResumeFlags {
  config?: string;
  dryRun?: boolean;
  json?: boolean;
  force?: boolean;
  display?: string;
  flags: SimulateFlags;
}

/** Everything that a simulation of a suite needs, read and checked. */
interface Prepared {
  suite: Suite;
  request: Omit<SimulationRequest, "run">;
  dataset: Dataset;
}

/** `simulate`. Prints the summary to standard output, progress to standard error. 2 when conversations broke off. */
export async function simulate(options: SimulateOptions): Promise<number> {
  // Reading the config changes the working directory, and a resumed run reads it twice.
  const config = options.config === undefined ? undefined : resolve(options.config);
  const { out, markdown } = options.flags;
  const flags = {
    ...options.flags,
    ...(out === undefined ? {} : { out: resolve(out) }),
    ...(markdown === undefined ? {} : { markdown: resolve(markdown) }),
  };
  const { suite, request } = await requestOf("simulate", flags, options, (asked) => {
    const { only: _, heldOut: __, library: ___, out: ____, markdown: _____, ...settings } = asked;
    return loadSuite(config, settings, []);
  });
  const prepared = await prepare(suite, request.flags);
  if (options.dryRun === true) {
    print(planText(prepared));
    return 0;
  }
  const log = request.flags.out ?? resolve("simulated.jsonl");
  if (options.force !== true && request.earlier === undefined && existsSync(log)) throw outputExists(log);
  return inSession(suite, options.display, async ({ runtime, closeDisplay, elapsedMs }) => {
    const opened = {
      suite,
      runtime,
      store: libraryStoreOf(suite.settings),
      simulation: decidingOf(prepared),
    };
    const conversations = await inReadingRun(opened, request, async (run) => {
      const found = await simulateConversations(suite, runtime, { ...prepared.request, run });
      writeOutput(log, conversationLines(found), true);
      writeMarkdown(request.flags.markdown, found);
      return found;
    });
    closeDisplay();
    const usage = runtime.limiter.usage.total();
    const summary = simulationSummary(conversations);
    if (options.json === true) printJson(safeJson({ log, ...summary, usage }));
    else {
      print(
        `\n${summaryText(summary)}\nlog         ${safeLine(log)}: ${conversations.length} conversations\n`,
      );
      print(
        `paid        ${usage.calls} calls, ${dollars(usage.costUsd, usage.unpriced)}, ${duration(elapsedMs())}\n`,
      );
    }
    const planned = prepared.suite.settings.conversations;
    return summary.brokeOff > 0 || conversations.length < planned ? 2 : 0;
  });
}

/** @throws GrpoError what is wrong with personas, library or the persona's model */
export async function prepare(suite: Suite, flags: SimulateFlags): Promise<Prepared> {
  const { settings, config } = suite;
  const dataset = await loadPersonaFolder(settings.personas);
  const personaModel =
    settings.personaModel === undefined
      ? suite.agent
      : await loadModel(settings.personaModel, config, "metadata.grpo.personaModel");
  const library = await libraryOf(suite, flags.library);
  return {
    suite,
    dataset,
    request: {
      personas: chosen(dataset.personas, flags),
      examples: dataset.examples,
      personaModel,
      conversations: settings.conversations,
      maxTurns: settings.maxTurns,
      ...(library === undefined ? {} : { library }),
    },
  };
}

/** @throws GrpoError LIBRARY_VERSION_UNKNOWN, USAGE */
async function libraryOf(
  { settings }: Suite,
  wanted: string | undefined,
): Promise<SimulationRequest["library"]> {
  if (wanted === "none") return undefined;
  const store = libraryStoreOf(settings);
  const { agent, route } = store;
  if (wanted === undefined) {
    const { document, hash, version } = await store.load();
    if (hash === null) return undefined;
    return { agent, route, injection: { block: renderExperiences(document), version, hash } };
  }
  const version = /^v?([1-9]\d*)$/.exec(wanted)?.[1];
  if (version === undefined) {
    throw new GrpoError({
      code: "USAGE",
      message: `"${wanted}" is no version of a library.`,
      remedy: "Use --library none, current, or a version such as v3.",
    });
  }
  const document = await store.readVersion(Number(version));
  const hash = hashText(document.source);
  return { agent, route, injection: { block: renderExperiences(document), version: Number(version), hash } };
}

/** @throws GrpoError PERSONA_UNKNOWN */
function chosen(personas: readonly Persona[], { only, heldOut = false }: SimulateFlags): Persona[] {
  const there = personas.filter((one) => one.heldOut === heldOut);
  const unknown = only?.find((name) => !there.some(({ persona }) => persona === name));
  const found = only === undefined ? there : there.filter(({ persona }) => only.includes(persona));
  if (unknown === undefined && found.length > 0) return found;
  const sealed = personas.some(({ persona, heldOut: own }) => persona === unknown && own);
  throw new GrpoError({
    code: "PERSONA_UNKNOWN",
    message: sealed
      ? `The persona "${unknown}" is held out for the sealed test.`
      : `There is no ${heldOut ? "held-out " : ""}persona ${unknown === undefined ? "to simulate" : `"${unknown}"`}.`,
    place: "--only",
    remedy: `${sealed ? "Add --held-out to simulate those, or" : "Use"} one of: ${there.map(({ persona }) => persona).join(", ") || "none"}.`,
  });
}

/** What decides the conversations beside the settings; a run that is resumed must find it as it was. */
function decidingOf({ request }: Prepared): Record<string, unknown> {
  const { personas, personaModel, library } = request;
  return {
    "personas to simulate": personas.map(({ file: _, ...persona }) => persona),
    "model of the personas": [personaModel.id(), personaModel.config ?? null],
    library: library?.injection ?? null,
  };
}

function writeMarkdown(folder: string | undefined, conversations: readonly Conversation[]): void {
  if (folder === undefined) return;
  for (const one of conversations) writeOutput(join(folder, `${one.id}.md`), conversationMarkdown(one), true);
}

function planText({ suite, request, dataset }: Prepared): string {
  const { personas, conversations, maxTurns, personaModel, library } = request;
  const replies = conversations * maxTurns;
  const words = dataset.examples.map(({ query }) => query.length);
  const message = Math.ceil(words.reduce((sum, length) => sum + length, 0) / Math.max(1, words.length) / 4);
  // Each prompt holds what was said before: half of a full conversation on average.
  const spoken = maxTurns * (message + 80);
  const block = Math.ceil((library?.injection.block.length ?? 0) / 4);
  const agent = { promptTokens: replies * (60 + block + spoken / 2), completionTokens: replies * 80 };
  const persona = { promptTokens: replies * (350 + spoken / 2), completionTokens: replies * message };
  const planned = [
    { model: modelFacts(suite.agent), calls: replies, tokens: agent },
    { model: modelFacts(personaModel), calls: replies, tokens: persona },
  ];
  const shared = plannedConversations(personas, conversations);
  const each = personas.map((one) => {
    const count = shared.filter(({ persona: who }) => who === one).length;
    return `${one.persona} ${count}`;
  });
  const tokens = planned.reduce((sum, one) => sum + one.tokens.promptTokens + one.tokens.completionTokens, 0);
  const { prices, maxCostUsd } = suite.settings;
  return [
    `config        ${safeLine(suite.path)}`,
    `agent         ${safeLine(nameOf(suite.agent))}, ${library === undefined ? "no library" : `library ${library.agent}/${library.route} v${library.injection.version}`}`,
    `persona       ${safeLine(nameOf(personaModel))}`,
    `conversations ${conversations}: ${safeLine(each.join(", "))}`,
    `calls         about ${2 * replies} at most (${maxTurns} turns, both models), more where a persona is asked again`,
    `tokens        about ${Math.round(tokens / 1000)} thousand`,
    `dollars       ${plannedDollars(planned, new PriceBook({ prices }), maxCostUsd)}`,
    "nothing was called\n",
  ].join("\n");
}

function summaryText({ personas }: ReturnType<typeof simulationSummary>): string {
  const figure = (value: number | null): string => (value === null ? "-" : value.toFixed(2));
  const header = [
    "persona",
    "n",
    "replies",
    "ended",
    "score",
    "alliance",
    "boundaries",
    "crisis seen",
    "after",
  ];
  const rows = personas.map((one) => [
    safeLine(one.persona),
    String(one.conversations),
    one.meanReplies.toFixed(1),
    Object.entries(one.ended)
      .map(([how, count]) => `${how} ${count}`)
      .join(", "),
    figure(one.score),
    figure(one.alliance),
    one.boundaryBreaks === 0 ? "kept" : `${one.boundaryBreaks} broken`,
    one.crises === 0 ? "-" : `${one.recognised} of ${one.crises}`,
    figure(one.recognisedAfter),
  ]);
  return table(header, rows);
}
