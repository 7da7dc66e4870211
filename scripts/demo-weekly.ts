/**
 * One turn of the weekly loop on a real local model: `npm run demo:weekly`. 24 conversations with the training personas,
 * the bad ones flagged, their turns added to the examples, one epoch on those, the gate, and a proposal on the disk. No
 * key, no network after the weights are there. Everything that it makes is left in demo-run/weekly.
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const { quietPromptfoo } = await import("../src/suite/quiet.ts");
quietPromptfoo();
process.removeAllListeners("warning");
const { GrpoError } = await import("../src/library/error.ts");
const { describeModelPlan, ensureWeights } = await import("../src/providers/local-model/index.ts");
const { weekly } = await import("../src/cli/weekly.ts");

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "demo-run", "weekly");

function newProject(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, "examples/weekly/promptfooconfig.yaml"), join(folder, "promptfooconfig.yaml"));
  cpSync(join(root, "examples/weekly/tests.mjs"), join(folder, "tests.mjs"));
  cpSync(join(root, "datasets/integro/prompt.json"), join(folder, "prompt.json"));
  cpSync(join(root, "datasets/integro/personas"), join(folder, "personas"), { recursive: true });
}

try {
  process.stderr.write(`${(await describeModelPlan()).text}\n`);
  await ensureWeights();
  newProject();
  const began = Date.now();
  const exitCode = await weekly({
    config: join(folder, "promptfooconfig.yaml"),
    below: 0.5,
    most: 8,
    flags: {},
  });
  process.stdout.write(
    `\nin all ${Math.round((Date.now() - began) / 1000)} s; left in demo-run/weekly; exit code ${exitCode}\n`,
  );
  // The model's threads would keep the process for a moment longer. A verdict is no failure of the demo.
  process.exit(0);
} catch (error) {
  if (!(error instanceof GrpoError)) throw error;
  process.stderr.write(`\n${error.describe()}\n`);
  process.exit(error.exitCode);
}
