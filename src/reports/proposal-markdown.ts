import type { Conversation } from "../datasets/conversation.ts";
import { type LibraryDiff, safeLine } from "../library/index.ts";
import type { Proposal } from "../optimizer/proposal.ts";
import { interval, signed } from "./figures.ts";
import { cell, code, head, prose, row } from "./markdown.ts";

/** What is shown of long lists. */
const MOST_EVIDENCE = 8;
const MOST_FLAGGED = 30;

/** A proposal for a pull request or a clinician: what changes, why, and what held-out examples say of it. */
export function proposalMarkdown(
  proposal: Proposal,
  diff: LibraryDiff,
  flagged: readonly Conversation[] = [],
): string {
  const { agent, route, base, id, examples, conversations, costUsd } = proposal;
  const sections = [
    `# Proposal for ${code(`${agent}/${route}`)}, from version ${base.version}`,
    gateSection(proposal),
    `## What changes\n\n${changes(diff)}`,
    evidenceSection(proposal),
    flaggedSection(flagged),
    [
      "## Made of",
      "",
      `- proposal ${code(id)}`,
      ...(conversations === null
        ? []
        : [`- ${conversations.flagged} of ${conversations.all} conversations flagged`]),
      `- learned from ${examples.length} examples: ${prose(examples.join(", "), 2_000)}`,
      ...(costUsd === null ? [] : [`- $${costUsd.toFixed(4)}`]),
    ].join("\n"),
    `## To decide\n\n\`\`\`\npromptfoo-grpo library accept <this folder> --agent ${safeLine(agent)} --route ${safeLine(route)} --reason "..."\npromptfoo-grpo library reject <this folder> --agent ${safeLine(agent)} --route ${safeLine(route)} --reason "..."\n\`\`\``,
  ];
  return `${sections.filter((one) => one !== "").join("\n\n")}\n`;
}

function gateSection({ gate }: Proposal): string {
  if (gate === null) return "**Not judged**: it has not been tried on held-out examples.";
  const { verdict, sentence, because, mean, low, high, must } = gate;
  const lines = [...because, ...must.map(mustLine)];
  return [
    `**${verdict.toUpperCase()}** on held-out examples: ${interval({ n: 0, units: 0, mean, low, high }).replace(/ \(0 tests are.*/, "")}`,
    "",
    prose(sentence),
    ...(lines.length === 0 ? [] : ["", ...lines.map((one) => `- ${prose(one)}`)]),
  ].join("\n");
}

/** A must-pass criterion stands by itself: its gain is no part of the verdict, and that it is not learned is said. */
function mustLine({ name, before, after }: NonNullable<Proposal["gate"]>["must"][number]): string {
  const learned =
    after >= 1 - 1e-9 ? "met" : after <= before + 1e-9 && after < 0.5 ? "not learned" : "not always met";
  return `must-pass criterion ${name}: ${learned}, ${before.toFixed(2)} -> ${after.toFixed(2)}`;
}

function changes({ added, removed, changed, reordered }: LibraryDiff): string {
  return [
    ...added.map(({ id, text }) => `- added ${code(id)}: ${prose(text)}`),
    ...changed.map(({ id, before, after }) => `- changed ${code(id)}: ~~${prose(before)}~~ ${prose(after)}`),
    ...removed.map(({ id, text }) => `- removed ${code(id)}: ~~${prose(text)}~~`),
    ...(reordered ? ["- the experiences stand in another order"] : []),
  ].join("\n");
}

/** Each operation with the rollouts that stand behind it. */
function evidenceSection({ operations, evidence }: Proposal): string {
  const told = operations.flatMap((operation) => {
    const why = operation.reason === undefined ? [] : [`  - why: ${prose(operation.reason)}`];
    const { effect } = operation;
    const did = effect === undefined ? [] : [`  - measured on training: ${signed(effect.mean)}`];
    const text = "text" in operation ? operation.text : (operation.id ?? "");
    return why.length + did.length === 0 ? [] : [`- ${operation.op} ${prose(text)}`, ...why, ...did];
  });
  const rows = evidence
    .slice(0, MOST_EVIDENCE)
    .map((one) =>
      row([cell(one.exampleId), cell(String(one["criterion"] ?? "")), cell(rewardsOf(one["rewards"]))]),
    );
  const more = evidence.length - rows.length;
  return [
    "## Evidence",
    ...(told.length === 0 ? [] : ["", ...told]),
    ...(rows.length === 0
      ? []
      : ["", head(["example", "criterion", "rewards of its rollouts"], []), ...rows]),
    ...(more > 0 ? ["", `and ${more} more, in proposal.json`] : []),
  ].join("\n");
}

const rewardsOf = (rewards: unknown): string =>
  Array.isArray(rewards)
    ? rewards.map((one) => (typeof one === "number" ? one.toFixed(2) : "ungraded")).join(" ")
    : "";

function flaggedSection(flagged: readonly Conversation[]): string {
  if (flagged.length === 0) return "";
  const lines = flagged
    .slice(0, MOST_FLAGGED)
    .flatMap(({ id, flags = [] }) => [
      `- ${code(id)}`,
      ...flags.map(
        ({ turn, why, reason }) => `  - ${turn === null ? "all" : `turn ${turn}`}, ${why}: ${prose(reason)}`,
      ),
    ]);
  const more = flagged.length - MOST_FLAGGED;
  return [
    "## Flagged conversations",
    "",
    ...lines,
    ...(more > 0 ? [`- and ${more} more`] : []),
    "",
    "In full: conversations.md beside this file.",
  ].join("\n");
}
