import { type Criterion, failed, met, type Ruling, type Situation, USER_TYPES } from "./criterion.ts";
import { feelingsIn } from "./feelings.ts";
import { isSomebodyElses, reflection } from "./reflecting.ts";
import {
  anyOf,
  contentStems,
  find,
  findAll,
  findAsserted,
  isNegated,
  plain,
  quote,
  sentences,
  words,
} from "./text.ts";

const VALIDATING = anyOf(
  "(?:make|makes|made|making) (?:(?:a lot of|complete|perfect|total|so much|all the|every|good) )?sense(?! to (?:try|see|talk|start|take|go|do|make|consider|seek|get|reach|speak|call|write|ask))",
  "understandabl[ey]",
  String.raw`(?:i|i can|i could|i do) (?:\w+ ){0,1}(?:see|understand|get|appreciate|imagine) (?:why|how) (?:you|that|this|it|any|the|past|painful|hard|your)\b`,
  String.raw`(?:i|i can|i could|i do) (?:totally |absolutely |really |definitely |completely )?(?:understand|get|hear) your \w+`,
  "of course (?:you|it|that|this|your|part)",
  "no wonder|small wonder|who wouldn't|anyone (?:in your|would|who)|most people would|anybody would",
  String.raw`(?:it's|it is|that's|that is|they're|is|are) (?:\w+ ){0,2}(?:okay|ok|alright|all right|fine) (?:to|not to|that you|if you|for you) (?:\w+ ){0,3}(?:feel|have|be|miss|want|not|cry|hate|love|struggle|grieve|doubt)?`,
  String.raw`(?:normal|natural|valid|common|human|fair|expected|reasonable|legitimate)(?: and \w+)? (?:to (?:feel|be|have|react|want|struggle|doubt|miss|need)|for (?:you|someone|people|anyone)|that you|emotions?|feelings?|reactions?|responses?|thing to feel)`,
  String.raw`(?:feelings?|emotions?|reaction|anger|fear|grief|sadness|worry|anxiety|frustration) (?:is|are) (?:\w+ ){0,2}(?:valid|normal|natural|understandable|real|fair|legitimate|human|allowed|welcome)`,
  "(?:every|good) (?:right|reason) to (?:feel|be)",
  "you(?:'re| are) allowed to|nothing (?:wrong|strange|weird|crazy|silly) (?:with|about|in) (?:feeling|being|you|that|missing|wanting)",
  String.raw`(?:not|isn't|aren't|nothing) (?:\w+ ){0,1}(?:strange|weird|wrong|crazy|silly|stupid|uncommon|unusual|surprising|broken|weak|weakness)\b`,
  String.raw`hard not to (?:feel|be)|(?:anyone|anybody|people) (?:\w+ ){0,3}(?:would|could|might|often|do) (?:feel|be|get)`,
  String.raw`(?:many|most|lots of|a lot of) people (?:\w+ ){0,2}(?:feel|get|are|have|find|go)`,
  "(?:that|it) (?:fits|adds up|tracks)|with good reason|for good reason|rightly",
);

const TAKING_BACK = anyOf(
  String.raw`overreact\w*|get over it|too sensitive|no reason to (?:feel|be)|should(?:n't| not) (?:feel|be (?:so )?(?:sad|upset|angry|afraid|scared))|calm down|not (?:that|such) (?:big )?a (?:big )?deal|snap out of|makes? no sense|irrational|being dramatic|blowing (?:it|this) out`,
);

/** "Many people feel anxious" validates although it speaks of others. */
const PEOPLE = /\b(?:people|everyone|everybody|anyone|anybody)\b/iu;

/** What ties a validating phrase to this client: a feeling, their words, or the reason for the feeling. */
function tie(text: readonly string[], at: number, situation: Situation): string | undefined {
  for (const near of [text[at], text[at - 1], text[at + 1]]) {
    // A one-word neighbour ("Sad.") ties nothing.
    if (near === undefined || (near !== text[at] && words(near).length < 4)) continue;
    const feeling = feelingsIn(near).find((one) => !isSomebodyElses(near, one) || PEOPLE.test(near));
    if (feeling !== undefined) return feeling.word;
  }
  const own = text[at] ?? "";
  const client = new Set(contentStems(situation.client));
  const shared = contentStems(own).filter((s) => client.has(s));
  if (shared.length >= 2) return shared.slice(0, 2).join(", ");
  const because = find(own, anyOf("after|given|considering|because|since|when|coming from|with"));
  if (because !== undefined && contentStems(own.slice(because.index)).length >= 2) return because.words;
  return undefined;
}

/** One remedy a criterion, whatever failed: a learner that reads two writes neither down. */
const VALIDATE = 'say "It makes sense that you feel" and their feeling';
const REFLECT = 'say "It sounds like you feel" and a feeling word';

function validatesEmotion(reply: string, situation: Situation): Ruling {
  const text = plain(reply);
  const taken = find(text, TAKING_BACK);
  if (taken !== undefined) return failed(`takes the feeling back: ${quote(taken.words)}.`);
  const parts = sentences(text);
  let bare: string | undefined;
  for (const [at, sentence] of parts.entries()) {
    for (const hit of findAll(sentence, VALIDATING)) {
      if (isNegated(sentence, hit.index)) continue;
      const tied = tie(parts, at, situation);
      if (tied !== undefined) {
        return met(`says that the feeling is understandable: ${quote(hit.words)} about ${quote(tied)}.`);
      }
      bare ??= hit.words;
    }
  }
  if (bare !== undefined) {
    return failed(`${quote(bare)} stands alone; ${VALIDATE}.`);
  }
  return failed(`does not say that the feeling is understandable; ${VALIDATE}.`);
}

function reflectsEmotion(reply: string): Ruling {
  const text = plain(reply);
  const found = reflection(text);
  if (found !== undefined) {
    return met(`gives the feeling back: ${quote(found.phrase)} ... ${quote(found.feeling.word)}.`);
  }
  const phrase = findAsserted(
    text,
    anyOf("it sounds like|sounds like|it seems like|it seems|you feel|you're feeling|i hear|i'm hearing"),
  );
  if (phrase !== undefined) {
    return failed(`no feeling word about the client after ${quote(phrase.words)}; ${REFLECT}.`);
  }
  return failed(`does not name the feeling; ${REFLECT}.`);
}

export const EMOTION: readonly Criterion[] = [
  {
    name: "validates-emotion",
    describe: "Says that the client's feeling makes sense or is understandable in their situation.",
    must: false,
    userTypes: USER_TYPES,
    rule: validatesEmotion,
    rubric: {
      0: "Dismisses, argues with or corrects the feeling.",
      3: "Ignores the feeling, or offers a stock phrase that could answer anything.",
      5: "Sympathises in general words, not tied to what this client said.",
      8: "Says that this feeling makes sense in this client's situation.",
      10: "As 8, and shows exactly why it makes sense, in the client's own terms, without exaggeration.",
    },
  },
  {
    name: "reflects-emotion",
    describe: "Names the client's feeling back to them, such as 'it sounds like you feel ashamed'.",
    must: false,
    userTypes: USER_TYPES,
    rule: reflectsEmotion,
    rubric: {
      0: "Names no feeling, or attributes one that contradicts the message.",
      3: "Speaks of the situation alone ('that sounds hard').",
      5: "Names a feeling that is vague or only half fits.",
      8: "Names a fitting feeling of the client, tentatively.",
      10: "As 8, and catches the feeling beneath the words with its nuance.",
    },
  },
];
