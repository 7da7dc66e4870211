import { Document, isMap, isSeq, LineCounter, parseDocument, visit } from "yaml";

/**
 * The text of a YAML file with items at the end of a list: of the file's own, or of the one under `key`. No other
 * byte changes. Null where the list is not written one item a line (`- `).
 */
export function appendToList(text: string, key: string | undefined, items: readonly object[]): string | null {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines });
  const list =
    key === undefined ? doc.contents : isMap(doc.contents) ? doc.contents.get(key, true) : undefined;
  if (doc.errors.length > 0 || !isSeq(list) || list.flow === true || list.range == null) return null;
  const [start, end] = list.range;
  const column = lines.linePos(start).col - 1;
  if (text[start] !== "-") return null;
  const newLine = text.includes("\r\n") ? "\r\n" : "\n";
  // The end of the last item's line, whatever comment stands behind it.
  const at = text[end - 1] === "\n" ? end : text.indexOf("\n", end) + 1 || text.length;
  const before = text.slice(0, at);
  const added = items
    .map((item) => itemText(item, 110 - column))
    .join("\n")
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : " ".repeat(column) + line))
    .join(newLine);
  const gap = before.endsWith("\n") ? newLine : newLine + newLine;
  return `${before}${gap}${added}${newLine}${text.slice(at)}`;
}

/** Characters that not every reader of YAML takes as they are: controls, byte order marks, halves of a pair. */
const ODD = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/u;

function itemText(item: object, lineWidth: number): string {
  const doc = new Document([item]);
  visit(doc, {
    Scalar(_key, node) {
      if (typeof node.value === "string" && ODD.test(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  const escaped = (odd: string): string => `\\u${odd.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return doc.toString({ lineWidth }).replace(new RegExp(ODD, "gu"), escaped);
}
