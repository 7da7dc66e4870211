/** One hidden demand: how often a reply meets it unasked (`p0`), and the guideline that makes it meet it. */
export interface Criterion {
  name: string;
  p0: number;
  phrase: string;
}

export interface Ticket {
  id: string;
  split: "train" | "heldout";
  /** Names of its three hidden criteria. */
  criteria: string[];
  question: string;
}

/** What an agent with this prompt would score, without sampling noise. */
export interface Expected {
  /** Mean share of met criteria, 0..1. */
  score: number;
  /** Mean chance that all three are met, 0..1. */
  pass: number;
  /** Criteria whose guideline the prompt holds, of 20. */
  phrases: number;
  harmful: boolean;
  neutral: boolean;
  /** Characters of the prompt. */
  chars: number;
}

const PRIORS: readonly (readonly [string, number])[] = [
  ["refund-window", 0.1],
  ["order-number", 0.2],
  ["next-step", 0.3],
  ["time-frame", 0.3],
  ["contact-route", 0.4],
  ["cause", 0.4],
  ["cost", 0.5],
  ["policy-link", 0.5],
  ["apology", 0.6],
  ["greeting", 0.9],
  ["tracking-link", 0.1],
  ["return-label", 0.2],
  ["case-owner", 0.3],
  ["opening-hours", 0.3],
  ["data-notice", 0.4],
  ["warranty-term", 0.4],
  ["tax-note", 0.5],
  ["currency", 0.5],
  ["signature", 0.6],
  ["summary-line", 0.9],
];

export const CRITERIA: readonly Criterion[] = PRIORS.map(([name, p0]) => ({
  name,
  p0,
  phrase: `always mention the ${name.replace("-", " ")} explicitly`,
}));
/** A guideline that halves every chance. */
export const HARMFUL = "answer in one short line only";
/** A guideline without effect. */
export const NEUTRAL = "keep a calm and friendly tone";
/** More of both, for who plants several; they halve chances only where the mock is told so (`harmful`). */
export const MORE_HARMFUL: readonly string[] = [
  "refer every customer to the website",
  "never repeat what the customer asked",
  "leave out all details of the case",
];
export const MORE_NEUTRAL: readonly string[] = [
  "write in plain words",
  "use the active voice",
  "prefer short paragraphs",
];

const BY_NAME = new Map(CRITERIA.map((one) => [one.name, one]));
export const criterionNamed = (name: string): Criterion | undefined => BY_NAME.get(name);

const TRAIN = 20;
export const TICKETS: readonly Ticket[] = Array.from({ length: 30 }, (_, index) => ticket(index));

function ticket(index: number): Ticket {
  const count = CRITERIA.length;
  const held = index - TRAIN;
  // Held out: every criterion at least once.
  const first =
    held < 0
      ? [index % count, (index * 3 + 1) % count, (index * 7 + 4) % count]
      : [2 * held, 2 * held + 1, (held * 7 + 4) % count];
  const picks = new Set(first);
  for (let extra = 0; picks.size < 3; extra++) picks.add((index + 2 + extra) % count);
  const id = `ticket-${String(index).padStart(2, "0")}`;
  return {
    id,
    split: held < 0 ? "train" : "heldout",
    criteria: [...picks].flatMap((pick) => CRITERIA[pick]?.name ?? []),
    question: `[${id}] A customer writes about case ${1000 + index * 37}. Write the reply.`,
  };
}

export const ticketIn = (text: string): Ticket | undefined =>
  TICKETS.find((one) => text.includes(`[${one.id}]`));

/** The chance that a reply meets each of the ticket's criteria, in their order. */
export function chances(
  of: Ticket,
  prompt: string,
  p1: number,
  harmful: readonly string[] = [HARMFUL],
): number[] {
  const text = prompt.toLowerCase();
  const harm = 0.5 ** harmful.filter((one) => text.includes(one)).length;
  return of.criteria.map((name) => {
    const { p0 = 0, phrase = "" } = criterionNamed(name) ?? {};
    return harm * (text.includes(phrase) ? Math.max(p0, p1) : p0);
  });
}

/** @param tickets a split, or ids */
export function expected(
  prompt: string,
  tickets: Ticket["split"] | readonly string[],
  p1 = 0.9,
  harmful: readonly string[] = [HARMFUL],
): Expected {
  const chosen = TICKETS.filter((one) =>
    typeof tickets === "string" ? one.split === tickets : tickets.includes(one.id),
  );
  const rows = chosen.map((one) => chances(one, prompt, p1, harmful));
  const text = prompt.toLowerCase();
  return {
    score: mean(rows.map(mean)),
    pass: mean(rows.map((row) => row.reduce((product, chance) => product * chance, 1))),
    phrases: CRITERIA.filter((one) => text.includes(one.phrase)).length,
    harmful: harmful.some((one) => text.includes(one)),
    neutral: text.includes(NEUTRAL),
    chars: prompt.length,
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
