import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readConversations, writeOutput } from "../datasets/conversation-file.ts";
import { conversationMarkdown } from "../datasets/conversation-markdown.ts";
import { EvaluationReportSchema } from "../evaluation/report.ts";
import { diffLibraries, formatDiff, GrpoError, parseLibrary, safeLine } from "../library/index.ts";
import { makeProposal, type Proposal, proposalStore, writeProposal } from "../optimizer/proposal.ts";
import { proposalMarkdown } from "../reports/proposal-markdown.ts";
import { libraryStoreOf } from "../suite/library-store.ts";
import type { SettingsInput } from "../suite/settings.ts";
import { loadSuite, type Suite } from "../suite/suite.ts";
import { addFlagged } from "./dataset-add.ts";
import { evaluateCommand } from "./evaluate.ts";
import { evaluationPlan } from "./evaluation-plan.ts";
import { flagLog } from "./flag.ts";
import { defined } from "./flags.ts";
import { print } from "./output.ts";
import { type SimulateFlags, simulate } from "./simulate.ts";
import { trainCommand } from "./train.ts";
import { Week } from "./week.ts";

export interface WeeklyOptions {
  config?: string;
  /** A conversation log in place of a simulation. */
  log?: string;
  /** Where flagged turns become examples; the personas' folder by default. */
  dataset?: string;
  labels?: string;
  below: number;
  /** Examples that are added at most, the worst conversations first. */
  most: number;
  /** Accept what is no worse than this much. */
  margin?: number;
  dryRun?: boolean;
  resume?: string | true;
  display?: string;
  only?: string[];
  flags: Partial<SettingsInput>;
}

/** What every stage works with. */
interface Loop {
  week: Week;
  suite: Suite;
  options: WeeklyOptions;
}

const LOG = "conversations.jsonl";
const FLAGGED = "flagged.jsonl";

/**
 * The weekly loop: simulate, score and flag, add, train, gate, propose. What is done is not done again when it is
 * resumed. The library is not changed: a person accepts the proposal.
 * @returns the exit code: the gate's (0 proven or no worse, 1 worse, 2 not proven); 0 when there is nothing to propose
 */
export async function weekly(given: WeeklyOptions): Promise<number> {
  const options = absolute(given);
  const suite = await loadSuite(options.config, options.flags, ["validation", "test"]);
  if (options.dryRun === true) return plan(suite, options);
  const week = options.resume === undefined ? Week.begin(options.log) : Week.resumed(options.resume);
  const loop = { week, suite, options };
  say(`week        ${week.id}${options.resume === undefined ? "" : ", gone on with"}`);

  const log = await week.stage("simulate", () => conversationsOf(loop));
  const flagged = await week.stage("flag", () => flaggedOf(loop, log));
  if (flagged === 0) return nothing(week, "no conversation is flagged");
  const examples = await week.stage("add", () => addedOf(loop));
  if (examples.length === 0) return nothing(week, "no flagged turn could become an example");
  const learned = await week.stage("train", () => trainedOn(loop, examples));
  if (!learned)
    return nothing(week, "no candidate was better on validation, or it was proposed and refused before");
  const exitCode = await week.stage("gate", () => judged(loop));
  await propose(loop, log, examples);
  week.finish();
  return exitCode;
}

const say = (text: string): void => print(`${text}\n`);

function nothing(week: Week, why: string): number {
  say(`\nNOTHING TO PROPOSE: ${why}.\nlog         ${week.folder}`);
  week.finish();
  return 0;
}

/** Reading the config changes the working directory. */
function absolute(options: WeeklyOptions): WeeklyOptions {
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  const paths = {
    config: at(options.config),
    log: at(options.log),
    dataset: at(options.dataset),
    labels: at(options.labels),
  };
  return {
    ...options,
    ...Object.fromEntries(Object.entries(paths).filter(([, path]) => path !== undefined)),
  };
}

/** What all of it would ask, and nothing asked. */
async function plan(suite: Suite, { config, log, flags, display }: WeeklyOptions): Promise<number> {
  const same = { dryRun: true, ...defined({ config, display }) };
  if (log === undefined) {
    say("SIMULATE");
    await simulate({ ...same, flags: flags as SimulateFlags });
  }
  say("TRAIN (on flagged examples alone: at most this)");
  await trainCommand({ ...same, flags });
  say("GATE");
  print(evaluationPlan(suite, suite.examples.test.length, suite.settings.testRepeats));
  return 0;
}

/** The caps that are left for the next stage: they hold over the whole loop. @throws GrpoError BUDGET_REACHED */
function capped({ week, options }: Loop): Partial<SettingsInput> {
  const { maxCalls, maxTokens, maxCostUsd } = options.flags;
  const paid = week.paid();
  const left = {
    ...(maxCalls === undefined ? {} : { maxCalls: maxCalls - paid.calls }),
    ...(maxTokens === undefined ? {} : { maxTokens: maxTokens - paid.tokens }),
    ...(maxCostUsd === undefined ? {} : { maxCostUsd: maxCostUsd - paid.costUsd }),
  };
  if (Object.values(left).every((one) => one > 0)) return { ...options.flags, ...left };
  throw new GrpoError({
    code: "BUDGET_REACHED",
    message: `The weekly loop has used what its caps allow: ${paid.calls} calls, ${paid.tokens} tokens, $${paid.costUsd.toFixed(4)}.`,
    place: week.folder,
    remedy: "Raise the cap and go on with `weekly --resume`; nothing that is paid for is paid again.",
    exitCode: 4,
  });
}

const shared = ({ suite, options }: Loop) => ({
  config: suite.path,
  ...(options.display === undefined ? {} : { display: options.display }),
});

/** The log of this week: the one that was given, or conversations with the training personas. */
async function conversationsOf(loop: Loop): Promise<string> {
  const { week, options } = loop;
  if (week.log !== undefined) return week.log;
  const out = resolve(week.path(LOG));
  const resume = week.unfinishedRun("simulate");
  await simulate({
    ...shared(loop),
    force: true,
    ...(resume === undefined ? {} : { resume }),
    flags: {
      ...defined(capped(loop)),
      out,
      ...(options.only === undefined ? {} : { only: options.only }),
    } as SimulateFlags,
  });
  return out;
}

async function flaggedOf({ week, options }: Loop, log: string): Promise<number> {
  const text = await flagLog(log, {
    out: resolve(week.path(FLAGGED)),
    force: true,
    below: options.below,
    rules: true,
    crisisLine: "988",
    json: false,
    ...(options.labels === undefined ? {} : { labels: options.labels }),
  });
  say(`\nFLAGGED\n${text}`);
  const path = week.path(FLAGGED);
  if (readFileSync(path, "utf8").trim() === "") return 0;
  const flagged = await readConversations(path);
  writeOutput(week.path("conversations.md"), flagged.map(conversationMarkdown).join("\n\n---\n\n"), true);
  return flagged.length;
}

async function addedOf({ week, suite, options }: Loop): Promise<string[]> {
  const { ids, text } = await addFlagged({
    from: week.path(FLAGGED),
    dataset: options.dataset ?? suite.settings.personas,
    redact: true,
    most: options.most,
    dryRun: false,
  });
  say(`\nADDED\n${text}`);
  return ids;
}

/** Whether training on the new examples alone made another library, in a store of the proposal's own. */
async function trainedOn(loop: Loop, examples: string[]): Promise<boolean> {
  const { week, suite } = loop;
  const real = libraryStoreOf(suite.settings);
  const store = await proposalStore(week.folder, real);
  const resume = week.unfinishedRun("train");
  await trainCommand({
    ...shared(loop),
    ...(resume === undefined ? {} : { resume }),
    sealedTest: false,
    flags: {
      ...capped(loop),
      exampleIds: examples,
      experiences: resolve(week.path("experiences")),
      store: "files",
    },
  });
  const [before, after] = [await real.load(), await store.load()];
  return before.hash !== after.hash && after.document.experiences.length > 0;
}

/** The proposal against the library as it is, on held-out examples. @returns the gate's exit code */
async function judged(loop: Loop): Promise<number> {
  const { week, suite, options } = loop;
  const { agent, route } = suite.settings;
  const current =
    (await libraryStoreOf(suite.settings).load()).document.experiences.length > 0 ? "current" : "baseline";
  say("\nGATE");
  return evaluateCommand({
    ...shared(loop),
    kind: "gate",
    arms: `${current},${join(week.folder, "experiences", agent, `${route}.md`)}`,
    names: [current, "proposal"],
    split: "test",
    output: week.path("gate"),
    ...(options.margin === undefined ? {} : { margin: options.margin }),
    flags: capped(loop),
  });
}

async function propose({ week, suite }: Loop, log: string, examples: string[]): Promise<void> {
  const real = libraryStoreOf(suite.settings);
  const proposed = await proposalStore(week.folder, real);
  const flagged = await readConversations(week.path(FLAGGED));
  const all = (await readConversations(log)).length;
  const proposal = await makeProposal(real, proposed, {
    id: week.id,
    gate: gateOf(week),
    examples,
    conversations: { all, flagged: flagged.length },
    costUsd: week.paid().costUsd,
  });
  if (proposal === undefined) return;
  writeProposal(week.folder, proposal);
  const before = (await real.load()).document;
  const diff = diffLibraries(before, parseLibrary(proposal.candidate.text, week.folder));
  writeOutput(week.path("proposal.md"), proposalMarkdown(proposal, diff, flagged), true);
  const { agent, route } = proposal;
  say(
    [
      `\nPROPOSAL    ${safeLine(week.path("proposal.md"))}`,
      formatDiff(diff),
      `\nnext        promptfoo-grpo library accept ${safeLine(week.folder)} --agent ${agent} --route ${route} --reason "..."`,
      `            promptfoo-grpo library reject ${safeLine(week.folder)} --agent ${agent} --route ${route} --reason "..."`,
    ].join("\n"),
  );
}

function gateOf(week: Week): Proposal["gate"] {
  const path = week.path(join("gate", "report.json"));
  if (!existsSync(path)) return null;
  const { verdict, exitCode, sentence, because, comparison, must } = EvaluationReportSchema.parse(
    JSON.parse(readFileSync(path, "utf8")),
  );
  const { mean, low, high } = comparison;
  const standing = must.map(({ name, means: [before, after] }) => ({ name, before, after }));
  return { verdict, exitCode, sentence, because, mean, low, high, must: standing };
}
