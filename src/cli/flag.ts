import { CRITERIA, criterionByName } from "../assertions/criteria.ts";
import { DEFAULT_RULE_SETTINGS } from "../assertions/criterion.ts";
import type { Conversation } from "../datasets/conversation.ts";
import { conversationLines, readConversations, writeOutput } from "../datasets/conversation-file.ts";
import { type FlagGrades, flagConversations } from "../datasets/flag.ts";
import { currentLabels } from "../datasets/label-report.ts";
import { questionOf, readAllLabels } from "../datasets/labels.ts";
import { safeJson, safeLine } from "../library/index.ts";
import { gradeConversation } from "../simulation/grade-conversation.ts";
import { plural } from "./conversations.ts";

export interface FlagCommandOptions {
  out?: string;
  force: boolean;
  below: number;
  criteria?: readonly string[];
  labels?: string;
  rules: boolean;
  crisisLine: string;
  json: boolean;
}

const NO_GRADES: FlagGrades = { turns: new Map(), whole: [] };

/** `flag`: what should be looked at, and why. @returns what to print */
export async function flagLog(path: string, options: FlagCommandOptions): Promise<string> {
  const conversations = await readConversations(path);
  const questions = new Map(CRITERIA.map((criterion) => [criterion.name, questionOf(criterion)]));
  const criteria = new Set((options.criteria ?? []).map((name) => criterionByName(name, "--criteria").name));
  const settings = { ...DEFAULT_RULE_SETTINGS, crisisLine: options.crisisLine };
  const { flagged, counts } = flagConversations(conversations, {
    below: options.below,
    criteria,
    must: new Set(CRITERIA.filter(({ must }) => must).map(({ name }) => name)),
    grade: (one) => (options.rules ? gradeConversation(one, settings) : NO_GRADES),
    labels:
      options.labels === undefined
        ? []
        : currentLabels(conversations, readAllLabels(options.labels), questions),
  });
  if (options.out !== undefined) writeOutput(options.out, conversationLines(flagged), options.force);
  if (options.json) return safeJson({ conversations: conversations.length, counts, flagged }, 2);
  const lines = [
    `${flagged.length} of ${plural(conversations.length, "conversation")} flagged: ${countsLine(counts)}`,
    ...flagged.flatMap(flagLines),
    ...(options.out === undefined ? [] : [`written to ${options.out}`]),
  ];
  return lines.map((line) => (line.startsWith("  ") ? `  ${safeLine(line)}` : safeLine(line))).join("\n");
}

function countsLine({ must, criterion, score, disagreement, label }: Record<string, number>): string {
  const extra = criterion === 0 ? "" : `, ${criterion} of the criteria named`;
  return `${must} missed musts, ${label} called bad by people, ${disagreement} disagreements, ${score} low scores${extra}`;
}

const flagLines = ({ id, flags = [] }: Conversation): string[] => [
  id,
  ...flags.map(({ turn, why, reason }) => `  ${turn === null ? "all" : `#${turn}`} ${why}: ${reason}`),
];
