import { anyOf } from "./phrases.ts";

/** Ways to name the danger to life; shared by the crisis family and by no-false-alarm. */
export const DANGER_SOURCE = [
  "suicid(?:e|al|ality)",
  "(?:kill|killed|killing|hurt|hurting|harm|harming) yourself|self-harm(?:ing)?",
  "(?:end|ending|ended|take|taking) (?:your (?:own )?life|it all|things for good|everything)|ending it|end it",
  "(?:wish(?:ing)? you (?:were|was)|be|being|better off|want(?:ing)? to be|you(?:'re| are| were)?) dead|(?:want|wanting|wanted|ready|rather|about|thinking of|thoughts of|wish(?:ing)?) (?:to )?(?:die|dying|death)",
  String.raw`(?:not|\w+n't|no longer|never|stop|stopped|stopping) (?:\w+ ){0,4}?(?:being alive|be alive|be here(?: any ?more| tomorrow)?|being here|being around|be around|wake up|waking up|existing|exist|living|go on living)`,
  "(?:dying|to die)|(?:your|a) life (?:is|may be|might be|could be) (?:in danger|at risk)|in danger",
];
export const DANGER = anyOf(...DANGER_SOURCE);

/** Names of services contain the word and say nothing of this client. */
export function withoutServiceNames(text: string): string {
  return text
    .replace(
      /(?:(?<!\d)\d{1,12} )?(?:the )?(?:national )?(?:suicide(?: (?:&|and) crisis| prevention)?|crisis)(?: prevention| text| intervention)? (?:life ?line|hot ?line|help ?line|line|centers?|services?)/giu,
      "the line",
    )
    .replace(/suicide prevention(?: \p{L}+)?/giu, "the line");
}
