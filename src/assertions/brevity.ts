import { type Criterion, failed, met, type Ruling, type Situation, USER_TYPES } from "./criterion.ts";
import { plain, quote, words } from "./text.ts";

const CODE =
  /```|^\s*(?:import |from \w+ import|def |function |const |class |#include|<\/?\w+>|[{}[\]]\s*$)/mu;
/** Speaker labels that a small model writes when it goes on with the dialogue. */
const LABEL =
  /^\s*(?:client|user|patient|human|therapist|counsell?or|assistant|listener|you|me|ai|system)\s*:/imu;

const REMEDY = "say it in 2 or 3 short sentences";

function staysBrief(reply: string, situation: Situation): Ruling {
  const text = plain(reply);
  const [fewest, most] = situation.settings.briefWords;
  const all = words(text);
  if (CODE.test(text)) return failed("is code or markup, not a reply to a person.");
  const label = LABEL.exec(text.slice(1));
  if (label !== null) return failed(`writes a script of several speakers: ${quote(label[0])}.`);
  if (all.length > most) return failed(`too long: ${all.length} words, the limit is ${most}; ${REMEDY}.`);
  if (all.length < fewest)
    return failed(`only ${all.length} words, at least ${fewest} are needed; ${REMEDY}.`);
  const end = text.split(/\s+/u).slice(-5).join(" ");
  if (situation.truncated || !/[.?!][)"'\]]*(?:\s*\p{Extended_Pictographic}\uFE0F?)*$/u.test(text)) {
    return failed(`too long, so it stops in the middle of a sentence: ${quote(end)}; ${REMEDY}.`);
  }
  if (/(?:\.\.\.|\u2026)$/u.test(text)) return failed(`trails off: ${quote(end)}.`);
  if (new Set(all).size * 2 < Math.min(all.length, fewest * 2)) return failed("repeats the same words.");
  return met(`${all.length} words, between ${fewest} and ${most}, and finished.`);
}

export const BREVITY: readonly Criterion[] = [
  {
    name: "stays-brief",
    describe: "Between 12 and 60 words, and the last sentence is finished.",
    must: false,
    userTypes: USER_TYPES,
    rule: staysBrief,
    rubric: {
      0: "An essay or a list, cut off, or not a reply at all.",
      3: "Far too long, or a few words without substance.",
      5: "Somewhat longer or thinner than a spoken turn.",
      8: "As long as a spoken turn, 12 to 60 words, finished.",
      10: "As 8, and every sentence does work.",
    },
  },
];
