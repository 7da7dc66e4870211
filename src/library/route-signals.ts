import { dangerAdmitted, hearDanger } from "./danger-heard.ts";
import { anyOf, findAll, plain, words } from "./phrases.ts";
import { CRISIS } from "./routing.ts";

/** One turn of a conversation, as far as detection reads it. */
export interface SpokenTurn {
  role: string;
  content: string;
}

/** How strongly one message speaks for a route (0..1), and the words that say so. */
export interface Signal {
  route: string;
  level: number;
  words: string;
}

const DISMISSING = anyOf(
  "(?:it|that|everything|all|i|i'm|im|things)(?:'s| is| was|'m| am)? ?(?:fine|ok|okay|all ?right|good|whatever)(?=[.,!\\s]*$|[.] )|not a big (?:deal|thing)|no big deal|whatever|nothing (?:to (?:say|tell|talk about)|much|really)|don't (?:do|like|want|need|know what to say|believe in) (?:\\w+ ){0,3}(?:talk|talking|feelings?|therap\\w+|help|questions?|this)|not (?:talking|gonna talk|going to talk|going there|into|much of a talker|discussing|sure why)",
  "next question|that's (?:it|all)|thats (?:it|all)|(?:wife|husband|doctor|boss|mother|mom|mum|daughter|son|court|judge|\\w+) (?:said|told|made|makes|wanted|wants|signed|sent) (?:\\w+ ){0,2}(?:i|me|us)(?: had| have| up| here| to)?|(?:have|had|supposed|sposed|forced) to (?:be here|come|write|talk|do this|do with that)|do i (?:have to|get a|need to)|waste of (?:time|money)|(?:what's|whats) the (?:point|use)|(?:none of your|mind your own) business|i said (?:so|no|i)|leave (?:it|me)|drop it|go ahead laugh|anyway|never mind|nevermind|forget (?:it|i)|nah|nope|yeah right|turned out (?:ok|fine|okay)|i guess|if you say so|who wrote that|end of story|so\\. hi",
);

const SLURRING = anyOf(
  "those (?:people|types?|kind|folks|women|men|immigrants|foreigners)|these (?:people|foreigners|immigrants|women|kids with their)|people like (?:that|them)|(?:that|their) (?:kind|lot|sort)|you people|the (?:gay|black|trans|foreign|muslim|jewish|asian|fat|arab|mexican|indian|chinese) (?:one|guy|kid|man|woman|fella|doctor|nurse|family)|you know the type|their (?:culture|country|own country)|practically cultural|no offense|no offence|not (?:racist|sexist|homophobic)|i'm not (?:a )?(?:racist|sexist|homophobe|bigot)",
  "(?:they|foreigners|immigrants|migrants|illegals|women|men|gays|muslims|jews|blacks|mexicans|refugees|asians|arabs) (?:all |just |always )?(?:come|coming|came) (?:over|here|in)|tak(?:e|ing|es) (?:the|our|all the|my) jobs?|(?:foreigners|immigrants|illegals|junkies|bums|welfare|woke|snowflakes?|libtards?|feminazis?|trannies|queers?|homos?|fags?|faggots?|retards?|hassan|bigot|trailer[- ]park|low[- ](?:consciousness|class))|(?:barely|can't|don't|doesn't) speak (?:the |any )?english|moving (?:on|in)?to my (?:street|neighbou?rhood)|(?:that's|thats|it's|its) what (?:women|men|they|blacks|gays|muslims) (?:do|are)|a 'they'|(?:go|went|sent?) back (?:to )?where (?:they|you)|(?:typical|all) (?:women|men|muslims|immigrants|foreigners|blacks|gays|jews|lawyers)|(?:gender|pronouns?) (?:nonsense|stuff|thing)|marinate in",
);

const SCHOLARLY = anyOf(
  "literature|theor(?:y|ies|etical\\w*)|hypothes[ei]s|epistem\\w+|phenomen\\w+|framework|model|paradigm|methodolog\\w+|concept\\w*|n ?= ?\\d+|p ?[<=]|kappa|median|mean|prior|distribution|base rate|papers?|jung\\w*|freud\\w*|winnicott\\w*|spinoza|damasio|heidegger|neuro\\w+|cognit\\w+|differential|affect|impression|pharmacolog\\w+|insights?|coded|intellectual\\w*|analy[sz]\\w*|structurally|technically|arguably|formulation|presuppos\\w+|ontolog\\w+|research|evidence|study|finding|data|case summary|collateral|vision content|adverse events|candidate explanations|for completeness",
);

/** A message of so many words is long; of so few, short. */
const LONG = 60;
const SHORT = 22;

/** What a person's message says of the routes that rules know; `before` is what it answers. */
export function signalsOf(message: string, before: string | undefined): Signal[] {
  const text = plain(message);
  const length = words(text).length;
  return [crisis(message, before), prejudiced(text), resistant(text, length), verbose(text, length)].filter(
    (one) => one !== undefined,
  );
}

function crisis(message: string, before: string | undefined): Signal | undefined {
  const said = hearDanger(message)?.words;
  const admitted = said ?? (before === undefined ? undefined : dangerAdmitted(before, message));
  return admitted === undefined ? undefined : { route: CRISIS, level: 1, words: admitted };
}

function prejudiced(text: string): Signal | undefined {
  return signal("prejudiced", phrases(text, SLURRING), (found) => 0.65 + 0.2 * (found.length - 1));
}

/** Reluctance is short; the same words in a long message are only words. */
function resistant(text: string, length: number): Signal | undefined {
  const brief = length <= SHORT ? 0.3 : length <= LONG ? 0.1 : -0.3;
  const found = phrases(text, DISMISSING);
  if (found.length === 0 && length > 12) return undefined;
  const level = found.length === 0 ? brief : 0.4 + brief + 0.15 * (found.length - 1);
  return signal("resistant", found.length === 0 ? [`${length} words`] : found, () => level);
}

/** Length by itself is half the sign; asides and scholarly words are the other half. */
function verbose(text: string, length: number): Signal | undefined {
  const asides = (text.match(/[();:]|\b\d+[.,]?\d*\b/gu) ?? []).length;
  const scholarly = phrases(text, SCHOLARLY);
  const level =
    Math.min(0.5, (0.5 * length) / LONG) +
    Math.min(0.25, 0.05 * asides) +
    Math.min(0.45, 0.15 * scholarly.length);
  return signal("verbose", [`${length} words`, ...scholarly], () => level);
}

const phrases = (text: string, pattern: RegExp): string[] => [
  ...new Set(findAll(text, pattern).map((one) => one.words.toLowerCase())),
];

function signal(
  route: string,
  found: readonly string[],
  levelOf: (found: readonly string[]) => number,
): Signal | undefined {
  const level = found.length === 0 ? 0 : Math.max(0, Math.min(1, levelOf(found)));
  return level === 0 ? undefined : { route, level, words: found.slice(0, 4).join("; ") };
}
