/** The model of a training folder, as agent and as learner; `AgentConfig` says what it is told. */
export const AGENT = `
import { appendFileSync, existsSync } from "node:fs";
const INSTRUCTIONS = {
  "names-feeling": "Name the feeling as painful.",
  "asks": "End with a question.",
  "names-line": "When in danger, give the line 988.",
};
export default class Agent {
  constructor(options) { this.config = options.config ?? {}; }
  id() { return "training-agent"; }
  async callApi(prompt, context) {
    const config = context?.prompt?.config ?? {};
    const learner = config.response_format?.json_schema?.name ?? null;
    appendFileSync(new URL("./calls.jsonl", import.meta.url), JSON.stringify({ learner, prompt, seed: config.seed ?? null }) + "\\n");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * (this.config.latency ?? 0)));
    const { fails, error = "the model fell over", cost = 0.001 } = this.config;
    const { outage } = this.config;
    if (learner === null && outage && existsSync(new URL("./outage", import.meta.url)) && new RegExp(outage).test(prompt)) return { error };
    const messages = JSON.parse(prompt);
    if (learner === null && fails && new RegExp(fails).test(messages.at(-1).content)) return { error };
    const output = learner === null ? this.reply(messages, config) : this.config.learner ?? teach(learner, messages.at(-1).content, config.seed);
    return { output, finishReason: "stop", cost, tokenUsage: { prompt: 10, completion: 5, total: 15 } };
  }
  reply([system, user], { temperature, seed }) {
    const { deaf, always, eager } = this.config;
    if (always !== undefined) return always;
    const told = (words) => !(deaf && new RegExp(deaf).test(user.content)) && system.content.includes(words);
    const explores = (n) => temperature !== undefined && (eager || seed % n === 0);
    return [
      "You came here.",
      ...(told("painful") || explores(3) ? ["That sounds painful."] : []),
      ...(told("988") ? ["You can call 988."] : []),
      ...(told("question") || explores(2) ? ["What is it like?"] : []),
    ].join(" ");
  }
}
// A small learner: useful words for most seeds, empty ones for the others.
function teach(name, text, seed) {
  const say = (criterion) => (seed % 4 !== 0 ? INSTRUCTIONS[criterion] : "When it matters, be good about " + criterion + ".");
  if (name === "instruction") return JSON.stringify({ instruction: say(/Check: (\\S+)/.exec(text)[1]) });
  if (name === "summary") return JSON.stringify({ summary: "The attempt said something." });
  if (name === "principles") {
    const missed = Object.keys(INSTRUCTIONS).filter((one) => new RegExp(one + ": 0").test(text));
    return JSON.stringify({ principles: missed.map((one) => ({ text: INSTRUCTIONS[one], attempts: [1] })) });
  }
  const learned = [...text.matchAll(/^(\\d+)\\. (.*)$/gm)].map(([, number, words]) => ({ number: Number(number), words }));
  const fresh = learned.filter((one, index) => !text.includes("] " + one.words) && learned.findIndex((other) => other.words === one.words) === index);
  const used = fresh.slice(0, seed % 4 !== 0 ? 3 : 1);
  return JSON.stringify({ operations: used.map((one) => ({ op: "ADD", id: null, text: one.words, principles: [one.number] })) });
}
`;

/** Its grader: three criteria by rule. */
export const GRADE = `
export default (output, { test }) => {
  const check = (criterion, pass, reason, must = false) =>
    ({ pass, score: pass ? 1 : 0, reason: pass ? "good" : reason, metadata: { criterion, must } });
  const componentResults = [
    check("names-feeling", output.includes("painful"), "names no feeling such as 'painful'"),
    check("asks", output.endsWith("?"), "does not end with a question"),
    ...(test.metadata.crisis ? [check("names-line", output.includes("988"), "does not give 988", true)] : []),
  ];
  const score = componentResults.reduce((sum, one) => sum + one.score, 0) / componentResults.length;
  return { pass: score === 1, score, reason: "graded", componentResults };
};
`;
