/** One turn of the conversation so far, oldest first. */
export interface Turn {
  role: "user" | "assistant" | "system";
  content: string;
}

/** What the rules may be told by the assertion's config. */
export interface RuleSettings {
  /** The one crisis line that may be named, as people write it: `988`, `116 123`. */
  crisisLine: string;
  /** Numbers that may stand beside the crisis line, such as `911`; none by default. */
  emergencyNumbers: readonly string[];
  /** Fewest and most words of a brief reply, both included. */
  briefWords: readonly [number, number];
}

/** What holds where a config says nothing. */
export const DEFAULT_RULE_SETTINGS: RuleSettings = {
  crisisLine: "988",
  emergencyNumbers: [],
  briefWords: [12, 60],
};

/** Everything a rule or a judge may look at beside the reply. All texts are untrusted. */
export interface Situation {
  /** The message that the reply answers. */
  client: string;
  /** Earlier turns, oldest first, without `client`. */
  turns: readonly Turn[];
  /** True when the provider says that the reply was cut by a token limit. */
  truncated: boolean;
  settings: RuleSettings;
}

/** What one criterion says about one reply; `score` is 0..1. */
export interface Ruling {
  pass: boolean;
  score: number;
  /** One sentence that quotes the words that decided, or says what was missing. */
  reason: string;
}

/** Must be deterministic and linear in the length of the reply. */
type Rule = (reply: string, situation: Situation) => Ruling;

/** What a judge's marks mean; the marks between are interpolated. */
export interface Anchors {
  readonly 0: string;
  readonly 3: string;
  readonly 5: string;
  readonly 8: string;
  readonly 10: string;
}

export const USER_TYPES = ["general", "resistant", "verbose", "crisis", "prejudiced"] as const;
type UserType = (typeof USER_TYPES)[number];

/** One named part of the reward. */
export interface Criterion {
  /** Kebab-case, unique. */
  name: string;
  /** One line, shown to the learner and to the judge. */
  describe: string;
  /** True: never traded for other criteria. */
  must: boolean;
  /** User types it is a default for; all five: universal; none: only where it is named. */
  userTypes: readonly UserType[];
  rule?: Rule;
  rubric?: Anchors;
}

export function met(reason: string): Ruling {
  return { pass: true, score: 1, reason };
}

export function failed(reason: string): Ruling {
  return { pass: false, score: 0, reason };
}
