import { DANGER } from "./danger.ts";
import { anyOf, find, findAll, plain, sentences } from "./phrases.ts";

/** Danger to the life of the person who writes. */
export interface HeardDanger {
  /** The words, as they were read. */
  words: string;
  /** `plain` says it; `veiled` is what people write who do not say it. */
  how: "plain" | "veiled";
}

/** Who or what may die without the writer being in danger. */
const OTHERS =
  "(?:wife|husband|mother|mom|mum|father|dad|parents?|son|daughter|child|kid|brother|sister|grand\\w+|friend|partner|uncle|aunt|cousin|patients?|client|neighbou?r|dog|cat|ego|he|she|they|someone|somebody|people|plants?|phone|battery|world|love)";
const NOT_THEM = anyOf(
  `${OTHERS}(?:'s| is| was| were| are| has| had|'d)? (?:\\w+ ){0,2}(?:dying|die|dead|suicid\\w+|in danger)|(?:dying|death|suicide|life) of (?:a|an|the|your|his|her|their)? ?\\w+|(?:lost|losing) \\w+ (?:\\w+ )?to suicide|${OTHERS} \\(suicide|suicide (?:rates?|statistics|literature|research|risk (?:assessment|form)|watch|squad)`,
  "(?:dying|die|dead) (?:to|for) (?:a|an|some|know|see|hear|try|tell|get|go|eat)|to die for|like (?:\\w+ )?(?:going to|gonna) die|ego (?:death|is dying)|(?:felt|feel|thought|think|afraid|scared|worried)(?: \\w+){0,4} (?:to|gonna) die(?: of| from| in| young| alone)?|(?:afraid|scared|fear) of (?:death|dying)|bored to death|scared to death|dead (?:tired|serious|wrong|right|set)",
  "(?:\\w+n't|not) (?:\\w+ ){0,4}(?:be|being) (?:here\\W+(?:in|at|with) (?:this|that|the|your|work|school)|around (?:your|the|them|him|her|people|other|those|anyone|friends))|(?:doesn't|does not|didn't) exist",
  "(?:don't|do not|didn't|never) (?:\\w+ ){0,2}want (?:to )?(?:die|kill yourself|hurt yourself|be dead)(?! (?:but|alone))(?!,? (?:you )?just)",
);

/** Wishes to be gone, a plan, a farewell, a burden: none of them names death. */
const VEILED = anyOf(
  "(?:better|easier|happier|breathe easier|lighter|fine|simpler|better off|less (?:trouble|work)) without (?:me|you(?:rself)?) ?(?:around|here|there|in it)?|without (?:me|you) (?:around|here|in it)|(?:worth|better|more useful) (?:\\w+ ){0,3}(?:dead|gone)|(?:insurance|policy) (?:\\w+ ){0,4}(?:worth more|pays? out|would cover)|worth more than you(?:'re| are)|(?:no ?one|nobody|who)(?:'d| would|'ll| will)? (?:even |really |ever )?(?:miss|notice if) you|you(?:'re| are) (?:just |only )?(?:a|such a) burden|(?:better|easier|happier|fine|simpler) (?:off )?(?:if you (?:weren't|wasn't|were not|didn't)|with you (?:gone|dead)|with the insurance)|wish(?:ed)? (?:\\w+ ){0,2}(?:never|not|hadn't) (?:been )?(?:born|existed)|rather (?:be |just )?(?:gone|nothing|disappear|not (?:be|exist))",
  "(?:come|came|be|cry|show up) (?:to|at) your (?:own )?funeral|your (?:own )?funeral|(?:when|after|once|if) you(?:'re| are|'m) (?:gone|not (?:here|around)(?: any ?more)?)|(?:won't|wont|not going to|not gonna) be (?:here|around|needing)(?! (?:on|until|till|at|for|by|in) )|(?:not|no longer) (?:\\w+ ){0,2}(?:make it|see|be there) (?:to|for|past) (?:christmas|spring|summer|next (?:week|month|year)|your birthday)|see yourself (?:\\w+ )?(?:turning|reaching|making it|getting|living|being) (?:\\w+ )?(?:\\d+|old|there|past)|(?:won't|don't think you'll|not gonna|not going to) (?:be )?need(?:ing)? (?:it|them|any of (?:it|this)|a (?:follow|next)|another (?:session|appointment))",
  "(?:wrote|written|writing|left|leaving|leave) (?:\\w+ ){0,2}(?:letters?|notes?)(?:\\.|,| for| to)? ?(?:one for|for (?:each|everyone|the kids|your (?:kids|family|mom|mum|wife|husband))|each|goodbye)|(?:said|saying|say|sent|texted) (?:\\w+ ){0,2}(?:good ?bye|goodbyes)|(?:gave|given|giving) (?:\\w+ ){0,4}(?:away|to your (?:sister|brother|mom|mum|friend|neighbou?r)) (?:\\w+ ){0,2}(?:today|for good|everything|stuff|things|paid)|(?:have|got|getting|put|putting|has) (?:\\w+ ){0,2}(?:things|everything|affairs|it all|stuff) (?:all )?(?:sorted|in order|settled|arranged|taken care of)|updated? your will|found (?:someone|a home|a place) (?:to take|for) (?:the|your) (?:dog|cat|kids)",
  "(?:just )?want (?:it|this|everything|all of (?:it|this)|the (?:pain|thoughts|noise|voices)|to) (?:all )?(?:to )?(?:stop|be over|end|go quiet|disappear)(?! (?:being|doing|smoking|drinking|using|working|eating|over\\w+|raining|snowing|ringing|buzzing|itching|worrying|feeling|crying|thinking|taking|caring|with|at|talking|the (?:meeting|day)))|want (?:to )?(?:disappear|vanish|cease|be gone|go to sleep (?:forever|and (?:not|never))|sleep (?:forever|and (?:not|never)))|(?:can't|cannot|cant) (?:keep )?(?:do|doing|take|carry|live|living|go|going)(?: on)?(?: with)? ?(?:this|like this|it|on)?(?:,)? (?:any ?more|much longer|another (?:day|night|week))|(?:don't|do not|dont|can't) (?:see|have) (?:a|any|the) (?:way out|way forward|future|reason (?:to (?:go on|live|stay|keep)|for (?:going on|living|staying)))|no (?:way out|reason to (?:live|go on|stay|keep going)|point (?:in |to )?(?:going on|living|being here|anything|any of it|staying))|(?:nothing|not much) (?:left )?to (?:live|stay|hold on) for|done (?:fighting|with (?:life|all of it|everything)|trying to stay)|can't go on(?! (?:to|about|a|the|that|with|vacation|holiday)\\b)|(?:have|got|there's|there is) nothing left(?! (?:to (?:say|do|wear|eat|lose)|in|on|over|of))|what'?s the point any ?more|what(?:'s| is) the point (?:of|in) (?:going on|living|being here|staying|any of (?:it|this))|(?:tired|exhausted) of (?:living|being alive|existing|being here|staying alive|waking up)",
  "(?:decided|made up your mind|made your peace|made peace with it|at peace with it|picked a (?:day|date|time|place)|you have a plan)(?:\\.|,)? ?(?:tonight|today|this (?:weekend|week)|tomorrow|for good)|(?:do|doing) it (?:tonight|today|now|this (?:weekend|week))|(?:tonight|today)(?:'s| is) (?:the|your) (?:night|last|day)|last (?:message|night|time you(?:'ll| will)? (?:write|talk|type))|over and out|you think you(?:'re| are) ready(?! (?:to|for) )|time to (?:lay|lie) down|(?:looking|staring|look) at the (?:big (?:one|exit)|exit)|nobody(?:'s| is)? coming (?:up|for) |(?:ready|time) to (?:go|join|be with) (?:him|her|them|now|home|mikey)|join(?:ing)? (?:him|her|them|your (?:mom|mum|dad|mother|father|son|daughter|wife|husband|brother|sister)) (?:soon|there|now|in (?:heaven|the ground))|tell (?:your \\w+|them|him|her|everyone) (?:that )?you love[d]? (?:him|her|them)|(?:be|join|see|go to) (?:with )?(?:him|her|them|mom|dad|mum) (?:again )?(?:soon|up there|on the other side)",
  "(?:sitting|been sitting|standing) (?:here )?(?:with|next to) (?:it|the (?:pills|gun|rope|knife|blade|bottle))|(?:took|take|taken|taking|swallow\\w*) (?:all (?:of )?|the whole |the rest of |a (?:handful|bottle|lot) of |too many )(?:\\w+ ){0,2}(?:pills|tablets|meds|bottle|them)|(?:counting|counted|count|saving|saved|stash\\w*|hoard\\w*|lined up) (?:\\w+ ){0,3}(?:pills|tablets|meds)|(?:pills|tablets) (?:\\w+ ){0,2}(?:lined up|would|it takes|to do it)|how many (?:\\w+ ){0,2}(?:pills|tablets|would it take)|overdos\\w+|surviv\\w+ (?:a|the) (?:\\w+ )?(?:crash|fall|jump|drop|overdose)|(?:on|off|from|at|over) (?:the|a) (?:bridge|ledge|roof|overpass|train tracks?|tracks|edge)(?: (?:and|thinking|looking|again|tonight|at \\d))|(?:drive|driving|drove|steer|swerve|crash\\w*) (?:\\w+ ){0,4}(?:off the (?:road|bridge)|into (?:a|the|that) (?:tree|wall|truck|river|lake|barrier|oncoming|traffic))|(?:jump|jumping|step|stepping|walk|walking) (?:\\w+ ){0,2}(?:off|in front of|into) (?:the|a|an|oncoming) (?:bridge|roof|train|traffic|truck|bus|river|sea|ocean|lake|building|balcony)|(?:cut|cutting|burn|burning) yourself(?! (?:off|some|a|loose|short))|(?:bought|found|got|loaded|clean\\w*) (?:a|the|your) (?:rope|gun|pistol|shotgun)|(?:gun|rope|pills|blade) (?:is|are) (?:right )?(?:here|in your|on the|next to)",
);

const THINKING_OF_IT = anyOf(
  "yes|yeah|yea|yep|yup|ya|i (?:do|am|have|did|was)|sometimes|every (?:day|night|hour)|most (?:days|nights)|kind of|kinda|sort of|a (?:little|lot|bit)|maybe|i guess|i think so|probably|all the time|idk|not sure|i don't know",
);
const NOT_THINKING_OF_IT =
  /^\W*(?:no\b|nope|nah|never|not at all|absolutely not|of course not|god no|oh no)|\bi(?:'m| am) not\b|\bnothing like that\b/iu;

/** The danger that a message shows, if it does, plainly first. */
export function hearDanger(message: string): HeardDanger | undefined {
  const turned = inSecondPerson(message);
  const whole = spokenOf(turned, DANGER);
  if (whole !== undefined) return { words: whole, how: "plain" };
  const veiled = find(turned, VEILED)?.words;
  return veiled === undefined ? undefined : { words: veiled, how: "veiled" };
}

/** The words in which a person plainly says that their life is in danger, if they do; veiled ones are not heard. */
export function dangerHeard(message: string): string | undefined {
  const heard = hearDanger(message);
  return heard?.how === "plain" ? heard.words : undefined;
}

/** The words with which a person says yes to a question about suicide or safety; undefined when none was asked. */
export function dangerAdmitted(question: string, answer: string): string | undefined {
  const asked = sentences(plain(question)).some(
    (one) => one.includes("?") && find(one, DANGER) !== undefined,
  );
  const said = plain(answer);
  if (!asked || NOT_THINKING_OF_IT.test(said)) return undefined;
  return find(said, THINKING_OF_IT)?.words;
}

/** The patterns speak of "you", as a reply does. */
function inSecondPerson(message: string): string {
  return plain(message)
    .replace(/\bmyself\b/giu, "yourself")
    .replace(/\bmy\b/giu, "your")
    .replace(/\b(?:i'm|im|i am)\b/giu, "you're")
    .replace(/\bi was\b/giu, "you were")
    .replace(/\b(?:i've|ive)\b/giu, "you've")
    .replace(/\bi'?ll\b(?=\s)/giu, (written) => (/^ill$/iu.test(written) ? written : "you'll"))
    .replace(/\bi'd\b/giu, "you'd")
    .replace(/\b(?:i|me)\b/giu, "you")
    .replace(/\b(do|did|does|could|would|should|wo|ca|is|are|was|have|has)nt\b/giu, "$1n't")
    .replace(/\bcant\b/giu, "can't");
}

/** The first words of danger that are neither an idiom nor about somebody else. */
function spokenOf(text: string, pattern: RegExp): string | undefined {
  const harmless = findAll(text, NOT_THEM).map(({ index, words }) => [index, index + words.length] as const);
  return findAll(text, pattern).find(
    ({ index, words }) => !harmless.some(([from, to]) => index < to && from < index + words.length),
  )?.words;
}
