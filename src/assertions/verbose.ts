import { type Criterion, failed, met, type Ruling, type Situation } from "./criterion.ts";
import { feelingsIn } from "./feelings.ts";
import { reflection } from "./reflecting.ts";
import { anyOf, contentStems, find, findAll, isNegated, plain, questions, quote } from "./text.ts";

const LABELLING = anyOf(
  String.raw`intellectuali[sz]\w*|over-?think\w*|over-?analy\w*|in your head|rambling|too (?:many words|much (?:thinking|detail|information))|get to the point|off topic|beside the point|let me stop you|i(?:'m| am) going to stop you|stop (?:analy\w+|thinking|explaining)|avoiding (?:your|the) (?:feelings?|question)|hiding behind|using (?:big |your )?(?:words|intellect)|just feel|you(?:'re| are) (?:analy[sz]ing|rationali[sz]ing|deflecting|avoiding)|i lost (?:you|track)|can you summari[sz]e|simply put`,
);
const ACKNOWLEDGING = anyOf(
  String.raw`(?:i|i'm|i am|i can) (?:hear|hearing|notice|noticing|see|sense|get|appreciate|struck)|(?:it|that|this)(?:'s| is)? (?:\w+ ){0,1}(?:sounds?|seems?|makes sense)|sounds like|there(?:'s| is) (?:a lot|so much|something|real|such)|you(?:'ve| have) (?:\w+ ){0,1}(?:thought|given|put|been|worked|read|mapped|looked|built|found|turned|laid)|you(?:'re| are) (?:\w+ ){0,1}(?:carrying|holding|trying|working|making sense|describing|weighing|feeling)|thank you for|you (?:describe|mention|said|say|name|speak|wrote|bring|know|see|understand)\w*|of all (?:that|this|the)|all (?:of )?(?:that|this|those|the)|careful(?:ly)?|rich|thoughtful\w*`,
);
const FOCUSING = anyOf(
  String.raw`right now|in this moment|this (?:very )?moment|at this moment|here and now|in your body|your body|your (?:chest|stomach|belly|throat|shoulders|breath|breathing|heart|hands|jaw|gut)|where (?:do|did|does|in|might) (?:you|it|that)|(?:as|while) you (?:say|tell|talk|sit|read|write|describe|type|hear|put|share|think|explain)\w*`,
  String.raw`(?:if we|we could|let's|could we|can we|might we|shall we|i'd like to|want to|i(?:'d| would) love to) (?:\w+ ){0,1}(?:stay|slow|pause|set|put|sit|linger|rest|come back|go back|zoom|stop)|(?:slow|slowing) (?:down|this|it|for)|pause|stay(?:ing)? with|come(?:s)? back to|coming back to|(?:set|setting|put|putting|leave|leaving) (?:the|all|that|those) (?:\w+ ){0,3}(?:aside|down|open)|linger\w*|drawn to|under(?:neath)?|beneath|behind (?:all|the|that)|below (?:all|the|that)`,
  String.raw`one (?:thing|part|piece|word|moment|feeling|line|sentence|thread|image)|(?:most|strongest|loudest|closest) (?:\w+ ){0,2}(?:alive|for you|present|true|feeling|to you)|(?:what|how) (?:do|did|does|are|was|is|were) (?:\w+ ){0,3}(?:feel|feeling|like for you|touch|hurt)\w*|what (?:feeling|emotion)|what (?:do|did|does|was|is|happens?|happened|comes?|came|goes|went|would) (?:\w+ ){0,3}(?:(?:in|for|with|to|through|up in) you|you notice|it like)|that (?:one )?(?:word|line|moment|sentence|part)|the part (?:where|about|of)|stands? out|stood out|stays? with me|caught|landed|lands`,
);

/** More theory is not a focus. */
const THEORY = anyOf(
  "theor(?:y|ies)|literature|hypothes[ei]s|frameworks?|models?|research|jung|freud|concepts?|evidence",
);

/** What the reply narrows the message to: a focusing phrase, or one reflected feeling with one question. */
function focusOf(text: string, asked: readonly string[]): string | undefined {
  const question = asked[0];
  if (question !== undefined && find(question, THEORY) !== undefined) return undefined;
  const phrase = find(text, FOCUSING);
  if (phrase !== undefined) return phrase.words;
  const families = new Set(feelingsIn(text).map((f) => f.family));
  const isOpen =
    question !== undefined && /\b(?:what|how|where)\b/iu.test(question) && /\byour?\b/iu.test(question);
  return isOpen && families.size <= 2 ? reflection(text)?.feeling.word : undefined;
}

/** Evidence that the client was heard: an acknowledging phrase, their feeling, or two of their own words. */
function heardIn(text: string, client: string): string | undefined {
  const known = find(text, ACKNOWLEDGING)?.words ?? reflection(text)?.phrase;
  if (known !== undefined) return known;
  const theirs = new Set(contentStems(client));
  const own = [...new Set(contentStems(text).filter((s) => theirs.has(s)))];
  return own.length >= 2 ? own.slice(0, 2).join(", ") : undefined;
}

function redirectsGently(reply: string, situation: Situation): Ruling {
  const text = plain(reply);
  const label = findAll(text, LABELLING).find((hit) => !isNegated(text, hit.index));
  if (label !== undefined)
    return failed(`corrects the client instead of redirecting: ${quote(label.words)}.`);
  const asked = questions(text);
  if (asked.length > 1) return failed(`asks ${asked.length} questions; bring it to one focus.`);
  const focus = focusOf(text, asked);
  if (focus === undefined) {
    return failed('brings it to no focus; ask "What do you feel right now as you tell me this?".');
  }
  const heard = heardIn(text, situation.client);
  if (heard === undefined) return failed(`goes to ${quote(focus)} without showing what it heard.`);
  return met(`shows what it heard (${quote(heard)}) and brings it to one focus (${quote(focus)}).`);
}

function oneKeyEmotion(reply: string): Ruling {
  const named = feelingsIn(plain(reply));
  const families = new Map<string, string>();
  for (const feeling of named) families.set(feeling.family, families.get(feeling.family) ?? feeling.word);
  const list = [...families.values()];
  if (list.length === 0)
    return failed('names no feeling; say "It sounds like you feel" and the one feeling that matters most.');
  if (list.length > 2 || new Set(named.map((f) => f.word.toLowerCase())).size > 3) {
    const all = [...new Set(named.map((f) => f.word.toLowerCase()))].slice(0, 5).join(", ");
    return failed(`names too many feelings (${all}); keep the one that matters most.`);
  }
  return met(
    `keeps to ${list.length === 1 ? "one feeling" : "two feelings"}: ${list.map((w) => quote(w)).join(", ")}.`,
  );
}

const base = { must: false, userTypes: ["verbose"] } as const;

export const VERBOSE: readonly Criterion[] = [
  {
    ...base,
    name: "redirects-gently",
    describe:
      "Acknowledges, then brings a long or analytical message to one focus: a feeling, the body, this moment.",
    rule: redirectsGently,
    rubric: {
      0: "Joins the analysis, or tells the client off for it.",
      3: "Answers the content only, or several points at once.",
      5: "Asks about feelings abruptly, without showing what was heard.",
      8: "Shows what was heard, then turns to one feeling, the body or this moment.",
      10: "As 8, so gently that the client would not feel corrected.",
    },
  },
  {
    ...base,
    name: "one-key-emotion",
    describe: "Names one feeling, at most two, not a list.",
    rule: oneKeyEmotion,
    rubric: {
      0: "Names no feeling, or a catalogue of them.",
      3: "Names three or more.",
      5: "Names one that is beside the point.",
      8: "Names the one or two that matter most.",
      10: "As 8, and it is the one that the client circled without saying.",
    },
  },
];
