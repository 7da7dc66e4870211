import { between, guidelinesIn, propose, type Shape } from "./propose.ts";
import { NEUTRAL } from "./task.ts";

const sentence = (phrase: string): string => `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}.`;

/** The last message is the question; what stands before are instructions and worked examples. */
const after = (text: string, mark: string): string => text.slice(text.lastIndexOf(mark) + mark.length);

/** src/optimizer/prompts/summary.yaml */
const summary: Shape = {
  name: "grpo.summary",
  test: (text) => text.includes('{"summary": "..."}') && text.includes("<attempt reward="),
  reply: ({ text }) => {
    const failed = [...after(text, "<judgement>").matchAll(/FAIL [a-z-]+/g)].map(([mark]) => mark);
    const missed = failed.length === 0 ? "nothing" : failed.join("; ");
    return JSON.stringify({ summary: `The agent wrote one reply. Missed: ${missed}.` });
  },
};

/** src/optimizer/prompts/principles.yaml */
const principles: Shape = {
  name: "grpo.principles",
  test: (text) => text.includes('{"principles": [{') && text.includes("<attempt number="),
  reply: ({ text, o, rand }) => {
    const question = after(text, '{"principles": [{"text": "...", "attempts": [1, 2]}]}');
    const attempts = question.slice(question.indexOf("<attempt number="));
    const current = between(question, "<experiences>", "</experiences>");
    const texts = propose(attempts, current, o, rand).map(sentence);
    return JSON.stringify({ principles: texts.map((one) => ({ text: one, attempts: [1] })) });
  },
};

/** The guidelines of numbered principles with the numbers that say them, the most frequent first. */
function saidIn(text: string): [string, number[]][] {
  const said = new Map<string, number[]>();
  for (const [, number = "", principle = ""] of between(text, "<principles>", "</principles>").matchAll(
    /^(\d+)\. (.*)$/gm,
  )) {
    for (const phrase of guidelinesIn(principle))
      said.set(phrase, [...(said.get(phrase) ?? []), Number(number)]);
  }
  return [...said].sort(([, a], [, b]) => b.length - a.length);
}

/** src/optimizer/prompts/merge.yaml */
const merge: Shape = {
  name: "grpo.merge",
  test: (text) => text.includes('{"principles": [{') && text.includes('"from": ['),
  reply: ({ text }) =>
    JSON.stringify({
      principles: saidIn(text.slice(text.lastIndexOf("<principles>")))
        .slice(0, 3)
        .map(([phrase, numbers]) => ({ text: sentence(phrase), from: numbers })),
    }),
};

/** src/optimizer/prompts/revision.yaml: what most groups say comes first, as the prompt asks. */
const revision: Shape = {
  name: "grpo.revision",
  test: (text) => text.includes('{"operations": [{') && text.includes("<principles>"),
  reply: ({ text }) => {
    const most = Number(/At most\s+(\d+) operations/.exec(text)?.[1] ?? 6);
    const have = guidelinesIn(between(text, "<library>", "</library>"));
    const operations = saidIn(text)
      .filter(([phrase]) => !have.includes(phrase))
      .slice(0, most)
      .map(([phrase, numbers]) => ({ op: "ADD", id: null, text: sentence(phrase), principles: numbers }));
    return JSON.stringify({ operations });
  },
};

/** src/optimizer/prompts/contrast.yaml: one instruction for one criterion, or for several at once. */
const contrast: Shape = {
  name: "grpo.contrast",
  test: (text) => text.includes('{"instruction": "..."}') && text.includes("Why replies failed:"),
  reply: ({ text, o, rand }) => {
    const question = after(text, "\nCheck: ");
    const count = Number(/^(\d+) checks at once/.exec(question)?.[1] ?? 1);
    const reasons = between(question, "Why replies failed:", "\n");
    // A worse wording of what is there already is no proposal: it is asked for in other words.
    const phrases = propose(reasons, "", o, rand, count);
    const [first = NEUTRAL, ...others] = phrases;
    const said = [first, ...others].join("; ");
    const some = between(question, "Needed in:", "\n").includes("only some replies");
    const instruction = some ? `When you answer a customer, ${said}.` : sentence(said);
    return JSON.stringify({ instruction });
  },
};

/** Anything else that carries several scores or feedback marks: a plain list of guidelines. */
const other: Shape = {
  name: "learner",
  test: (text) =>
    (text.match(/FAIL [a-z-]+/g) ?? []).length >= 2 ||
    (text.match(/\b(score|reward|feedback)\b/gi) ?? []).length >= 3,
  reply: ({ text, o, rand }) =>
    propose(text, "", o, rand)
      .map((phrase) => `- ${phrase}`)
      .join("\n"),
};

/** Our learner's prompts, in both forms. */
export const SHAPES: readonly Shape[] = [summary, principles, merge, revision, contrast];
/** Looked at last. */
export const FALLBACK: readonly Shape[] = [other];
