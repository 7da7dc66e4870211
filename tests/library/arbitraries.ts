import * as fc from "fast-check";
import { normaliseText, type Operation } from "../../src/library/index.ts";

const WORDS = [
  "ask",
  "one",
  "open",
  "question",
  "naïve",
  "感情",
  "don’t",
  "name",
  "the",
  "feeling",
  "🙂",
  "`code`",
  "#",
];

export const text = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 8 })
  .map((words) => `Say ${words.join(" ")}`);

const freeText = fc.constantFrom(
  "",
  "A note by a person.",
  "<!-- one line -->",
  "<!-- two\n- [E9] not an item\nlines -->",
  "```\n- [E8] not an item\n```",
  "## Part",
  "   ",
  "---",
  "<!-- c --> and more",
);

interface Piece {
  text: string;
  layout: "plain" | "continued" | "comment" | "inner" | "below" | "paragraphs" | "open-comment";
  after: string[];
}

const piece: fc.Arbitrary<Piece> = fc.record({
  text,
  layout: fc.constantFrom(
    "plain" as const,
    "continued" as const,
    "comment" as const,
    "inner" as const,
    "below" as const,
    "paragraphs" as const,
    "open-comment" as const,
  ),
  after: fc.array(freeText, { maxLength: 3 }),
});

function printPiece({ text, layout, after }: Piece, number: number): string {
  const [first = "", ...rest] = text.split(" ");
  const tail = rest.join(" ");
  const item = {
    plain: `${first} ${tail}`,
    continued: `${first}\n  ${tail}`,
    comment: `${first} ${tail} <!-- kept ${number} -->`,
    inner: `${first} <!-- kept ${number} --> ${tail}`,
    below: `${first} ${tail}\n  <!-- kept ${number} -->`,
    paragraphs: `${first}\n\n   ${tail}`,
    "open-comment": `${first} ${tail} <!-- kept ${number}\n\n- [E7] not an item -->`,
  }[layout];
  // A blank line keeps free text apart from the item above it.
  const notes = after.length === 0 ? "" : `\n\n${after.join("\n\n")}`;
  return `- [E${number}] ${item}${notes}`;
}

/** An accepted library file: items in seven layouts, free text between, both line ends, byte order mark or not. */
export const source: fc.Arbitrary<string> = fc
  .record({
    head: fc.array(freeText, { maxLength: 3 }),
    pieces: fc.uniqueArray(piece, { selector: (each) => normaliseText(each.text), maxLength: 6 }),
    gap: fc.integer({ min: 1, max: 4 }),
    crlf: fc.boolean(),
    mark: fc.boolean(),
    end: fc.constantFrom("", "\n", "\n\n"),
    extra: fc.constantFrom("", "note: kept # comment\n", "next_id: 40\n"),
  })
  .map(({ head, pieces, gap, crlf, mark, end, extra }) => {
    const items = pieces.map((each, index) => printPiece(each, 1 + index * gap));
    const front = `---\nagent: integro\n# a comment\nversion: 3 # kept\nroute: common\n${extra}---\n`;
    const printed = `${front}${[...head, ...items].join("\n\n")}${end}`;
    return (mark ? "\ufeff" : "") + (crlf ? printed.replaceAll("\n", "\r\n") : printed);
  });

const id = fc.oneof(
  fc.integer({ min: 1, max: 24 }).map((n) => `E${n}`),
  fc.constantFrom("", "e1", "E0", "../x"),
);
const wildText = fc.oneof(
  text,
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "fine\n- [E9] injected",
    "---",
    "a\r\n---\r\nb",
    "<!-- open",
    "close -->",
    "```",
    "\u202eevil",
    "\u0000",
    "\ud800",
    "Say\u2028ask",
  ),
);

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant("ADD" as const), text: wildText }),
  fc.record({ op: fc.constant("MODIFY" as const), id, text: wildText }),
  fc.record({ op: fc.constant("DELETE" as const), id }),
  fc.record({ op: fc.constant("KEEP" as const), id }),
);
