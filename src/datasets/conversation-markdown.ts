import { safeText } from "../library/text.ts";
import type { Conversation, CriterionScore, LoggedTurn } from "./conversation.ts";

const SPEAKERS = { user: "Client", assistant: "Assistant", system: "System" } as const;
export const speakerName = (role: LoggedTurn["role"]): string => SPEAKERS[role];

/**
 * A conversation for reading. Each turn stands under its speaker's name in a quote of its own, with every mark
 * of Markdown and HTML escaped: nothing in a turn can look like another turn, load a picture or run.
 */
export function conversationMarkdown(conversation: Conversation): string {
  const turns = conversation.turns.map(
    ({ role, content, at }, index) =>
      `**${SPEAKERS[role]}** · ${index}${at === undefined ? "" : ` · ${at}`}\n\n${quoted(content)}\n`,
  );
  return [
    `# ${inline(conversation.id)}\n`,
    `${facts(conversation)}\n`,
    ...turns,
    ...scores(conversation),
  ].join("\n");
}

function facts({
  source,
  agent,
  persona,
  userTypes,
  library,
  turns,
  provenance,
  score,
  ended,
}: Conversation): string {
  const from = [provenance.file, provenance.line].filter((part) => part !== undefined).join(":");
  const parts = [
    from === "" ? source : `${source} from ${from}`,
    ...(persona === undefined ? [] : [`persona ${persona}`]),
    ...(userTypes.length === 0 ? [] : [userTypes.join(", ")]),
    ...(agent === undefined ? [] : [`agent ${agent}`]),
    ...(library === undefined ? [] : [`library ${library.agent}/${library.route} v${library.version}`]),
    `${turns.length} ${turns.length === 1 ? "turn" : "turns"}`,
    ...(score === undefined ? [] : [score === null ? "ungraded" : `score ${score.toFixed(2)}`]),
    ...(ended === undefined ? [] : [`ended: ${ended}`]),
  ];
  return parts.map(inline).join(" · ");
}

/** What was said of the turns, after all of them, so that a reader has an own impression first. */
function scores({ turns, criteria = [], flags = [], metadata = {} }: Conversation): string[] {
  const places: [string, readonly CriterionScore[]][] = turns.map((turn, index) => [
    String(index),
    turn.criteria ?? [],
  ]);
  places.push(["all", criteria]);
  const rows = places.flatMap(([place, list]) =>
    list.map(({ criterion, by, pass, reason = "" }) => {
      const mark = pass === null ? "ungraded" : pass ? "met" : "missed";
      return `| ${[place, criterion, mark, by, reason].map(cell).join(" | ")} |`;
    }),
  );
  const flagged = flags.map(
    ({ turn, reason }) => `- ${turn === null ? "all" : `turn ${turn}`}: ${inline(reason)}`,
  );
  const known = Object.entries(metadata).map(([key, text]) => `- ${inline(key)}: ${inline(text)}`);
  return [
    ...(known.length === 0 ? [] : [`## What the log says\n\n${known.join("\n")}\n`]),
    ...(flagged.length === 0 ? [] : [`## Flags\n\n${flagged.join("\n")}\n`]),
    ...(rows.length === 0
      ? []
      : [
          `## Scores\n\n| turn | criterion | | by | reason |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`,
        ]),
  ];
}

function quoted(text: string): string {
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/u);
  // Two spaces at the end keep a line break a line break.
  return lines
    .map(
      (line, index) => `> ${escaped(line)}`.trimEnd() + (index < lines.length - 1 && line !== "" ? "  " : ""),
    )
    .join("\n");
}

const inline = (text: string): string => escaped(text.replace(/\s+/gu, " ").trim());
const cell = (text: string): string => inline(text).replaceAll("|", "\\|");

/** Every character that could begin a mark, and only where it could. */
function escaped(line: string): string {
  return safeText(line)
    .replace(/[\\`*_[\]<~]/g, "\\$&")
    .replace(/&(?=#?\w+;)/g, "\\&")
    .replace(/^(\s*)([#+=>|-])/, "$1\\$2")
    .replace(/^(\s*\d{1,9})([.)])/, "$1\\$2");
}
