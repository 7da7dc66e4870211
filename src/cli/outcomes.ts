import { basename, join } from "node:path";
import { CRITERIA } from "../assertions/criteria.ts";
import type { Conversation } from "../datasets/conversation.ts";
import { readConversations } from "../datasets/conversation-file.ts";
import { currentLabels, majority } from "../datasets/label-report.ts";
import { questionOf, readAllLabels } from "../datasets/labels.ts";
import { type ArmSpec, parseArms } from "../evaluation/arm-spec.ts";
import { criteriaOutcome, loggedOutcome, type Outcome, outcomesReport } from "../evaluation/outcomes.ts";
import type { OutcomesReport } from "../evaluation/outcomes-report.ts";
import { GrpoError, safeJson, safeLine } from "../library/index.ts";
import { outcomesMarkdown, outcomesText } from "../reports/outcomes-text.ts";
import { writeReportFiles } from "../reports/write.ts";
import { redacted } from "../runs/secrets.ts";
import { gradeConversation } from "../simulation/grade-conversation.ts";
import { print, printJson } from "./output.ts";

export interface OutcomesOptions {
  kind: "eval" | "gate";
  logs: readonly string[];
  arms: string;
  outcome?: OutcomesReport["outcome"];
  /** Folder of label files; makes them the outcome unless `outcome` says otherwise. */
  labels?: string;
  agent?: string;
  route?: string;
  shares?: [number, number];
  margin?: number;
  seed?: number;
  json?: boolean;
  output?: string;
}

/**
 * `eval|gate --log`: what production logs say of two versions; nothing is called.
 * @returns the exit code: for `gate` the verdict's, for `eval` 0
 */
export async function compareOutcomes(options: OutcomesOptions): Promise<number> {
  const { kind, logs, agent, route, shares, margin, seed = 1 } = options;
  const arms = versionsOf(options.arms);
  const outcome = options.outcome ?? (options.labels === undefined ? "score" : "labels");
  const conversations: Conversation[] = [];
  for (const path of logs) conversations.push(...(await readConversations(path)));
  requireDistinct(conversations, logs);
  const made = outcomesReport({
    kind,
    logs: logs.map((path) => basename(path)),
    outcome,
    seed,
    conversations,
    arms,
    outcomeOf: outcomeFunction(outcome, conversations, options.labels),
    agent,
    route,
    shares,
    margin,
  });
  await present(redacted(made) as OutcomesReport, options);
  return kind === "gate" ? made.exitCode : 0;
}

async function present(report: OutcomesReport, { json, output, kind }: OutcomesOptions): Promise<void> {
  if (json === true) printJson(safeJson(report, 2));
  else print(`\n${outcomesText(report)}`);
  const written = writeReportFiles(output ?? join(".grpo", kind), [
    ["outcomes.json", `${safeJson(report, 2)}\n`],
    ["outcomes.md", outcomesMarkdown(report)],
  ]);
  if (json !== true) print(`\nREPORTS\n${written.map((one) => `  ${safeLine(one)}\n`).join("")}`);
}

function versionsOf(text: string): [ArmSpec, ArmSpec] {
  const arms = parseArms(text);
  for (const { label, library, provider, prompt } of arms) {
    const version = library === "none" || (typeof library === "object" && "version" in library);
    if (version && provider === undefined && prompt === undefined) continue;
    throw new GrpoError({
      code: "ARMS_INVALID",
      message: `A log tells conversations apart by the version that served them, and "${label}" is none.`,
      place: "--arms",
      remedy:
        "Write two versions, for example --arms v6,v7; baseline is what was served without experiences (version 0).",
    });
  }
  return arms;
}

function outcomeFunction(
  outcome: OutcomesReport["outcome"],
  conversations: readonly Conversation[],
  labels: string | undefined,
): (conversation: Conversation) => Outcome {
  if (outcome === "score") return loggedOutcome;
  if (outcome === "rules") return ruledOutcome;
  if (labels === undefined) {
    throw new GrpoError({
      code: "USAGE",
      message: "People's labels are the outcome, and none are given.",
      place: "--outcome labels",
      remedy: "Add --labels <folder>.",
    });
  }
  return labelledOutcome(conversations, labels);
}

function ruledOutcome(conversation: Conversation): Outcome {
  const { turns, whole } = gradeConversation(conversation);
  return criteriaOutcome([...whole, ...[...turns.values()].flat()]);
}

/** What most raters say of each item; items on which they are divided say nothing. */
function labelledOutcome(
  conversations: readonly Conversation[],
  folder: string,
): (conversation: Conversation) => Outcome {
  const questions = new Map(CRITERIA.map((criterion) => [criterion.name, questionOf(criterion)]));
  const labels = currentLabels(conversations, readAllLabels(folder), questions);
  const byConversation = Map.groupBy(labels, ({ item }) => item.replace(/#\d+$/, ""));
  return ({ id }) => {
    const items = Map.groupBy(byConversation.get(id) ?? [], ({ item, criterion }) =>
      JSON.stringify([item, criterion]),
    );
    return criteriaOutcome(
      [...items.values()].flatMap((group) => {
        const said = majority(group);
        const criterion = group[0]?.criterion ?? "";
        const must = questions.get(criterion)?.must ?? false;
        return said === undefined ? [] : [{ criterion, pass: said === "good", must }];
      }),
    );
  };
}

/** The same conversation twice would count as two. */
function requireDistinct(conversations: readonly Conversation[], logs: readonly string[]): void {
  const seen = new Set<string>();
  for (const { id } of conversations) {
    if (seen.has(id)) {
      throw new GrpoError({
        code: "CONVERSATIONS_INVALID",
        message: `The conversation "${id}" is in the logs twice.`,
        place: logs.join(", "),
        remedy: "Leave one of the logs out, or give conversations ids of their own.",
      });
    }
    seen.add(id);
  }
}
