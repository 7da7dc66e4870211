import { safeLine } from "./text.ts";

/** How a failure was met; each code is stable, documented in docs/errors.md and safe to match on. */
export interface GrpoErrorInit {
  /** Stable upper-case code without prefix, for example `LIBRARY_OVER_CAP`. */
  code: string;
  /** What is wrong, in one sentence. */
  message: string;
  /** Where: `file`, `file:line`, or the path of a key such as `metadata.grpo.groupSize`. */
  place?: string;
  /** What the user can do about it, in one sentence. */
  remedy: string;
  /** What a person needs to see to decide, several lines, safe for a terminal. */
  details?: string;
  /** Process exit code: 3 is a usage or input error (the default). */
  exitCode?: number;
  cause?: unknown;
}

/** The one error class of this package: what is wrong, where, and what to do about it. */
export class GrpoError extends Error {
  readonly code: string;
  readonly place: string | undefined;
  readonly remedy: string;
  readonly details: string | undefined;
  readonly exitCode: number;

  constructor(init: GrpoErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "GrpoError";
    this.code = init.code;
    this.place = init.place;
    this.remedy = init.remedy;
    this.details = init.details;
    this.exitCode = init.exitCode ?? 3;
  }

  /** One paragraph for a terminal: `CODE place: message remedy`; nothing in it that a terminal obeys. */
  describe(): string {
    const place = this.place === undefined ? "" : ` ${this.place}`;
    return safeLine(`${this.code}${place}: ${this.message} ${this.remedy}`);
  }
}
