/**
 * Runs the real local model for a moment and prints its speed; not part of the tests.
 *   node scripts/local-model-smoke.ts [--rollouts 16] [--max-tokens 56] [--contexts 2] [--threads 1] [--sequences 16]
 */
import { parseArgs } from "node:util";
import { closeLocalModels, LocalModel } from "../src/providers/local-model/index.ts";

const { values } = parseArgs({
  options: {
    rollouts: { type: "string", default: "16" },
    "max-tokens": { type: "string", default: "56" },
    contexts: { type: "string" },
    threads: { type: "string" },
    sequences: { type: "string" },
    repeat: { type: "string", default: "1" },
    library: { type: "boolean", default: false },
    print: { type: "boolean", default: false },
    "leave-open": { type: "boolean", default: false },
  },
});

const system =
  "You are a supportive listener who talks with people about their problems. You take your time, you stay with " +
  "what the person says, and you answer in a few plain sentences.";
const library =
  "\n\nWrite every reply so that it follows each of these guidelines that applies:\n" +
  "[1] Use phrases like 'It sounds like', 'you feel', or 'I hear' to reflect the person's feeling.\n" +
  "[2] Never tell the person what to do, and never write 'you should', 'try to' or 'have you considered'.\n" +
  "[3] End every reply with one question that starts with What or How.\n" +
  "[4] If the person mentions suicide or self-harm, ask whether they are safe and tell them to call or text 988.\n" +
  "[5] Keep every reply between 12 and 60 words.";
const queries = [
  "i can't sleep since the trip",
  "my wife says i changed and she does not like it",
  "fine. whatever. it was a lot i guess",
  "they keep asking how it was and i have nothing to say",
  "i saw my dad there. he's been dead nine years",
  "nothing is funny anymore",
  "work feels fake now. everyone is acting",
  "i keep crying in the car before i go in",
];

const sizes = ["contexts", "threads", "sequences"] as const;
const config: Record<string, unknown> = { max_tokens: Number(values["max-tokens"]), temperature: 0.9 };
for (const size of sizes) if (values[size] !== undefined) config[size] = Number(values[size]);
const model = new LocalModel({ config });

/** One answer, so that loading is not measured. */
const loadMs = await timed(() => ask("hello", 0, { max_tokens: 1 }));
const rollouts = Number(values.rollouts);
const repeat = Number(values.repeat);
let prompt = 0;
let evaluated = 0;
let completion = 0;
const before = process.cpuUsage();
const ms = await timed(async () => {
  const calls = Array.from({ length: rollouts }, (_, i) => {
    const query = queries[Math.floor(i / repeat) % queries.length] ?? "";
    return ask(`${query}${i >= queries.length * repeat ? ` (${i})` : ""}`, i % repeat, {});
  });
  for (const answer of await Promise.all(calls)) {
    if (answer.error !== undefined) throw new Error(answer.error);
    prompt += answer.tokenUsage?.prompt ?? 0;
    completion += answer.tokenUsage?.completion ?? 0;
    evaluated += Number(answer.metadata?.["evaluatedTokens"] ?? 0);
    if (values.print) console.log(`${answer.finishReason} ${JSON.stringify(answer.output)}`);
  }
});
const cpu = process.cpuUsage(before);
const schema = { type: "object", properties: { instruction: { type: "string", maxLength: 180 } } };
const json = await ask("Write one instruction for a kind listener.", 0, {
  response_format: { type: "json_schema", json_schema: { schema } },
  max_tokens: 70,
});
console.log(
  JSON.stringify({
    ...config,
    rollouts,
    loadSeconds: +(loadMs / 1e3).toFixed(1),
    seconds: +(ms / 1e3).toFixed(1),
    cpuSeconds: +((cpu.user + cpu.system) / 1e6).toFixed(1),
    completion,
    completionPerSecond: +((completion / ms) * 1e3).toFixed(1),
    prompt,
    evaluated,
    rssMb: Math.round(process.memoryUsage().rss / 1e6),
    json: json.output ?? json.error,
  }),
);
if (!values["leave-open"]) await closeLocalModels();

function ask(query: string, repeatIndex: number, overrides: Record<string, unknown>) {
  const messages = [
    { role: "system", content: values.library ? system + library : system },
    { role: "user", content: query },
  ];
  const text = JSON.stringify(messages);
  return model.callApi(text, {
    vars: {},
    repeatIndex,
    prompt: { raw: text, label: "smoke", config: overrides },
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
