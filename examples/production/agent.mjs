/**
 * An agent in production with a library of experiences: one conversation on standard input, a line a message.
 *   node examples/production/agent.mjs [conversation id]
 * Without MODEL_URL nothing is called and the reply says what the model would have been given. Each conversation is
 * appended to LOG (production.jsonl) as a line that `promptfoo-grpo flag`, `label` and `eval --log` read.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { openLibrary } from "promptfoo-grpo/library";

const {
  EXPERIENCES = "experiences",
  AGENT = "integro",
  AB,
  MODEL_URL,
  MODEL,
  MODEL_KEY,
  LOG = "production.jsonl",
} = process.env;
const SYSTEM = "You are a supportive listener.";

const library = openLibrary({
  root: EXPERIENCES,
  agent: AGENT,
  detect: true,
  watch: { onError: (error) => process.stderr.write(`${error.describe()}\n`) },
  // AB='{"v6":1,"v7":1}' compares two versions.
  ...(AB === undefined ? {} : { ab: JSON.parse(AB) }),
});

const id = process.argv[2] ?? randomUUID();
const turns = [];
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  turns.push({ role: "user", content: line });
  const content = await reply(library.inject(SYSTEM, { id, turns }));
  turns.push({ role: "assistant", content });
  process.stdout.write(`${content}\n`);
}
if (turns.length > 0) appendFileSync(LOG, `${JSON.stringify(logged())}\n`);
library.close();

async function reply(system) {
  if (MODEL_URL === undefined) {
    const { route, why } = library.serve({ id, turns });
    return `(${system.length} characters of system prompt, route ${route}${why === "" ? "" : `: ${why}`})`;
  }
  const response = await fetch(`${MODEL_URL}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(MODEL_KEY ? { authorization: `Bearer ${MODEL_KEY}` } : {}),
    },
    body: JSON.stringify({ model: MODEL, messages: [{ role: "system", content: system }, ...turns] }),
  });
  if (!response.ok) throw new Error(`The model answered ${response.status}.`);
  return (await response.json()).choices[0].message.content;
}

/** The version that is compared stands in `library`; the route that the conversation took, in `metadata`. */
function logged() {
  const { agent, version, hash, route, arm, versions, why, at } = library.record({ id, turns });
  return {
    id,
    source: "production",
    agent,
    library: { agent, route: "common", version, hash },
    turns,
    metadata: { route, why, at, versions: JSON.stringify(versions), ...(arm === null ? {} : { arm }) },
  };
}
