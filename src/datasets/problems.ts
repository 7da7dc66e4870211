import { GrpoError } from "../library/error.ts";
import type { Problem } from "./yaml-source.ts";

const SHOWN = 8;

/** One error for all problems of a reading: the first is its place, the next few are in its message. */
export function problemsError(code: string, problems: readonly Problem[], remedy: string): GrpoError {
  const [first, ...rest] = problems;
  if (first === undefined) throw new RangeError("problemsError needs at least one problem");
  const shown = rest.slice(0, SHOWN).map((problem) => `${problem.file}:${problem.line} ${problem.message}`);
  const left = rest.length - shown.length;
  const more = rest.length === 0 ? "" : ` Also: ${shown.join("; ")}${left > 0 ? `; and ${left} more` : ""}.`;
  return new GrpoError({
    code,
    message: `${first.message}${more}`,
    place: `${first.file}:${first.line}`,
    remedy,
  });
}
