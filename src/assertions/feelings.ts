import { findAll, isNegated } from "./text.ts";

/**
 * Feelings by family: words of one family are one feeling said twice. `hard`, `tough` and `a lot` are left
 * out on purpose: they describe the situation, and a reply that never leaves them has not named a feeling.
 */
const FAMILIES: Readonly<Record<string, string>> = {
  sadness: `sad, sadder, saddened, sadness, unhappy, unhappiness, grief, grieving, grieve, grieves, heartbroken,
    heartbreak(?:ing)?, sorrow, sorrowful, tearful, miserable, misery, depressed, depressing, devastated, devastating,
    mourn(?:ing|ed)?, melancholy, gutted, heavy, heaviness, aching, ache, aches, hurt, hurting, hurts, wounded, pain,
    painful, pained, anguish, heavy-hearted, crushed`,
  fear: `afraid, scared, scary, fear, fears, fearful, frightened, frightening, fright, terrified, terrifying, terror,
    panic, panicked, panicky, panicking, anxious, anxiety, anxieties, worried, worry, worries, worrying, nervous, uneasy,
    unease, dread, dreading, dreaded, unsafe, unsettled, unsettling, apprehensive, vulnerable, tense, tension, shaken,
    shaky, rattled, spooked, wary, exposed, concerned, concern, uncomfortable, discomfort, off guard, thrown`,
  anger: `angry, angrier, anger, mad, furious, fury, rage, enraged, raging, irritated, irritation, irritable, annoyed,
    annoying, frustrated, frustrating, frustration, frustrations, resentful, resentment, resent, bitter, bitterness,
    pissed, pissed[ -]off, ticked off, fed up, indignant, outraged, aggravated, infuriating, infuriated, hate, hatred`,
  shame: `ashamed, shame, shameful, embarrassed, embarrassing, embarrassment, humiliated, humiliating, humiliation,
    guilty, guilt, remorse, regret, regrets, regretful, self-conscious, mortified, foolish, worthless, worthlessness,
    unworthy, like a failure, not good enough, like a burden, inadequate`,
  loneliness: `lonely, lonelier, loneliness, lonesome, alone, isolated, isolating, isolation, abandoned, left out,
    disconnected, disconnection, unseen, unheard, unwanted, rejected, rejection, excluded, invisible, misunderstood,
    forgotten, unloved, ignored, dismissed, cut off, shut out, homesick`,
  confusion: `confused, confusing, confusion, lost, conflicted, conflicting feelings, torn, uncertain, uncertainty,
    unsure, bewildered, disoriented, disorienting, doubtful, doubt, doubts, mixed feelings, mixed up, ambivalent,
    ambivalence, stuck, puzzled, unmoored, ungrounded, adrift, skeptical, sceptical, curious`,
  numbness: `numb, numbness, empty, emptiness, hollow, detached, blank, flat, deadened, checked out`,
  overwhelm: `overwhelmed, overwhelming, overwhelm, exhausted, exhausting, exhaustion, drained, draining,
    worn[ -](?:out|down), burn(?:t|ed)[ -]out, weary, weariness, tired, fatigued, swamped, stressed, stressful, stress,
    strained, trapped, suffocated, suffocating, hopeless, hopelessness, helpless, helplessness, powerless,
    powerlessness, defeated, despair, desperate, despairing, desperation, discouraged, discouraging, burdened,
    restless, restlessness, agitated`,
  slight: `disappointed, disappointing, disappointment, let down, betrayed, betrayal, cheated, jealous, jealousy, envious,
    envy, suspicious, distrust(?:ful)?, mistrust(?:ful)?, disgusted, disgust, disrespected, insulted, offended, bored,
    unappreciated, used, overlooked, judged, threatened, cornered`,
  joy: `happy, happier, happiness, joy, joyful, joyous, glad, pleased, delighted, excited, excitement, thrilled, proud,
    pride, elated, cheerful, enthusiastic, confident, inspired, awe, awed, wonder, blissful, bliss, ecstatic,
    (?:deeply|really|so) moved`,
  peace: `relieved, relief, calm, calmness, calmer, peaceful, peacefulness, peace, serene, content, contented, comfortable,
    comforted, comfort, grateful, gratitude, thankful, hope, hopeful, loved, accepted, connected, tender, tenderness,
    warmth, understood, supported, (?:feel|feels|felt|feeling) safe`,
  longing: `longing, yearning, yearn, homesickness, nostalgic, wistful, craving, missing (?:her|him|them|someone|that|home),
    miss (?:her|him|them|someone|that|home|your|the)`,
  surprise: `shocked, shocking, stunned, surprised, startled, astonished, amazed`,
};

/** Families whose negation is a feeling too: `not too pleased`, `don't feel supported`. */
const PLEASANT = new Set(["joy", "peace"]);

/** Uses of a feeling word that name no feeling. */
const OTHER_SENSES =
  /^(?:lost (?:weight|some|your|his|her|their|my|a|an|the|someone|him|them|touch|control|track)|hurt(?:ing)? (?:yourself|himself|herself|anyone|someone)|used (?:to|the|a|it|your)|alone (?:time|with me)|content (?:of|is)|hope (?:that|you|to|this|we|it|i)\b|safe (?:space|place|to)|thrown (?:out|away)|comfort (?:zone|food)|hate (?:speech|crime)|safe(?:,| with me)|wonder (?:what|how|if|whether|where|about|who)|curious (?:what|how|about|where|if|to)|small (?:step|thing|part|change|talk|amount)|mad (?:dash|rush)|stress(?:es)? (?:test)|flat (?:screen|out)|heavy (?:lifting|traffic|drink\w*|metal)|content warning|concerned (?:about you|for you)|worried (?:about you|for you)|shaken hands|missing (?:that )?(?:class|work|point)|tired (?:cliche)|failure to|blank page|calm down|cut off (?:from|for)? ?(?:time)|doubt it|pain (?:killer|medication)|painful injections|empty (?:stomach|seat|room|house)|good enough (?:for me|reason))/iu;

const alternatives = (source: string): string => source.trim().split(/,\s+/u).join("|");

interface Family {
  name: string;
  pattern: RegExp;
}

const PATTERNS: readonly Family[] = Object.entries(FAMILIES).map(([name, source]) => ({
  name,
  pattern: new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives(source)})(?![\\p{L}\\p{N}])`, "giu"),
}));

export interface Feeling {
  word: string;
  family: string;
  index: number;
}

/** Feelings named in the text, in text order; a negated unpleasant feeling is not named. */
export function feelingsIn(text: string): Feeling[] {
  const found: Feeling[] = [];
  for (const { name, pattern } of PATTERNS) {
    for (const hit of findAll(text, pattern)) {
      if (OTHER_SENSES.test(text.slice(hit.index, hit.index + 40))) continue;
      if (!PLEASANT.has(name) && isNegated(text, hit.index)) continue;
      found.push({ word: hit.words, family: name, index: hit.index });
    }
  }
  return found.sort((a, b) => a.index - b.index);
}
