/** A range of the source, end exclusive. */
export interface Span {
  start: number;
  end: number;
}

/** Every `<!-- … -->` from `from` on; `unclosed` is where a comment opens that never closes, or null. */
export function findComments(source: string, from: number): { comments: Span[]; unclosed: number | null } {
  const comments: Span[] = [];
  let at = source.indexOf("<!--", from);
  while (at !== -1) {
    const close = source.indexOf("-->", at + 4);
    if (close === -1) return { comments, unclosed: at };
    comments.push({ start: at, end: close + 3 });
    at = source.indexOf("<!--", close + 3);
  }
  return { comments, unclosed: null };
}

/** The same text, same length, with comments blanked; line ends stay so that lines can still be counted. */
export function maskComments(source: string, comments: readonly Span[]): string {
  let masked = "";
  let at = 0;
  for (const { start, end } of comments) {
    masked += source.slice(at, start) + source.slice(start, end).replace(/[^\r\n]/g, " ");
    at = end;
  }
  return masked + source.slice(at);
}

/** The parts of a range that lie outside comments, white space trimmed, empty ones left out. */
export function spansOutside(source: string, range: Span, comments: readonly Span[]): Span[] {
  const spans: Span[] = [];
  let at = range.start;
  const inside = comments.filter((comment) => comment.start >= range.start && comment.start < range.end);
  for (const stop of [...inside, { start: range.end, end: range.end }]) {
    const text = source.slice(at, stop.start);
    if (text.trim() !== "") {
      const start = at + (text.length - text.trimStart().length);
      spans.push({ start, end: start + text.trim().length });
    }
    at = stop.end;
  }
  return spans;
}
