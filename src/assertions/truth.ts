import { GrpoError } from "../library/error.ts";
import { contains, exact, expectedNumbers, markedAnswer, numeric } from "./answers.ts";
import { type Expected, ExpectedSchema, type TruthMethod } from "./config.ts";
import type { AssertionContext } from "./context.ts";
import type { Ruling } from "./criterion.ts";

/** `config.expected`, else the test's answer: `vars.answer`, `vars.expected`, then the same of its metadata. */
export function expectedOf(configured: Expected | undefined, context: AssertionContext): Expected {
  const { metadata } = context.test;
  const candidates = [
    configured,
    context.vars["answer"],
    context.vars["expected"],
    metadata["answer"],
    metadata["expected"],
  ];
  for (const candidate of candidates) {
    const parsed = ExpectedSchema.safeParse(candidate);
    if (parsed.success) return parsed.data;
  }
  throw new GrpoError({
    code: "ANSWER_MISSING",
    message: "The test has no known answer to compare with.",
    place: "config.expected",
    remedy: "Give the answer in config.expected, vars.answer or metadata.answer.",
  });
}

/** The good and bad response of the test. */
export function responsesOf(context: AssertionContext): { good: string; bad?: string } {
  const { metadata } = context.test;
  const good = metadata["good_response"] ?? context.vars["good_response"];
  const bad = metadata["bad_response"] ?? context.vars["bad_response"];
  if (typeof good === "string") return { good, ...(typeof bad === "string" ? { bad } : {}) };
  throw new GrpoError({
    code: "ANSWER_MISSING",
    message: "The test has no good_response to compare with.",
    place: "metadata.good_response",
    remedy: "Give the test a good_response (and a bad_response) in its metadata.",
  });
}

/** An expected GSM8K solution is its text; its answer is what follows `####`. */
function answerOf(expected: Expected): Expected {
  return typeof expected === "string" ? (markedAnswer(expected) ?? expected) : expected;
}

/** @throws GrpoError ANSWER_NOT_A_NUMBER */
export function ruleByTruth(
  method: Exclude<TruthMethod, "comparison">,
  reply: string,
  expected: Expected,
  tolerance: number | undefined,
): Ruling {
  if (method === "exact") return exact(reply, answerOf(expected));
  if (method === "contains") return contains(reply, answerOf(expected));
  const numbers = expectedNumbers(expected);
  if (numbers !== undefined) return numeric(reply, numbers, tolerance);
  throw new GrpoError({
    code: "ANSWER_NOT_A_NUMBER",
    message: `The known answer ${JSON.stringify(expected)} contains no number.`,
    place: "config.expected",
    remedy: "Give a number, or use the method exact or contains.",
  });
}
