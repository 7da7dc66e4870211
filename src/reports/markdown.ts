import { brief } from "./evaluation-facts.ts";

/** Breaks what a renderer would link by itself: mentions, issue numbers, addresses. */
const BREAK = "\u200b";

/** Text of others as a code span: there Markdown, HTML, mentions and addresses are all plain text. */
export function code(text: string, characters = 120): string {
  return span(brief(text, characters));
}

/** The same for a table, which splits at a pipe even within code unless it is escaped. */
export function cell(text: string, characters = 120): string {
  // A backslash before the pipe would undo the escape for some readers.
  return span(
    brief(text, characters)
      .replace(/\\(?=\|)/g, "\\ ")
      .replaceAll("|", "\\|"),
  );
}

function span(text: string): string {
  if (text === "") return "(empty)";
  const inside = text.replaceAll("<!--", `<!${BREAK}--`);
  const runs = [...inside.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = "`".repeat(runs.reduce((longest, one) => Math.max(longest, one), 0) + 1);
  const pad = /^`|`$|^ .* $/.test(inside) ? " " : "";
  return `${fence}${pad}${inside}${pad}${fence}`;
}

/** A sentence of ours that may hold names of others: one line, every mark of Markdown and HTML escaped. */
export function prose(text: string, characters = 600): string {
  return brief(text, characters)
    .replace(/[\\`*_[\]~|$#!]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/^[-+>=]/, "\\$&")
    .replaceAll("@", `@${BREAK}`)
    .replaceAll("\\#", `\\#${BREAK}`)
    .replaceAll("://", `:${BREAK}//`)
    .replace(/www(?=\.)/gi, `$&${BREAK}`)
    .replace(/\bGH(?=-\d)/gi, `$&${BREAK}`);
}

/** A table row; the cells are escaped already. */
export const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** The head of a table; the columns named as numbers stand to the right. */
export const head = (cells: readonly string[], numbers: readonly string[]): string =>
  `${row(cells)}\n${row(cells.map((one) => (numbers.includes(one) ? "---:" : "---")))}`;

/** Whole items, as many as fit in the room, written one by one; then how many are left out. */
export function fitted<T>(
  items: readonly T[],
  write: (item: T) => string,
  room: number,
  leftOut: (count: number) => string,
): string {
  const kept: string[] = [];
  let used = 0;
  for (const item of items) {
    const text = write(item);
    used += text.length + 1;
    if (used > room) return [...kept, leftOut(items.length - kept.length)].join("\n");
    kept.push(text);
  }
  return kept.join("\n");
}
