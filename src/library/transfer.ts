import type { Change, Step } from "./backend.ts";
import { GrpoError } from "./error.ts";
import { isAccepted, parseHistory } from "./history.ts";
import { isEdited, type LibraryPlace, type LibraryState, parseOwn, stateOf } from "./state.ts";

/** A whole library: its text and every line of its history, byte for byte. */
export interface LibrarySnapshot {
  /** Whose it is, and where it was taken. */
  readonly place: LibraryPlace;
  readonly text: string | null;
  /** JSON, without line ends, oldest first. */
  readonly lines: readonly string[];
}

/** What receiving a library changed: `lines` that were added to the history, and whether the text became another. */
export interface Received {
  lines: number;
  text: boolean;
}

export const snapshotOf = (place: LibraryPlace, { text, lines }: LibraryState): LibrarySnapshot => ({
  place,
  text,
  lines,
});

/**
 * The rule that takes a library over. The history that is here has to be the beginning of the other, or the other
 * the beginning of this one with the same text or nothing new in it; an edit that nobody recorded is never lost.
 * @throws GrpoError LIBRARY_DIVERGED, LIBRARY_MISPLACED, and what is wrong with the snapshot
 */
export function receive(
  place: LibraryPlace,
  state: LibraryState,
  { place: from, text, lines }: LibrarySnapshot,
): Change<Received> {
  const theirs = stateOf(text, parseHistory(lines.map((line) => `${line}\n`).join(""), from.historyPath));
  parseOwn(place, text, from.path);
  const isThere = state.text !== null || text === null;
  if (isThere && startsWith(state.lines, lines) && !isAhead(theirs, state))
    return { steps: [], result: { lines: 0, text: false } };
  if (!startsWith(lines, state.lines) || isAhead(state, theirs)) throw diverged(place, from);
  const steps = lines.slice(state.lines.length).map((line) => stepOf(line, from));
  const put = steps.findLast((step) => step.text !== undefined)?.text ?? state.text;
  if (text !== null && text !== put) steps.push({ text });
  const added = lines.length - state.lines.length;
  return { steps, result: { lines: added, text: text !== state.text } };
}

const startsWith = (lines: readonly string[], beginning: readonly string[]): boolean =>
  beginning.length <= lines.length && beginning.every((line, index) => line === lines[index]);

/** Whether a text holds an edit that its own history does not, and that has not become a version of the other since. */
const isAhead = (state: LibraryState, other: LibraryState): boolean =>
  isEdited(state) &&
  state.hash !== other.hash &&
  !other.entries.some(
    (entry) => isAccepted(entry) && entry.version > (state.last?.version ?? 0) && entry.hash === state.hash,
  );

/** A version is put as its commit was, so that a transfer that is cut off leaves an earlier state and can go on. */
function stepOf(line: string, from: LibraryPlace): Step {
  const [entry] = parseHistory(`${line}\n`, from.historyPath).entries;
  return entry !== undefined && isAccepted(entry) ? { line, text: entry.text } : { line };
}

const diverged = (place: LibraryPlace, from: LibraryPlace): GrpoError =>
  new GrpoError({
    code: "LIBRARY_DIVERGED",
    message: `The library at ${from.path} and the one that is there already have both changed since they were the same; nothing was written.`,
    place: place.path,
    remedy:
      "Compare them (promptfoo-grpo library log), make the change of one in the other by hand, or receive it under another agent or route.",
    exitCode: 5,
  });
