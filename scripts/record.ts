/**
 * Records a whole training run of the real local model for the tests: `npm run record`. Takes some minutes.
 * The examples are copied from the Integro dataset once, so that later edits there leave the record whole.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { personaTests } from "../src/datasets/persona-tests.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "tests/fixtures/recorded-run");
const SHARE = { train: 5, validation: 4, test: 4 };

const tests = (await personaTests(join(root, "datasets/integro/personas"))).filter(
  (test) => test.vars.turns.length === 0,
);
const everyNth = (split: keyof typeof SHARE) => {
  const own = tests.filter((test) => test.metadata.split === split);
  const gap = own.length / SHARE[split];
  return Array.from({ length: SHARE[split] }, (_, index) => own[Math.floor(index * gap)]).filter(
    (test) => test !== undefined,
  );
};
if (!existsSync(join(folder, "tests.json"))) {
  const chosen = [...everyNth("train"), ...everyNth("validation"), ...everyNth("test")];
  writeFileSync(join(folder, "tests.json"), `${JSON.stringify(chosen, null, 2)}\n`);
}
rmSync(join(folder, "replies.jsonl"), { force: true });
const out = mkdtempSync(join(tmpdir(), "grpo-record-"));
execFileSync(
  process.execPath,
  [
    join(root, "dist/cli/main.js"),
    "train",
    "-c",
    join(folder, "promptfooconfig.yaml"),
    "--experiences",
    out,
    "--no-publish",
  ],
  { stdio: "inherit", env: { ...process.env, RECORD: "1" } },
);
cpSync(join(out, "recorded/common.md"), join(folder, "expected.md"));
rmSync(out, { recursive: true });
