/**
 * The whole loop on a real local model and a draw of the Integro personas: `npm run demo`. No key, no network
 * after the weights are there. `npm run demo -- --seed 2` runs another seed, `-- --seeds 5` several in turn with
 * a table at the end. Everything it learns is left in demo-run/.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, seeds: { type: "string", default: "1" } },
});

const { quietPromptfoo } = await import("../src/suite/quiet.ts");
quietPromptfoo();
process.removeAllListeners("warning");
const { GrpoError } = await import("../src/library/error.ts");
const { describeModelPlan, ensureWeights } = await import("../src/providers/local-model/index.ts");
const { trainCommand } = await import("../src/cli/train.ts");
const { interval } = await import("../src/reports/figures.ts");
const { verdictOf } = await import("../src/evaluation/verdict.ts");

const rows: string[] = [];
try {
  process.stderr.write(`${(await describeModelPlan()).text}\n`);
  await ensureWeights();
  const first = Number(values.seed);
  for (let seed = first; seed < first + Number(values.seeds); seed++) await runSeed(seed);
  if (rows.length > 1) process.stdout.write(`\nALL SEEDS\n${rows.join("\n")}\n`);
  process.stdout.write(
    "\nnext      npx promptfoo view                                    both arms, row by row\n",
  );
  process.stdout.write(
    `          npx promptfoo-grpo library log --agent integro --experiences demo-run/seed-${first}/experiences\n`,
  );
  // The model's threads would keep the process for a moment longer than there is anything to do.
  process.exit(0);
} catch (error) {
  if (!(error instanceof GrpoError)) throw error;
  process.stderr.write(`\n${error.describe()}\n`);
  process.exit(error.exitCode);
}

async function runSeed(seed: number): Promise<void> {
  const folder = join(root, "demo-run", `seed-${seed}`);
  rmSync(folder, { recursive: true, force: true });
  await trainCommand({
    config: join(root, "examples/demo/promptfooconfig.yaml"),
    output: join(folder, "results"),
    flags: { seed, experiences: join(folder, "experiences") },
    onResult: ({ test }, { elapsedMs, usage }) => {
      if (test === undefined) return;
      const { arms } = test;
      const cost = `${usage.calls} calls, ${Math.round(elapsedMs / 1000)} s`;
      rows.push(
        `  seed ${seed}  ${arms.baseline.toFixed(2)} -> ${arms.enhanced.toFixed(2)}  ${interval(arms.comparison)}  ${verdictOf(arms).verdict}  ${cost}`,
      );
    },
  });
}
