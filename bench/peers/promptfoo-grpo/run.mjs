// This package on the mock task, beside its rivals. Env: MOCK_BASE, MOCK_URL, OUT, CONC; SEED (1), SETTINGS (JSON under
// metadata.grpo), VALIDATION (6 of the 20 training tickets), FORM (principles | contrast). No ticket of the held-out
// split is known to it, so it makes no sealed test: its own estimate is the gate's, in $OUT/summary.json.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLibrary } from "promptfoo-grpo/library";

const {
  OUT,
  MOCK_URL,
  MOCK_BASE,
  CONC = "16",
  SEED = "1",
  SETTINGS = "{}",
  VALIDATION = "6",
  FORM,
} = process.env;
const { tickets } = await (await fetch(`${MOCK_URL}/task`)).json();
const train = tickets.filter((one) => one.split === "train");
const step = train.length / Math.max(1, Number(VALIDATION));
const validating = new Set(
  Array.from({ length: Number(VALIDATION) }, (_, index) => train[Math.floor((index + 0.5) * step)].id),
);
const prompt = "You answer customer tickets.";
copyFileSync(fileURLToPath(new URL("../../verify.mjs", import.meta.url)), join(OUT, "verify.mjs"));
const config = {
  prompts: [`${prompt}\n\n{{question}}`],
  providers: [
    { id: "openai:chat:mock", config: { apiBaseUrl: MOCK_BASE, apiKey: "mock", temperature: 0.5 } },
  ],
  tests: train.map(({ id, question, criteria }) => ({
    vars: { question },
    metadata: { id, split: validating.has(id) ? "validation" : "train" },
    assert: [{ type: "javascript", value: "file://verify.mjs", config: { criteria } }],
  })),
  metadata: {
    grpo: {
      agent: "tickets",
      concurrency: Number(CONC),
      seed: Number(SEED),
      ...(FORM === undefined ? {} : { advantage: FORM }),
      ...JSON.parse(SETTINGS),
    },
  },
};
writeFileSync(join(OUT, "promptfooconfig.yaml"), JSON.stringify(config, null, 1));
// A second start in the same folder is a resumed run, as for the rivals.
const resume = existsSync(join(OUT, ".grpo", "runs")) ? ["--resume"] : [];
const cli = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const { status } = spawnSync(process.execPath, [cli, "train", "-c", "promptfooconfig.yaml", ...resume], {
  cwd: OUT,
  stdio: "inherit",
  env: { ...process.env, PROMPTFOO_CONFIG_DIR: join(OUT, "home") },
});
const root = join(OUT, "experiences");
const learned = existsSync(join(root, "tickets", "common.md"));
if (status === 0) {
  writeFileSync(
    join(OUT, "learned.txt"),
    learned ? openLibrary({ root, agent: "tickets" }).inject(prompt) : prompt,
  );
  const history = join(root, "tickets", "common.history.jsonl");
  const entries = existsSync(history)
    ? readFileSync(history, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  const accepted = entries.filter((one) => one.status === "accepted");
  const val = accepted.at(-1)?.gate.candidate;
  const summary = {
    validation: val,
    accepted: accepted.length,
    gates: entries.filter((one) => one.gate).length,
  };
  writeFileSync(join(OUT, "summary.json"), JSON.stringify(summary, null, 1));
}
process.exitCode = status ?? 1;
