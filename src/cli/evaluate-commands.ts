import { type Command, Option } from "commander";
import { GrpoError } from "../library/error.ts";
import { quietPromptfoo } from "../suite/quiet.ts";
import type { EvaluatedSplit, EvaluateOptions } from "./evaluate.ts";
import {
  atLeastOne,
  defined,
  marginOf,
  noWorseOption,
  parts,
  someOf,
  storeOption,
  whole,
  withCaps,
} from "./flags.ts";

const EVAL_EXAMPLES = `
Examples:
  $ promptfoo-grpo eval                                     the agent without and with its library, held-out tests
  $ promptfoo-grpo eval --arms v2,v3 --split validation     two versions
  $ promptfoo-grpo eval --arms provider=gpt-5+current,provider=gpt-5-mini+current
  $ promptfoo-grpo eval --repeats 5 --dry-run               what it would cost and could show, calling nothing
  $ promptfoo-grpo eval --arms v6,v7 --log production.jsonl what logged conversations say of two versions

An arm is made of parts joined by +: baseline, current, v<number>, a library's .md file, provider=<id or label>,
prompt=<label>. Exit code 0 when it finished, whatever the verdict; 3, 4, 6, 130 as below.`;

const GATE_EXAMPLES = `
Examples:
  $ promptfoo-grpo gate --repeats 5                         in CI: fails unless the library is proven better
  $ promptfoo-grpo gate --no-worse 0.05                     fails unless a loss of more than 0.05 is ruled out
  $ promptfoo-grpo gate --results before.json after.json    judges finished results, calling no model
  $ promptfoo-grpo gate --results both.json --arms baseline,enhanced

Exit codes: 0 proven (or no worse), 1 worse, 2 not proven or rows missing, 3 usage or input, 4 a cap reached,
5 library changed meanwhile, 6 provider refused, 130 interrupted.`;

interface Flags {
  config?: string;
  arms?: string;
  split?: EvaluatedSplit;
  repeats?: number;
  cluster?: "test" | "persona" | "conversation";
  noWorse?: number | true;
  results?: string[];
  log?: string[];
  outcome?: "score" | "rules" | "labels";
  labels?: string;
  shares?: [number, number];
  allow?: ("tests" | "prompts" | "graders" | "models" | "repeats")[];
  dryRun?: boolean;
  json?: boolean;
  output?: string;
  display?: string;
  maxCost?: number;
  [setting: string]: unknown;
}

/** Registers `eval` and `gate`. promptfoo is imported only when one runs. */
export function evaluateCommands(program: Command, done: (exitCode: number) => void): void {
  const evaluation = program
    .command("eval")
    .description("Compare two arms, the agent without and with its library, on one split.")
    .addHelpText("after", EVAL_EXAMPLES);
  shared(evaluation).action(async (flags: Flags) => done(await chosen("eval", flags)));

  const gate = program
    .command("gate")
    .description("The same for CI: held-out tests, an exit code, Markdown, HTML, JUnit and JSON.")
    .addOption(noWorseOption())
    .option("--results <file...>", "judge one or two finished promptfoo results files; no model is called")
    .option(
      "--allow <what>",
      "differences between two results files that are meant: tests,prompts,graders,models,repeats",
      someOf(["tests", "prompts", "graders", "models", "repeats"] as const),
    )
    .addHelpText("after", GATE_EXAMPLES);
  shared(gate).action(async (flags: Flags) => done(await chosen("gate", flags)));
}

/** What is compared: rollouts made now, finished results, or the log of a running agent. */
function chosen(kind: "eval" | "gate", flags: Flags): Promise<number> {
  const { log, results } = flags;
  if (log !== undefined) return logged(kind, log, flags);
  const idle = LOGGED.find((name) => flags[name] !== undefined);
  if (idle !== undefined) throw pointless(idle, "is about logged conversations (--log) alone");
  return results === undefined ? run(kind, flags) : judge(results, flags);
}

function shared(command: Command): Command {
  command
    .option("-c, --config <file>", "the promptfooconfig (default: the one in this folder)")
    .option("--arms <baseline,enhanced>", "the two arms (default: baseline,current)")
    .addOption(
      new Option("--split <name>", "which tests (default: test)").choices([
        "train",
        "validation",
        "test",
        "all",
      ]),
    )
    .option("--repeats <n>", "rollouts of each test and arm (default: metadata.grpo.testRepeats)", atLeastOne)
    .addOption(
      new Option("--cluster <by>", "tests that depend on one another count as one").choices([
        "test",
        "persona",
        "conversation",
      ]),
    )
    .option("--agent <name>", "names the library's folder")
    .option("--route <name>", "names the library's file")
    .option("--experiences <folder>", "root folder of the libraries")
    .addOption(storeOption())
    .option("--provider <id or label>", "the provider, when there are several and the arms name none")
    .option("--prompt <label or text>", "the prompt, when there are several and the arms name none")
    .option("--judge <provider id>", "grader for model-graded assertions that name none")
    .option(
      "--log <file...>",
      "compare two versions (--arms v6,v7) on logged conversations; no model is called",
    )
    .addOption(
      new Option(
        "--outcome <what>",
        "of a logged conversation: its own score, the rubric's rules, or people's labels",
      ).choices(["score", "rules", "labels"]),
    )
    .option("--labels <folder>", "label files of the logged conversations")
    .option(
      "--shares <a,b>",
      "how conversations were to be shared out between the versions (default: evenly)",
      parts,
    );
  return withCaps(command)
    .option("--seed <n>", "of every random choice", whole)
    .option("--dry-run", "print what it would cost and could show, and stop")
    .option("--output <folder>", "where the reports go (default: .grpo/eval, .grpo/gate)")
    .option("--json", "print the report as JSON")
    .option("--display <kind>", "progress: auto, tty, plain or none", "auto");
}

async function run(kind: "eval" | "gate", given: Flags): Promise<number> {
  const { arms = "baseline,current", split = "test", noWorse, maxCost, display, ...rest } = given;
  const { config, repeats, cluster, dryRun, json, output, allow, ...flags } = rest;
  if (allow !== undefined) throw pointless("allow", "is about finished results (--results) alone");
  quietPromptfoo();
  const { evaluateCommand } = await import("./evaluate.ts");
  return evaluateCommand({
    kind,
    arms,
    split,
    ...defined({ config, repeats, cluster, dryRun, json, output, margin: marginOf(noWorse) }),
    ...(display === "auto" ? {} : defined({ display })),
    flags: { ...flags, ...(maxCost === undefined ? {} : { maxCostUsd: maxCost }) },
  } as EvaluateOptions);
}

/** What only an evaluation has that is made now. */
const LIVE = [
  ...["config", "repeats", "dryRun", "experiences", "store", "provider", "prompt", "judge"],
  ...["maxCost", "maxCalls", "maxTokens", "concurrency"],
];
/** What only logged conversations have. */
const LOGGED = ["outcome", "labels", "shares"];

function refuseIdle(flags: Flags, names: readonly string[], why: string): void {
  const idle = names.find((name) => flags[name] !== undefined);
  if (idle !== undefined) throw pointless(idle, why);
}

async function logged(kind: "eval" | "gate", logs: string[], flags: Flags): Promise<number> {
  refuseIdle(
    flags,
    [...LIVE, "results", "allow", "split", "cluster"],
    "says nothing of logged conversations (--log)",
  );
  const { compareOutcomes } = await import("./outcomes.ts");
  const {
    arms = "baseline,current",
    outcome,
    labels,
    shares,
    json,
    output,
    noWorse,
    seed,
    agent,
    route,
  } = flags;
  return compareOutcomes({
    kind,
    logs,
    arms,
    ...defined({ outcome, labels, shares, json, output, seed, agent, route, margin: marginOf(noWorse) }),
  } as Parameters<typeof compareOutcomes>[0]);
}

async function judge(results: string[], flags: Flags): Promise<number> {
  refuseIdle(flags, [...LIVE, "agent", "route"], "says nothing of finished results (--results)");
  const { judgeResults } = await import("./judge-results.ts");
  const { arms, split, allow, cluster, json, output, noWorse } = flags;
  const seed = typeof flags["seed"] === "number" ? flags["seed"] : undefined;
  return judgeResults({
    results,
    ...defined({ split, allow, cluster, json, output, seed, margin: marginOf(noWorse) }),
    ...(arms === undefined ? {} : { arms: pairOf(arms) }),
  } as Parameters<typeof judgeResults>[0]);
}

function pointless(flag: string, why: string): GrpoError {
  const name = `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return new GrpoError({
    code: "USAGE",
    message: `${name} ${why}.`,
    place: name,
    remedy: "Leave it out; `gate --help` has examples.",
  });
}

/** Two labels of columns; a label may hold a comma, so the middle one parts them. */
function pairOf(text: string): [string, string] {
  const parts = text.split(",");
  const middle = parts.length / 2;
  return [parts.slice(0, middle).join(",").trim(), parts.slice(middle).join(",").trim()];
}
