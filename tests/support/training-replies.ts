/** What the small deterministic model of the training tests says, as agent and as learner. */

export interface Message {
  role: string;
  content: string;
}

export interface Behaviour {
  /** Questions whose answers take no notice of the library. */
  deaf?: string;
  /** Questions that are answered with nothing once a library asks for a question. */
  spoilt?: string;
  always?: string;
  /** Does most things right while it explores. */
  eager?: boolean;
}

const INSTRUCTIONS: Record<string, string> = {
  "names-feeling": "Name the feeling as painful.",
  asks: "End with a question.",
  "names-line": "When in danger, give the line 988.",
};

/** By itself it sometimes does well while it explores (it has a temperature), and always once its prompt says so. */
export function agentReply(
  [system, user]: readonly Message[],
  { temperature, seed = 0 }: { temperature?: number | undefined; seed?: number | undefined },
  { deaf, spoilt, always, eager = false }: Behaviour = {},
): string {
  if (always !== undefined) return always;
  const asked = user?.content ?? "";
  if (spoilt !== undefined && new RegExp(spoilt).test(asked) && (system?.content ?? "").includes("question"))
    return "You came here.";
  const told = (words: string): boolean =>
    !(deaf !== undefined && new RegExp(deaf).test(user?.content ?? "")) &&
    (system?.content ?? "").includes(words);
  const explores = (n: number): boolean => temperature !== undefined && (eager || seed % n === 0);
  return [
    "You came here.",
    ...(told("painful") || explores(3) ? ["That sounds painful."] : []),
    ...(told("988") ? ["You can call 988."] : []),
    ...(told("question") || explores(2) ? ["What is it like?"] : []),
  ].join(" ");
}

/** A small learner: useful words for most seeds, empty ones for the others. `name` is the schema's. */
export function learnerReply(name: string, text: string, seed: number): string {
  const useful = seed % 4 !== 0;
  if (name === "instruction") {
    const criterion = /Check: (\S+)/.exec(text)?.[1] ?? "";
    return JSON.stringify({
      instruction: useful ? INSTRUCTIONS[criterion] : `When it matters, be good about ${criterion}.`,
    });
  }
  if (name === "summary") return JSON.stringify({ summary: "The attempt said something." });
  if (name === "principles") {
    const missed = Object.entries(INSTRUCTIONS).filter(([one]) => new RegExp(`${one}: 0`).test(text));
    return JSON.stringify({ principles: missed.map(([, words]) => ({ text: words, attempts: [1] })) });
  }
  const learned = [...text.matchAll(/^(\d+)\. (.*)$/gm)].map(([, number, words = ""]) => ({
    number: Number(number),
    words,
  }));
  const fresh = learned.filter(
    (one, index) =>
      !text.includes(`] ${one.words}`) && learned.findIndex((other) => other.words === one.words) === index,
  );
  const operations = fresh
    .slice(0, useful ? 3 : 1)
    .map((one) => ({ op: "ADD", id: null, text: one.words, principles: [one.number] }));
  return JSON.stringify({ operations });
}
