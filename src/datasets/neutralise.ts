/**
 * promptfoo renders a test's string variables as templates, also those no prompt uses, and renders what a prompt
 * function returns once more. `{{env.KEY}}` in a persona's words would send the key to the agent,
 * `{{range.constructor(..)()}}` would run code, a stray `#}` would fail the test, and a value that starts with `file://`
 * or `package:` would be loaded. How often a text is rendered depends on the kind of prompt, so no escape is right for
 * all of them. An invisible word joiner (U+2060) inside such a mark is: it reads the same and means nothing to the
 * template engine.
 */
const WORD_JOINER = "\u2060";
const MARKS = /\{(?=[{%#])|#(?=\})|^(?=file:\/\/|package:)/g;

/** The same text with nothing in it that promptfoo would render or load; text without template syntax is unchanged. */
export function neutraliseTemplates(text: string): string {
  return text.replace(MARKS, (mark) => mark + WORD_JOINER);
}
