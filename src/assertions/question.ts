import { type Criterion, failed, met, type Ruling, type Situation, USER_TYPES } from "./criterion.ts";
import { anyOf, contentStems, find, plain, quote, sentences, words } from "./text.ts";

const INVITING = anyOf(
  String.raw`tell me (?:\w+ ){0,2}(?:more|about|what|how|where)|say (?:a (?:little|bit) )?more about|(?:i'd|i would) (?:like|love) to (?:hear|understand|know) (?:\w+ ){0,2}(?:more|about|what|how)`,
  String.raw`(?:i'm|i am) (?:\w+ ){0,1}(?:curious|wondering)(?: about)? (?:what|how|where|which)|i wonder (?:what|how|where|which)|help me understand (?:what|how|where)`,
);
/** `tell me more about ...` in a question's clothes. */
const POLITE_OPEN = anyOf(
  String.raw`(?:can|could|would|will) you (?:\w+ ){0,3}?(?:tell me|say|share|describe|walk me|explain|talk|help me understand)(?: \w+){0,4}? (?:more|about|what|how|where|through)`,
);
const OPEN_START =
  /(?:^|[,;:\u2014\u2013-] ?|\b(?:and|so|but|or|then|well|okay|ok|now|wonder|wondering|curious|ask|to|about|in|for|at|with|from|of|like|say|mean|moment|you|today|right now) )(?:(?:and|so|but) )?(?:what|what's|whats|what're|how|how's|where|where's|which|who|when|in what way)\b/iu;
const CLOSED_START =
  /(?:^|[,;:\u2014\u2013-] ?|\b(?:and|so|but|or|then|well) )(?:do|does|did|are|is|was|were|have|has|had|can|could|would|will|should|may|am|isn't|aren't|don't|didn't|doesn't|wouldn't|haven't|anything|any)\b/iu;
const DISGUISE = anyOf(
  "how about|what about (?:trying|taking|going|doing|you try)|what if (?:you|we)|how would you like|what would happen if you (?:tried|took|started|just|stopped)|what would you think about|why (?:don't|not)",
  "what (?:steps|actions) (?:can|could|will|do) you (?:need to )?take|what can you do (?:to|about)",
);
const ABOUT_COUNSELLOR = anyOf(
  String.raw`(?:how|what) (?:can|could|may|might|should|do|would) (?:i|we)\b|what do you think (?:of|about) me|how am i doing|(?:what|how) else can i`,
);
const BARE =
  /^(?:(?:and|so|but|okay|ok|well|now),? )*(?:what(?:'s| is| comes)? next|what now|what else(?: is there)?|what do you think(?: about (?:that|this|it))?|what are your thoughts|how (?:does|do) (?:that|this|it|these) (?:sound|look)(?: to you)?|how are you(?: doing)?(?: today)?|how(?:'s| is) (?:that|it going)|what do you mean(?: by that)?|what about (?:you|it|that)|how so|how come|what happened|what is it|what's up|what's wrong|who (?:knows|cares)\b.{0,60}|so what|what's the point.{0,40}|what do you want(?: to do)?|what (?:will|are) you (?:going to )?do(?: now| next)?)[?.!"' ]*$/iu;

function isOpen(sentence: string): boolean {
  if (find(sentence, POLITE_OPEN) !== undefined) return true;
  const open = OPEN_START.exec(sentence);
  if (open === null) return false;
  const closed = CLOSED_START.exec(sentence);
  return closed === null || open.index <= closed.index || closed.index > sentence.length - 30
    ? !/^(?:do|does|did|are|is|have|has|can|could|would|will|should) /iu.test(sentence)
    : /[,;:\u2014\u2013-] ?(?:and |so |but )?(?:what|how|where|which|who)\b/iu.test(
        sentence.slice(closed.index),
      );
}

function concernsClient(sentence: string, situation: Situation): boolean {
  if (/\byou(?:r|rs|rself|'re|'ve|'d)?\b/iu.test(sentence)) return true;
  // A pronoun without a noun points back at what the client told.
  if (/\b(?:that|it|this|she|he|they|him|her|them|there)\b/iu.test(sentence)) return true;
  const told = [situation.client, ...situation.turns.map((turn) => turn.content)].join("\n");
  const client = new Set(contentStems(told));
  return contentStems(sentence).some((s) => client.has(s));
}

function judgeQuestion(last: string, situation: Situation): Ruling {
  const advice = find(last, DISGUISE);
  if (advice !== undefined) return failed(`the question is advice in disguise: ${quote(advice.words)}.`);
  if (!isOpen(last)) {
    return failed(
      `the last question is closed: ${quote(last)}; end the reply with a question that starts with What or How.`,
    );
  }
  const counsellor = find(last, ABOUT_COUNSELLOR);
  if (counsellor !== undefined) return failed(`the question is not about the client: ${quote(last)}.`);
  if (BARE.test(last) || words(last).length < 4) {
    return failed(`the question is bare: ${quote(last)}; ask about something that the client said.`);
  }
  if (!concernsClient(last, situation))
    return failed(`the question is not about the client: ${quote(last)}.`);
  return met(`asks an open question: ${quote(last)}.`);
}

function asksOpenQuestion(reply: string, situation: Situation): Ruling {
  const parts = sentences(plain(reply));
  const asking = parts.filter((s) => /\?["')\]]*$/u.test(s) || find(s, INVITING) !== undefined);
  const last = asking.at(-1);
  if (last === undefined)
    return failed("asks no question; end the reply with a question that starts with What or How.");
  if (asking.length > 3) return failed(`asks ${asking.length} questions at once; ask one.`);
  if (find(last, INVITING) === undefined) {
    const ruling = judgeQuestion(last, situation);
    if (!ruling.pass) return ruling;
  } else if (contentStems(last).length === 0 && words(last).length < 7) {
    return failed(`the invitation is bare: ${quote(last)}; say what you want to hear more about.`);
  }
  const rest = parts.filter((s) => !asking.includes(s));
  if (!rest.some((s) => words(s).length >= 4) && words(last).length < 14) {
    return failed(`the question is the whole reply: ${quote(last)}; first say what you understood.`);
  }
  return met(`asks an open question: ${quote(last)}.`);
}

export const QUESTION: readonly Criterion[] = [
  {
    name: "asks-open-question",
    describe:
      "Asks one open question (What, How, Where, 'Tell me more about ...') about what the client said.",
    must: false,
    userTypes: USER_TYPES,
    rule: asksOpenQuestion,
    rubric: {
      0: "Asks nothing, or the question is an order or advice.",
      3: "Asks a closed, stock or irrelevant question.",
      5: "Asks an open question that could be put to anybody.",
      8: "Asks one open question about what this client said.",
      10: "As 8, and it opens a door to the feeling or meaning beneath.",
    },
  },
];
