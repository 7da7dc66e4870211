import { safeText } from "../library/text.ts";
import { redactText } from "../runs/secrets.ts";

/** At the start of a line GitHub's runner takes `::name` for a command; `##[name` and `##vso[` are ones anywhere. */
const LINE_COMMAND = /^(\s*):(?=:)/gm;
const OLD_COMMAND = /#(?=#\w*\[)/g;

/**
 * Text as it may be written to a terminal or a CI log: control characters and reordering marks visible, no key
 * in it, and no line that a CI runner would take for a command of ours.
 */
export function terminalText(text: string): string {
  return redactText(safeText(text)).replace(LINE_COMMAND, "$1\\x3a").replace(OLD_COMMAND, "\\x23");
}
