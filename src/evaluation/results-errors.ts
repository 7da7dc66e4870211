import { GrpoError } from "../library/error.ts";

const REMEDY = "Write it again with `promptfoo eval -o results.json` (or .jsonl), and let it finish.";

/** What cannot be read as a finished results file; `place` is the file, with the row where one is at fault. */
export const resultsError = (
  code:
    | "RESULTS_UNREADABLE"
    | "RESULTS_EMPTY"
    | "RESULTS_TRUNCATED"
    | "RESULTS_MALFORMED"
    | "RESULTS_FORMAT"
    | "RESULTS_VERSION"
    | "RESULTS_TOO_LARGE"
    | "RESULTS_TEST_ID_DUPLICATE"
    | "RESULTS_SPLIT"
    | "RESULTS_ARMS"
    | "RESULTS_MIXED_LIBRARY"
    | "RESULTS_DIFFER",
  place: string,
  message: string,
  remedy: string = REMEDY,
  cause?: unknown,
): GrpoError => new GrpoError({ code, place, message, remedy, ...(cause === undefined ? {} : { cause }) });
