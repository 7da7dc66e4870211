import {
  type Criterion,
  failed,
  met,
  type RuleSettings,
  type Ruling,
  type Situation,
  USER_TYPES,
} from "./criterion.ts";
import { phoneNumbers } from "./phone.ts";
import { anyOf, findAll, isNegated, plain, quote, sentences } from "./text.ts";

const OUGHT = anyOf(
  String.raw`you (?:\w+ ){0,1}(?:should|must(?! (?:be|have|feel|miss))|ought to|need to|have to)(?! or shouldn't)`,
  "you(?:'ve got to|'ll (?:need|want|have) to| will (?:need|want|have) to|'d better)",
);
/** The client's own rule, given back, is not advice: "it feels like you have to ...". */
const REPORTED =
  /(?:feels? like|felt like|as if|as though|what|everything|something|things|how much|anything|who|do|did|does|would|could|the ones|(?:idea|voice|belief|rule|message|sense|thought|pressure|says?|told|tells?) (?:that )?|you(?:'re)? (?:feel|think|thinking|say|said|saying|believe|feeling|decide[ds]?)(?: like| that)?)\s*$/iu;

const SUGGESTING = anyOf(
  String.raw`i(?:'d| would)? (?:\w+ ){0,1}(?:suggest|recommend|advise|encourage|urge|propose|invite)(?:ing)?(?! that (?:sounds|is))`,
  String.raw`i'm (?:going to )?(?:suggest|recommend|encourag|advis)\w*|i do want to suggest`,
  String.raw`my (?:advice|suggestion|recommendation)|(?:may|can) i (?:suggest|recommend|offer)|it(?:'s| is) (?:recommended|advised|advisable|suggested)|, (?:please )?(?:try (?:to|not|one|some|a|out)|take (?:a break|a deep|some|steps|time|care)|make (?:a list|sure|time)|focus on|consider|give yourself)|if i were you|i(?:'d| would)? (?:like|want|love) you (?:\w+ ){0,2}to(?! know| feel| tell| say)`,
  "(?:i can|i could|i'd like to|i will|i'll) (?:refer|send|give) you (?:to|a|some)",
  "you (?:might|may) (?:also |even )?(?:want to|consider|try|find (?:it|that) (?:helpful|useful)|benefit from|look into)",
  String.raw`you (?:could|can) (?:also |always |perhaps |even |maybe |just |either )?(?:try|consider|start|write|reach|ask|join|practi[cs]e|speak|use|schedule|swap|make (?:a|time|sure)|look into|think about|set|begin|refer|talk to|focus on|perform|prioriti[sz]e|always|work on|take (?!your time|it at|all the time)\w+)`,
  "the best (?:thing|way) (?:you can|is|to|would)|a good (?:idea|first step|way|place to start) (?:is|would|might|could|to)",
  "(?:one|another|other|best|good) (?:option|idea|approach|step|strategy|suggestion|way|thing you (?:could|can|might) (?:try|do))s? (?:is|are|could|would|might|may|to|for)",
  String.raw`it (?:might|may|could|can|would|will) (?:also |really |even )?(?:help (?:to|if you|you to)|be (?:\w+ ){0,1}(?:helpful|useful|worth\w*|good|beneficial|best|wise|worthwhile|a good idea) (?:to|for you|if you|\w+ing))`,
  String.raw`(?:maybe |perhaps )?it(?:'s| is) (?:also |always |probably |really |maybe |generally |usually |often |very |so |crucially )?(?:important|crucial|essential|best|vital|key|necessary|helpful|a good idea|time|worth) (?:to (?!you\b|her\b|him\b|me\b|them\b)\w+|that you|for you to|\w+ing\b)`,
  String.raw`(?:that|this) is something (?:you (?:should|could)|worth)|would (?:\w+ )?benefit from|helpful tool|(?:can|could|may|might) help (?:people|you|us|anyone)? ?(?:to )?(?:feel|sleep|cope|relax|heal|calm|unwind|manage|process)|(?:people|many|some|others) find (?:that )?\w+ing (?:helps|helpful|useful)|so (?:go|take|try|get some|make)(?! through| on| it)`,
);

const DISGUISED = anyOf(
  String.raw`have you (?:\w+ ){0,2}(?:considered|tried|looked into)(?! suicide| (?:to )?(?:kill|end|hurt|harm)\w* (?:your|it))`,
  String.raw`have you (?:ever |maybe )?thought (?:about|of) (?:maybe |possibly |perhaps |just |any ways? to )?(?!(?:end|kill|hurt|harm|dy|tak)ing)\w*(?:ing|cope)\b`,
  String.raw`have you (?:ever )?(?:talked|spoken) (?:to|with) (?:your|a|the) (?:doctor|physician|boss|sister|brother|health\w*|provider|therapist|friends|family|partner)`,
  "what if (?:you|we) (?:tried|try|could|took|take|started|just|were to|gave|wrote|talked|stopped|made|went)|what about (?:trying|taking|going|writing|doing|maybe)",
  "how about (?:you|we|trying|taking|going|writing|a|some)|why (?:don't|not) (?:you|try|just|take|give)|what would you think about (?:trying|doing|taking)",
  String.raw`(?:can|could|would|will) you (?:\w+ ){0,1}(?:try|consider)\b|would you (?:be (?:willing|open|interested|up) (?:to|in|for)|like to|consider) (?:try|discuss|explor|work|learn|practi|tak|start|mak|giv|talk to)\w*(?: (?:some|any|a few|with a|this|these|different|other|strateg\w+|alternative\w*))`,
  String.raw`(?:maybe|perhaps) (?:you|we|it's|try|just|go|take|talk|start|a) (?:could|should|can|time|try|walk|break|to|little self)\w*`,
  "(?:someone|somebody|anyone|anybody|a friend|person) (?:\\w+ ){0,2}?you (?:could|can|might) (?:call|talk to|reach|tell|ask|turn to)|do you think (?:that )?(?:there's|there are|there is) any (?:alternative|other) (?:things|ways)",
  String.raw`(?:we|we'll) (?:can|could|need to|should|will) (?:also |definitely |slowly )?(?:work on|work together to|come up with|develop|set|create|make|try|look at some|explore (?:some|alternative|other|opportunit))\w*|we need to be|approaches we need`,
  String.raw`let's (?:\w+ ){0,1}(?:try|take (?:a|some)|breathe|make|set|create|work (?:on|together|through)|come up|develop|focus on (?:set|find|mak|build)\w*|talk about (?:some|a few) (?:steps|ways)|continue to work|start (?:with|by)|explore (?:some|a few|ways|strateg\w+))`,
  "(?:do|try|set|use) (?:that|this|it|something) as (?:maybe )?homework|set as (?:maybe )?homework|for (?:the upcoming|next|this coming) week",
);

const SEEK_HELP = anyOf(
  String.raw`(?:seek|seeking|get|getting|find|finding|look(?:ing)? for|consider(?:ing)?|need|additional|potentially) (?:\w+ ){0,2}(?:professional|medical|outside|expert|mental health|counsel\w+|therapy|therapist|psychological)(?: (?:help|support|advice|care|guidance|attention))?`,
  String.raw`(?:seek|seeking) (?:\w+ ){0,1}(?:help|support|treatment|guidance|advice)`,
  String.raw`(?:see|seeing|talk(?:ing)? (?:to|with)|speak(?:ing)? (?:with|to)|consult(?:ing)?(?: with)?|visit(?:ing)?|contact(?:ing)?|appointment with|conversation with) (?:a|an|your|the|some) (?:\w+ ){0,2}(?:therapist|doctor|counsell?or|psychiatrist|psychologist|professional|physician|specialist|gp|dentist|nutritionist|pharmacist|coach)`,
  String.raw`(?:professional|qualified|licensed) (?:help|support|therapist|counsell?or)|support groups?|(?:coping|relaxation|grounding|breathing|stress[ -]management) (?:strateg\w+|techniques?|skills?|exercises?|mechanisms?|tools?)`,
  String.raw`(?:some|a few|several) (?:tips|strategies|techniques|suggestions|steps|ways (?:to|you)|temporary measures|options (?:for|to|you))|here are (?:some|a few|\d+)|make sure (?:to|you|that you)|(?<!i'll )be sure to|don't forget to|remember to`,
);

const IMPERATIVE =
  /^(?:\d+[.)] ?|[-•] ?)?(?:(?:please|so|then|also|first|next|second|finally|maybe|perhaps|just|and|or|instead|now|meanwhile|additionally|okay|ok|in the meantime|for now),? )*(?:try|reach out|talk (?:to|with)|speak (?:to|with)|consider|remember(?! when)|make (?:sure|a|an|time|some)|be (?:sure|kind|gentle|patient|careful|honest|open|strong|proud|yourself|good to)|go (?:for|to|outside|see|back|ahead and (?!tell|share|say))|write|keep (?!going)|focus|start|stop|practi[cs]e|give (?:yourself|it|them|him|her|your)|allow (?:yourself|your)|let (?:yourself|go|them|him|her|your)|breathe|schedule|find|avoid|think (?:about|of|positive)|ask (?:yourself|your|a|for|them|him|her|someone)|call|text|set|seek|tell (?:them|him|her|your|someone|people)|take steps|don't (?:be|let|forget|give|hesitate|try|push|ignore|blame|hide|feel)|never|always|use|get|join|listen to|read|spend|list|identify|learn|trust (?:yourself|me|your|the|that)|believe in|accept|embrace|hang in|stay (?:strong|positive|hydrated|focused|busy|away|calm|connected)|look (?:at|for|into|on)|visit|see (?:a|your|if you)|put|meditate|journal|challenge|surround|prioriti[sz]e|acknowledge your|take (?!your time|all the time|as (?:long|much)|me (?:through|back)|what))\b(?! (?:is|was|sounds?|seems?|has|can|feels?|isn't|doesn't|of your life|to you about)\b)/iu;

const PATTERNS = [SUGGESTING, DISGUISED, SEEK_HELP];

/** The first piece of advice in one sentence. */
function adviceIn(sentence: string): string | undefined {
  const imperative = IMPERATIVE.exec(sentence);
  if (imperative !== null) return imperative[0].replace(/^[\d.)•\- ]+/u, "");
  const ought = findAll(sentence, OUGHT).find(
    (hit) =>
      !isNegated(sentence, hit.index) &&
      !REPORTED.test(sentence.slice(Math.max(0, hit.index - 40), hit.index)),
  );
  if (ought !== undefined) return ought.words;
  for (const pattern of PATTERNS) {
    const hit = findAll(sentence, pattern).find((h) => !isNegated(sentence, h.index));
    if (hit !== undefined) return hit.words;
  }
  return undefined;
}

/** Naming the crisis line is a safety message, not advice; what stands beside it in the sentence may be. */
function besideTheLine(sentence: string, settings: RuleSettings): string[] {
  const line = phoneNumbers(sentence, settings).find((number) => number.isLine);
  if (line === undefined) return [sentence];
  const before = sentence.slice(0, Math.max(0, sentence.lastIndexOf(",", line.index)));
  const after = sentence.slice(line.index + line.written.length);
  const calling = /\b(?:call|text|dial|ring|chat)(?:ing|s)?\b/giu;
  return [before, after].map((part) => part.replace(calling, "").replace(/^[\s,.;:)-]+/u, ""));
}

function avoidsAdvice(reply: string, situation: Situation): Ruling {
  const text = plain(reply);
  const items = text.split("\n").filter((line) => /^\s*(?:\d+[.)]|[-•])\s/u.test(line));
  const first = items[0];
  if (first !== undefined && items.length >= 2) return failed(`advice as a list: ${quote(first)}.`);
  for (const sentence of sentences(text)) {
    for (const part of besideTheLine(sentence, situation.settings)) {
      const advice = adviceIn(part);
      if (advice !== undefined)
        return failed(`gives advice: ${quote(advice)}; say what you hear instead of what to do.`);
    }
  }
  return met("gives no advice.");
}

export const ADVICE: readonly Criterion[] = [
  {
    name: "avoids-advice",
    describe: "Gives no advice, instructions or tips, neither openly nor disguised as a question.",
    must: false,
    userTypes: USER_TYPES,
    rule: avoidsAdvice,
    rubric: {
      0: "Tells the client what to do, or lists tips.",
      3: "Suggests a course of action, or sends them to a professional without need.",
      5: "Advice in disguise ('have you considered ...').",
      8: "No advice; at most an offer to explore together. Naming a crisis line to someone in danger is not advice.",
      10: "No advice, and the client's own knowledge and choice are in the foreground.",
    },
  },
];
