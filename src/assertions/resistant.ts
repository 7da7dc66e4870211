import { type Criterion, failed, met, type Ruling, type Situation } from "./criterion.ts";
import { reflection } from "./reflecting.ts";
import { anyOf, find, findAsserted, plain, questions, quote, words } from "./text.ts";

const TALKING =
  "(?:talk|open up|share|tell|let (?:it|me|people|yourself)|face|process|deal with|express|be honest|say|explain|work (?:on|through)|confront|get it (?:out|off)|speak)";
const PUSHING = anyOf(
  String.raw`you(?:'ve| have)? (?:\w+ ){0,1}(?:need to|have to|got to|must|should|ought to) (?:\w+ ){0,2}${TALKING}`,
  String.raw`you can't (?:keep|just|hide|run|ignore|avoid|bottle)|you(?:'re| are) (?:\w+ ){0,1}(?:avoiding|deflecting|in denial|resisting|resistant|shutting (?:down|me)|hiding|closed[ -]off|defensive|being (?:defensive|difficult|evasive|closed)|bottling|running (?:from|away)|holding back|not (?:being honest|telling me|cooperating))`,
  String.raw`why (?:won't|don't|can't|aren't) you (?:\w+ ){0,1}(?:just |tell|talk|open|want|let|say)|come on|(?:just|please|now) (?:tell me|talk to me|say it|open up|let it out|share|try)|tell me (?:what(?:'s| is) really|the truth|everything|right now|exactly)`,
  String.raw`what are you (?:\w+ ){0,1}(?:hiding|avoiding|afraid of|not telling)|stop (?:avoiding|deflecting|joking|hiding|pretending|running)|i need you to|be honest with|you(?:'ll| will| would|'d) feel (?:\w+ ){0,1}better (?:if|when|once)`,
  String.raw`(?:it's|it is) (?:\w+ ){0,1}(?:important|healthy|good|better|best|necessary) (?:to|that you|for you to) ${TALKING}|talking (?:about (?:it|this|things) )?(?:will|would|can|could|might|does|really) help|let it (?:all )?out|try to (?:open|talk|share|say)|push yourself|dig deeper|i can't help you (?:if|unless)|only (?:if|works if) you|this (?:won't|doesn't|only) work|there(?:'s| is|'s got to be| must be) (?:clearly|obviously|more than)|don't be (?:shy|afraid|scared)|you can trust me|i insist|owe it to (?:yourself|your)|just say (?:the|what|it|something|anything)|are you sure|before you go|opening up (?:\w+ ){0,3}(?:is|will|helps?|can|would)|avoiding (?:\w+ ){1,3}(?:only|just|will|makes)|can you (?:share|tell me|say) (?:just )?(?:one|something|a (?:little|bit))|important step|(?:your|for) healing`,
);
const MAKING_ROOM = anyOf(
  String.raw`(?:you|we) (?:don't|do not|needn't) (?:\w+ ){0,2}(?:have|need|want|owe|feel|talk|go|get|know|sound|trust|fix|like|see)(?: to)?`,
  String.raw`no (?:pressure|rush|need|hurry|wrong answers?|right answer)|at your (?:own )?(?:pace|speed)|(?:up to|down to) you|your (?:call|choice|pace|terms|decision)|fair enough|fair\b|(?:okay|ok|fine|alright|all right) (?:not to|to not|to leave|to say|to keep|to just|if you|with|by me)`,
  String.raw`(?:hard|tough|difficult|not easy|tricky|weird|strange|awkward) (?:to|when|with|being) (?:\w+ ){0,1}(?:put|find|say|explain|talk|describe|trust|sit|answer|asked|open|be)\w*|not (?:much|a lot|big|really) (?:of a talker|to say|into|one for|on talking)|not ready|don't (?:feel like|want to|see the point|think|really want|buy|trust|owe)|words (?:don't|for it|aren't|can't)|(?:skeptical|sceptical|wary|pointless|reluctant|guarded)`,
  "(?:you'd|you would|would) rather (?:not|be|keep|leave)|as (?:much|little|far) as you|take your time|whatever (?:feels|you|pace|is)|whenever|we can (?:sit|leave|stop|keep|go slow|just)|(?:sit|stay) with (?:silence|quiet)|leave it (?:there|at that)|(?:didn't|wasn't|not) (?:choose|your idea|asked)|someone else's idea|made you (?:come|do)|keep (?:it|things|that) (?:short|to yourself|close)|(?:plenty|enough) for (?:one|today|now|tonight)|(?:can|could|will) (?:still )?(?:stay|be here|wait|be left|keep)|another (?:night|day|time)",
);

function doesNotPush(reply: string): Ruling {
  const text = plain(reply);
  const push = findAsserted(text, PUSHING);
  if (push !== undefined) return failed(`pushes: ${quote(push.words)}.`);
  const asked = questions(text);
  if (asked.length > 1) {
    return failed(`asks ${asked.length} questions; ask at most one of somebody who is reluctant.`);
  }
  return met("does not push.");
}

/** Words too empty to count as the client's own when they come back. */
const EMPTY = new Set(
  `a an the and or but so if of to in on at by for with from it its it's i i'm i've me my we us you you're your he she they
  them is am are was were be been do does did have has had can could will would not no yes that that's this there what how
  where when who why just like about as than then too very really really out up all some something think know feel
  feeling get got go going don't didn't say said one here more now thing things because`.split(/\s+/u),
);

function ownWords(text: string, situation: Situation): string[] {
  const client = new Set(words(situation.client).filter((w) => w.length > 2 && !EMPTY.has(w)));
  return [...new Set(words(text).filter((w) => client.has(w)))];
}

/** About two and a half times the client's words, about 40 at the least; "about" is 15 per cent. */
function lengthLimit(client: string): number {
  return Math.floor(Math.max(40, words(client).length * 2.5) * 1.15);
}

function meetsThem(reply: string, situation: Situation): Ruling {
  const text = plain(reply);
  const count = words(text).length;
  const limit = lengthLimit(situation.client);
  if (count > limit) {
    return failed(`${count} words to a message of ${words(situation.client).length}; at most ${limit}.`);
  }
  if (count < 5) return failed(`${quote(text)} is too little to show that they were heard.`);
  const room = find(text, MAKING_ROOM);
  if (room !== undefined) return met(`leaves the choice with them: ${quote(room.words)}.`);
  const own = ownWords(text, situation)[0];
  if (own !== undefined) return met(`picks up their own word: ${quote(own)}.`);
  const feeling = reflection(text);
  if (feeling !== undefined) return met(`gives their feeling back: ${quote(feeling.feeling.word)}.`);
  return failed(
    'does not pick up their words or leave them the choice, for example "you don\'t have to talk about it".',
  );
}

const base = { must: false, userTypes: ["resistant"] } as const;

export const RESISTANT: readonly Criterion[] = [
  {
    ...base,
    name: "does-not-push",
    describe: "Puts no pressure on a reluctant client: no 'you need to talk', at most one question.",
    rule: doesNotPush,
    rubric: {
      0: "Presses, confronts or blames the reluctance.",
      3: "Insists politely, or asks question upon question.",
      5: "Slight pressure ('it would help to talk').",
      8: "No pressure; at most one question that is easy to leave.",
      10: "As 8, and says that not answering is fine.",
    },
  },
  {
    ...base,
    name: "meets-them",
    describe: "Meets the client where they are: short, picks up their words or respects the reluctance.",
    rule: meetsThem,
    rubric: {
      0: "Ignores the reluctance, long and effusive.",
      3: "Stock warmth, much longer than the client.",
      5: "Roughly their length, but not their words.",
      8: "Short, in their tone, with their words or with respect for their choice.",
      10: "As 8, and the client would feel understood by somebody who wants nothing.",
    },
  },
];
