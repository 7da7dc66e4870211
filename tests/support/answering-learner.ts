import type { Learner, LearnerReply, LearnerRequest } from "../../src/optimizer/learner.ts";

/** A learner inside the test: answers by a function, and remembers what it was asked. */
export function answeringLearner(
  answer: (request: LearnerRequest, nth: number) => unknown,
  small = false,
): Learner & { asked: LearnerRequest[] } {
  const asked: LearnerRequest[] = [];
  return {
    id: "in-test",
    small,
    facts: { id: "in-test", key: "in-test", local: true, reportsCost: false },
    asked,
    ask: async (request) => {
      asked.push(request);
      const value = answer(request, asked.length);
      return isReply(value)
        ? value
        : { text: typeof value === "string" ? value : JSON.stringify(value), complete: true };
    },
  };
}

/** What the learner was shown, all messages in one text. */
export const shown = (request: LearnerRequest): string =>
  request.messages.map((one) => one.content).join("\n");

function isReply(value: unknown): value is LearnerReply {
  return typeof value === "object" && value !== null && ("complete" in value || "error" in value);
}
