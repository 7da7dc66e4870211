import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { trainCommand } from "../../src/cli/train.ts";
import type { TrainingResult } from "../../src/optimizer/train.ts";

const folder = fileURLToPath(new URL("../fixtures/recorded-run", import.meta.url));
const expected = readFileSync(join(folder, "expected.md"), "utf8");
const here = process.cwd();
let out: string;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "grpo-replay-"));
});
afterEach(() => {
  process.chdir(here);
  delete process.env["RECORDED_JITTER"];
  rmSync(out, { recursive: true });
  // What the run paid for is written down beside its config.
  rmSync(join(folder, ".grpo"), { recursive: true, force: true });
});

/** The real model's replies from the record; a prompt that is not on record is a failed rollout. */
async function replay(jitterMs: number): Promise<{ result: TrainingResult; library: string }> {
  process.env["RECORDED_JITTER"] = String(jitterMs);
  const results: TrainingResult[] = [];
  await trainCommand({
    config: join(folder, "promptfooconfig.yaml"),
    display: "none",
    publish: false,
    flags: { experiences: out },
    onResult: (result) => results.push(result),
  });
  const [result] = results;
  if (result === undefined) throw new Error("the run ended without a result");
  return { result, library: readFileSync(join(out, "recorded/common.md"), "utf8") };
}

it("replays a whole run of the real model to the same library bytes, with every prompt on record", async () => {
  const { result, library } = await replay(0);
  expect(library).toBe(expected);
  expect(result.test?.arms.ungraded).toEqual({ baseline: 0, enhanced: 0 });
  // A small learner's unusable wordings are part of the record; a prompt without a reply would be none of them.
  const reasons = result.steps.flatMap((step) => step.failures).map((one) => one.reason);
  expect(
    reasons.filter((reason) => !/does not say when|more than \d+ words|whole sentence/.test(reason)),
  ).toEqual([]);
});

it.each([20, 60])("whatever the order in which replies arrive (up to %i ms apart)", async (jitterMs) => {
  const { library } = await replay(jitterMs);
  expect(library).toBe(expected);
});
