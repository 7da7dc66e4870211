import { stripVTControlCharacters } from "node:util";

/** A message of promptfoo's, which may be coloured and have several lines, as one sentence without its full stop. */
export const onOneLine = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/\s*\n\s*/g, " ")
    .trim()
    .replace(/\.+$/, "");
