import { GrpoError } from "../library/error.ts";

/**
 * What a failure means: `refused`, no later call can succeed either; `limited`, too many calls just now;
 * `passing`, worth another try; `empty`, a reply without text, worth fewer tries because each is paid for;
 * `lasting`, the same call would fail again.
 */
export type FailureKind = "refused" | "limited" | "passing" | "empty" | "lasting";

/** Why a call failed, with what is known besides its text. */
export interface CallFailure {
  error: string;
  /** HTTP status, where there was one; it is believed before the text. */
  status?: number;
  /** How long the server asks to wait, milliseconds. */
  retryAfterMs?: number;
  /** Known to the caller; otherwise it is read from status and text. */
  kind?: FailureKind;
}

/** Server errors, time-outs, broken connections, streams and bodies that end early. */
const PASSING =
  /overloaded|timed?.?out|connection error|ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|EAI_AGAIN|ENETUNREACH|socket hang up|other side closed|fetch failed|terminated|premature close|unexpected end of|unterminated string in json|error parsing response|network error/i;
const LIMITED = /rate.?limit|too many requests|tokens per min|requests per min/i;
/** The account or its key; the last are gateways' words for the same. */
const REFUSED =
  /insufficient.?quota|quota exceeded:|invalid.?api.?key|incorrect api key|api key.*(missing|not set)|billing.?(hard|not active)|credit.?balance|insufficient.?(credit|balance|funds)|payment required|access.?terminated/i;
/** Some services call a short window a quota too; these words never mean one. */
const BILLING =
  /billing.?(hard|not active)|credit.?balance|access.?terminated|insufficient.?(credit|balance|funds)/i;
/** A gateway that answers 403 to one message because of what it says refuses the message, not the account. */
const MODERATION = /moderat|flagged|content.?(policy|filter)|safety/i;

/** A server that asks for a longer pause than this says that nothing is to be had from it now. */
export const LONGEST_PAUSE_MS = 3_600_000;

export function kindOf(failure: CallFailure): FailureKind {
  if (failure.kind !== undefined) return failure.kind;
  const { error, retryAfterMs } = failure;
  const status = failure.status !== undefined && failure.status >= 400 ? failure.status : statusIn(error);
  if (retryAfterMs !== undefined && retryAfterMs > LONGEST_PAUSE_MS) return "refused";
  if (status === 401 || status === 402) return "refused";
  if (status === 403) return MODERATION.test(error) ? "lasting" : "refused";
  if (REFUSED.test(error)) {
    return status === 429 && retryAfterMs !== undefined && !BILLING.test(error) ? "limited" : "refused";
  }
  if (status === 429) return "limited";
  if (status !== undefined) return status === 408 || status === 425 || status >= 500 ? "passing" : "lasting";
  if (LIMITED.test(error)) return "limited";
  return PASSING.test(error) ? "passing" : "lasting";
}

/** "API error: 503 …", "HTTP 429", "status code 504", as promptfoo's providers and the openai client word them. */
function statusIn(text: string): number | undefined {
  const found = /(?:error|status|http)[^0-9]{0,12}([45]\d\d)\b/i.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The run's end when a provider will not serve it. The first line alone: bodies echo keys and prompts. */
export function refusal({ error, retryAfterMs }: CallFailure): GrpoError {
  const wait =
    retryAfterMs !== undefined && retryAfterMs > LONGEST_PAUSE_MS
      ? ` It asks to wait ${Math.ceil(retryAfterMs / 60_000)} minutes.`
      : "";
  return new GrpoError({
    code: "PROVIDER_REFUSED",
    message: `The provider refuses to serve: ${error.split("\n")[0]?.slice(0, 300)}${wait}`,
    remedy:
      "Check the API key and the account's credit, then run again; libraries already accepted are on disk.",
    exitCode: 6,
  });
}
