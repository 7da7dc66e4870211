import { seededRandom } from "../../src/runs/random.ts";
import { type Family, sideBySide } from "./bench.ts";
import type { Asked, Trouble } from "./model-server.ts";
import { Project } from "./project.ts";
import { Trial } from "./trial.ts";

/** Of all requests. */
const SHARE = 0.3;
/** The product tries a call eight times, and one that came back empty four times. */
const MOST = 6;
const MOST_EMPTY = 2;
/** Only what hangs may meet it, however slow the machine is. */
const TIMEOUT_MS = 8000;

const cut = (reply: string): string => reply.slice(0, Math.floor(reply.length / 2));
const completion = (message: object, finish_reason = "stop") => ({
  id: "c1",
  object: "chat.completion",
  model: "mock",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
});

/** What may happen to any call; it is answered when it is tried again. */
const ON_THE_WAY: readonly Trouble[] = [
  { name: "429", status: 429 },
  { name: "429 Retry-After ms", status: 429, headers: { "retry-after-ms": "40" } },
  { name: "429 Retry-After s", status: 429, headers: { "retry-after": "1" } },
  { name: "500", status: 500 },
  { name: "503", status: 503 },
  { name: "reset", hangUp: true },
  { name: "hang", hang: true },
  { name: "cut body", raw: '{"choices":[{"message":{"content":"ha' },
  { name: "cut stream", raw: '{"choices":[', cut: true },
  { name: "empty", content: "" },
];

/** What a learner may say instead; the product reads it all the same, or asks once more. */
const BY_THE_LEARNER: ((reply: string) => Trouble)[] = [
  (reply) => ({ name: "prose", content: `Here you are:\n${reply}\nI hope that this helps.` }),
  (reply) => ({ name: "fenced", content: `\`\`\`json\n${reply}\n\`\`\`` }),
  (reply) => ({ name: "cut JSON", content: cut(reply), finishReason: "length" }),
  (reply) => ({ name: "array", content: `[${reply}]` }),
  () => ({ name: "wrong shape", content: '{"answer": 42}' }),
  () => ({ name: "object for array", content: '{"principles": {}, "operations": {}}' }),
  () => ({ name: "refusal", body: completion({ content: null, refusal: "I cannot help with that." }) }),
];

/** Whether and how a request fails is a function of seed, body and how often the body came. */
export function troubleAt(seed: number): (asked: Asked, reply: string) => Trouble | undefined {
  return ({ key, learner, again, nth }, reply) => {
    const random = seededRandom(seed, "trouble", key, nth);
    if (random.next() >= SHARE || nth > MOST) return undefined;
    // An answer that is wrong twice is a failed comparison by the product's own rule: see docs/faults.md.
    if (learner !== null && !again && nth === 1 && random.next() < 0.5)
      return BY_THE_LEARNER[random.below(BY_THE_LEARNER.length)]?.(reply);
    const trouble = ON_THE_WAY[random.below(ON_THE_WAY.length)];
    return trouble?.name === "empty" && nth > MOST_EMPTY ? undefined : trouble;
  };
}

/** A run with trouble in three of ten requests ends as the one without. */
export const providerTrouble: Family = async (bench, row, { runs }) => {
  const met = new Map<string, number>();
  await sideBySide(
    bench,
    Array.from({ length: runs }, (_, run) => bench.seed + run),
    async (seed) => {
      const trial = new Trial(
        bench,
        row,
        `trouble ${seed}`,
        Project.create(bench.server, { callTimeoutMs: TIMEOUT_MS }),
      );
      const { channel } = trial.project;
      channel.trouble = troubleAt(seed);
      await trial.disturbed(["--no-publish"], {}, { code: 0 });
      const faults = channel.asked.filter((one) => one.answer !== "ok").map((one) => one.answer);
      if (faults.length < channel.asked.length / 6) trial.count("unexpected", "too little trouble was met");
      for (const fault of faults) met.set(fault, (met.get(fault) ?? 0) + 1);
      trial.remove();
    },
  );
  bench.say([...met].map(([name, n]) => `${name} ${n}`).join(", "));
};
