import { type Feeling, feelingsIn } from "./feelings.ts";
import { anyOf, type Found, findAll, sentences, words } from "./text.ts";

/** Words that hand a feeling back to the client, however far off in the sentence it stands. */
const OPENING = anyOf(
  "(?:it|that|this|which|all of (?:that|this)|what you're (?:saying|describing)|you) (?:really |still |also |just )?(?:sounds?|seems?|sounded|seemed)|sounds like|seems like",
  "(?:i|i'm|i am|i can|i do|i did|i could) (?:also |really |still |totally )?(?:hear|hearing|sense|sensing|notice|noticing|see|seeing|imagine|understand)|what i hear|hearing|must seem",
  "you (?:still |also |really |don't |didn't |do not |can't |no longer )?(?:feel|felt|sound|seem)|you're (?:still )?feeling|you've been feeling|you have been feeling|you (?:were|are) feeling|you've mentioned",
  "part of you (?:is|was|feels|felt|seems)|underneath|beneath|behind (?:that|the|it|all)",
);
/** Words that do so only when the feeling follows at once. */
const CLOSE_OPENING = anyOf(
  "you(?:'re| are| were|'ve been| have been| must be| must feel| must have (?:been|felt)| look| might be| may be| carry| carried| have (?:a|some|so much)| end up)",
  "(?:it|that|this|which|all of (?:that|this)) (?:really |still |also |just )?(?:feels?|felt|looks|must (?:have )?(?:be|been|feel|felt)|was|is)|(?:that's|it's)",
  "(?:leaves|left|leaving|makes|made|making|has|had|got|keeps|kept|getting) you|there's|there is|there was|feeling|your",
);

/** Asking or supposing a feeling is not reflecting one. */
const ASKING_BEFORE =
  /\b(?:do|did|does|are|were|is|was|have|would|could|can|will|how|what|why|if|when|whenever|whether|unless|help|helps|helping|make|makes|made|until|before|after|not|stop|started?|what's making|to|while|of) $/iu;

/** Somebody else's feeling, or the counsellor's own. */
const OTHERS_BEFORE =
  /(?:\b(?:i|we|he|she|they|people|everyone|everybody)(?:'m|'re|'s)? (?:(?:is|was|are|were|am|feels?|felt|seems?|gets?|got|sounds?|looks?|have been|has been|must be) )?(?:(?:so|very|really|just|also|too|still|a bit|a little) ){0,2}|\b(?:his|her|their|my|our) (?:\w+ )?|\b(?:your|the|his|her) (?:boss|mom|mother|mum|dad|father|partner|wife|husband|friends?|sister|brother|son|daughter|therapist|guide|family|parents?|kids?|supervisor|ex|doctor|dog|girlfriend|boyfriend|roommate|neighbou?r) (?:is|was|are|were|feels?|felt|seems?|sounds?|must be|gets?|got) (?:\w+ ){0,2})$/iu;

/** "It is normal to feel hurt" is about people, not yet about this client. */
const GENERAL = /\b(?:normal|natural|ok|okay|common|important|possible|best|fine|human|valid|healthy) /iu;

/** How far after an opening its feeling may stand, in characters (about fifteen words), and in words for a close one. */
const REACH = 90;
const CLOSE_WORDS = 5;

export interface Reflection {
  phrase: string;
  feeling: Feeling;
}

/** True when the words before a feeling give it to the counsellor or a third person. */
export function isSomebodyElses(sentence: string, feeling: Feeling): boolean {
  return OTHERS_BEFORE.test(sentence.slice(Math.max(0, feeling.index - 48), feeling.index));
}

function openings(sentence: string, pattern: RegExp): Found[] {
  return findAll(sentence, pattern).filter((hit) => {
    if (/^ that way\b/iu.test(sentence.slice(hit.index + hit.words.length))) return false;
    const before = sentence.slice(Math.max(0, hit.index - 24), hit.index);
    // "I see, ..." and "I understand." are said to anything.
    return !ASKING_BEFORE.test(before) && !/^[,;]/u.test(sentence.slice(hit.index + hit.words.length));
  });
}

/** The last opening before `index`; `from` moves on with the feelings, so that a sentence is walked once. */
function lastBefore(all: readonly Found[], index: number, from: { at: number }): Found | undefined {
  while ((all[from.at]?.index ?? index) < index) from.at++;
  return all[from.at - 1];
}

function reflectionIn(sentence: string): Reflection | undefined {
  const feelings = feelingsIn(sentence);
  if (feelings.length === 0) return undefined;
  const [far, close] = [openings(sentence, OPENING), openings(sentence, CLOSE_OPENING)];
  const [farAt, closeAt] = [{ at: 0 }, { at: 0 }];
  for (const feeling of feelings) {
    if (isSomebodyElses(sentence, feeling)) continue;
    const opening = lastBefore(far, feeling.index, farAt);
    if (opening !== undefined && feeling.index - opening.index <= REACH) {
      return { phrase: opening.words, feeling };
    }
    const near = lastBefore(close, feeling.index, closeAt);
    if (near === undefined || feeling.index - near.index > REACH) continue;
    const gap = words(sentence.slice(near.index + near.words.length, feeling.index)).length;
    // "Your anger ..." and "Feeling lost ..." open a sentence; within one they are mostly about something else.
    const needsStart = /^(?:your|feeling)$/iu.test(near.words);
    const isAdjacent = needsStart ? gap === 0 && near.index === 0 : gap < CLOSE_WORDS;
    if (isAdjacent && !GENERAL.test(sentence.slice(near.index, feeling.index)))
      return { phrase: near.words, feeling };
  }
  return undefined;
}

/** A question without a reflecting opening asks for a feeling instead of giving one back. */
function isPlainQuestion(sentence: string): boolean {
  return (
    /\?["')\]]*$/u.test(sentence) &&
    /^(?:and |so |but |or |then )?(?:what|how|where|who|which|when|why|do|did|does|are|were|is|was|have|has|would|could|can|will)\b/iu.test(
      sentence,
    )
  );
}

/** The first feeling of the client that the reply reflects. */
export function reflection(text: string): Reflection | undefined {
  for (const sentence of sentences(text)) {
    if (isPlainQuestion(sentence)) continue;
    const found = reflectionIn(sentence);
    if (found !== undefined) return found;
  }
  return undefined;
}
