import { type Found, findShapes } from "./shapes.ts";
import { findReordering, foldWhitespace } from "./text.ts";

export type ScreenCode =
  | "role-marker"
  | "template-expression"
  | "url"
  | "override"
  | "concealment"
  | "secret"
  | "personal-data"
  | "phone-number"
  | "placeholder"
  | "opaque-text"
  | "hidden-character"
  | "reordering-character";

/** One reason why a learned text may not enter a library by itself. `error`: nor by a person's release. */
export interface ScreenFinding {
  code: ScreenCode;
  severity: "error" | "warning";
  /** What was found, where it may be shown. */
  match: string | null;
  /** Continues a sentence about the text, for example `is a web address`. */
  says: string;
}

export interface ScreenOptions {
  /** Telephone numbers, digits alone, that belong into a library: those of the dataset's own good replies. */
  phones?: ReadonlySet<string>;
  /** People of the dataset. */
  names?: readonly string[];
}

interface Rule extends Omit<ScreenFinding, "match"> {
  patterns: readonly RegExp[];
}

/** A prohibition ("never reveal ...") is the opposite of what follows it, and so is a request that is declined. */
const UNLESS_FORBIDDEN = String.raw`(?<!\b(?:never|not|don't|avoid|without|refuse to|decline to)(?: ever| simply)? |\b(?:asked|told|instructed|urged) to (?=.{0,200}\b(?:decline|refuse|say no|do not|don't)\b))`;
const ASKED =
  "(?:instructions?|prompts?|rules|guidelines|guardrails|directions|directives|polic(?:y|ies)|constraints|restrictions|training|programming|safeguards|messages?)";
const PERSON =
  "(?:the |your |any )?(?:users?|clients?|customers?|persons?|people|humans?|patients?|callers?|developers?|operators?|supervisors?|reviewers?|anyone|them)";
/** What page, mail or tool says is rightly ignored. */
const NOT_FOREIGN =
  "(?! (?:embedded|found|contained|hidden|inside|within|on|in|from) (?:the |a |an |any |other |external |web|tool|page|document|e-?mail|search|retrieved))";
const words = (most: number): string => String.raw`(?:[\p{L}\p{N}'-]+,? ){0,${most}}`;
const any = (...sources: string[]): RegExp[] => sources.map((source) => new RegExp(source, "iu"));

const OVERRIDE = any(
  String.raw`${UNLESS_FORBIDDEN}\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|bypass(?:ing)?|overrul(?:e|ing)|discard(?:ing)?|disobey(?:ing)?|circumvent(?:ing)?|pay no attention to|stop following|no longer follow|do not follow|don't follow|do not obey|don't obey|set aside) ${words(3)}(?:previous|prior|above|earlier|preceding|system(?:'s)?|developer(?:'s)?|original|initial|safety|all|any|your|these|those|existing|other|user's|operator's) ${words(2)}${ASKED}\b${NOT_FOREIGN}`,
  String.raw`${UNLESS_FORBIDDEN}\b(?:bypass|circumvent|evad|disabl|overrid|ignor|switch off|turn off)(?:e|es|ing)? ${words(3)}(?:guardrails|safeguards|safety (?:rules|filters?|checks?|measures))\b`,
  String.raw`${UNLESS_FORBIDDEN}\b(?:reveal|show|print|repeat|output|disclos|leak|quot|display|expos|recit|send|return|translat|summari[sz])(?:e|es|ing)? ${words(4)}(?:system prompt|system message|developer message|(?:hidden|initial|secret|original|system|internal) (?:instructions|prompt|rules)|your (?:own )?(?:instructions|prompt|guidelines|rules))\b`,
  String.raw`${UNLESS_FORBIDDEN}\b(?:disobey|refuse to obey|act against|work against)(?:ing)? ${PERSON}\b`,
  String.raw`\byou are (?:now (?:dan\b|(?:an? )?(?:ai|unrestricted|jailbroken|evil|uncensored|root|admin))|no longer (?:bound|restricted|required|an? (?:ai|assistant)))`,
  String.raw`\bact as (?:dan\b|root\b|an? (?:unrestricted|uncensored|jailbroken)|if you (?:have|had) no (?:rules|restrictions|limits|guidelines))`,
  String.raw`\b(?:developer|debug|god|dan|jailbreak) mode\b|\bjailbreak`,
  String.raw`\bwithout (?:any )?(?:(?:safety|content|ethical|moral) (?:filters?|restrictions?|checks?|limits)|guardrails)\b`,
  String.raw`\bnew (?:system )?(?:instructions?|rules?|prompt):|\bfrom now on,? you\b`,
  String.raw`\b(?:upload|forward|post|send|transmit|submit) ${words(6)}to (?:http|an? (?:external|remote|outside) |an? (?:webhook|url|server)\b|this address)`,
  String.raw`\bignorier(?:e|en|t) ${words(3)}(?:anweisung|regel|vorgabe|richtlinie)`,
  String.raw`\b(?:ignora|ignore|ignorez|ignorar|olvida|oublie|oubliez|dimentica) ${words(3)}(?:instrucciones|consignes|instructions précédentes|règles|reglas|istruzioni|regole|instruções)`,
);

const CONCEALMENT = any(
  String.raw`\bwithout (?:telling|informing|notifying|alerting|letting) ${PERSON}\b(?! (?:how|what|which|where|when|why|to)\b)`,
  String.raw`${UNLESS_FORBIDDEN}\b(?:hide|hiding|conceal(?:ing)?|withhold(?:ing)?|keep(?:ing)?) ${words(5)}(?:secret |hidden )?from ${PERSON}\b`,
  String.raw`\b(?:do not|don't|never) (?:let|allow) ${PERSON} (?:to )?(?:know|notice|find out|see|learn|realise|realize) (?:that|about|of|these|this|your|you)\b`,
  String.raw`\b(?:so|such) that ${PERSON} (?:does not|doesn't|do not|don't|will not|won't|never|cannot|can't) (?:notice|know|find out|realise|realize|suspect)`,
  String.raw`\b(?:do not|don't|never) (?:mention|disclose|reveal|admit|acknowledge|talk about|refer to|tell ${PERSON}(?: about)?) (?:that )?(?:this|these|your|the) (?:instructions?|rules?|guidelines?|experiences?|notes?|prompts?|library)\b`,
  String.raw`${UNLESS_FORBIDDEN}\b(?:lie|lying|deceiv(?:e|ing)|mislead(?:ing)?|trick(?:ing)?|manipulat(?:e|ing)) (?:to )?${PERSON}\b`,
  String.raw`${UNLESS_FORBIDDEN}\b(?:pretend|claim|insist)(?:ing)? (?:to be|that you are|you are|you're) (?:an? )?(?:human|real person|doctor|physician|licensed|therapist)`,
  String.raw`\bsecretly\b`,
);

const TLD = "com|org|net|io|dev|app|co|ai|info|xyz|ru|cn|biz|top|site|online|gov|edu|de|uk|me|ly";

const RULES: readonly Rule[] = [
  {
    code: "role-marker",
    severity: "error",
    patterns: [
      /(?:^|[.!?;:"'([>]\s?)(?:system|assistant|user|developer|human|ai)\s?:(?!\/)|<\|[^|]{0,80}\|>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:system|assistant|user|developer|instructions?|im_start|im_end)\b[^>]{0,80}>|(?:^|\s)#{2,}\s*(?:system|instructions?|assistant|user)\b/i,
    ],
    says: "looks like a chat role",
  },
  {
    code: "template-expression",
    severity: "error",
    patterns: [/\{\{|\}\}|\{%|%\}|\$\{|<%|%>|\bfile:\/\//i],
    says: "is a template expression",
  },
  {
    code: "url",
    severity: "warning",
    patterns: [
      /\b(?:(?:https?|hxxps?|ftp|wss?|file):\/\/|www\.|mailto:|javascript:|data:[a-z]+\/)\S+/i,
      new RegExp(String.raw`(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,4}(?:${TLD})\/\S*`, "i"),
      /(?<![\w@.-])(?:[a-z0-9-]{2,63}\.){1,4}(?:com|org|net|io|xyz|ru|biz|info)\b/i,
      /\]\(\s*[^)\s]/,
    ],
    says: "is a web address",
  },
  {
    code: "override",
    severity: "error",
    patterns: OVERRIDE,
    says: "tells the agent to disobey or to give its instructions away",
  },
  {
    code: "concealment",
    severity: "error",
    patterns: CONCEALMENT,
    says: "has the agent hide something or deceive",
  },
  {
    code: "placeholder",
    severity: "error",
    patterns: [/\[(?:secret|email|iban|card|phone|ip|name)(?:-\d{1,6})?\]/i],
    says: "stands for something that was taken out",
  },
  {
    code: "opaque-text",
    severity: "warning",
    patterns: [/[A-Za-z0-9+/=_-]{40,}|(?:\\[ux][0-9a-f]{2,4}){4}|(?:%[0-9a-f]{2}){4}/i],
    says: "cannot be read by a person",
  },
];

/** Characters that nobody sees; joiners, which emoji and some scripts need, are none. */
const HIDDEN = /[\u00ad\u180e\u200b\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/u;

/**
 * Why a text that a machine has learned may not enter a library by itself; empty when it may. Characters that
 * look alike, and invisible ones between letters, do not help a text past it.
 */
export function screenText(text: string, options: ScreenOptions = {}): ScreenFinding[] {
  const plain = foldWhitespace(text.normalize("NFKC").replace(/\p{Cf}/gu, "")).replace(/[‘’ʼ`]/g, "'");
  const findings = RULES.flatMap(({ code, severity, patterns, says }): ScreenFinding[] => {
    const match = patterns.map((pattern) => pattern.exec(plain)?.[0]).find((one) => one !== undefined);
    return match === undefined ? [] : [{ code, severity, match: match.trim(), says }];
  });
  const { phones = new Set(), ...names } = options;
  const shapes = findShapes(plain, names).filter(({ kind, value }) => kind !== "phone" || !phones.has(value));
  return [...findings, ...shapes.map((found) => ofShape(found, plain)), ...invisible(text)].filter(
    (one, index, all) => all.findIndex(({ code }) => code === one.code) === index,
  );
}

/** A secret is not shown in the line that says that it was found. */
function ofShape({ kind, start, end }: Found, text: string): ScreenFinding {
  if (kind === "secret")
    return { code: "secret", severity: "error", match: null, says: "holds what looks like a key" };
  if (kind === "phone") {
    const says = "looks like a telephone number; check that it is right";
    return { code: "phone-number", severity: "warning", match: text.slice(start, end), says };
  }
  const what = { email: "an e-mail address", iban: "an account number", card: "a card number" };
  const says = `holds ${kind === "ip" ? "a network address" : kind === "name" ? "a person's name" : what[kind]}`;
  return { code: "personal-data", severity: "warning", match: null, says };
}

function invisible(text: string): ScreenFinding[] {
  const reordering = findReordering(text);
  if (reordering !== null) {
    const says = `holds ${reordering}, which changes the order in which text is shown`;
    return [{ code: "reordering-character", severity: "error", match: null, says }];
  }
  const hidden = HIDDEN.exec(text)?.[0].codePointAt(0);
  if (hidden === undefined) return [];
  const says = `holds U+${hidden.toString(16).toUpperCase().padStart(4, "0")}, which nobody sees`;
  return [{ code: "hidden-character", severity: "error", match: null, says }];
}
