import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { expect, it, vi } from "vitest";
import { runsCommands } from "../../src/cli/runs-commands.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { trainingTests } from "../support/training-config.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";

const TESTS = trainingTests(1).filter(({ id }) => !/train-0[4-7]/.test(id));
const flags = { groupSize: 2, batchSize: 4, screenSize: 2 };

async function runs(...args: string[]): Promise<string> {
  let printed = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    const program = new Command().exitOverride();
    runsCommands(program);
    await program.parseAsync(["runs", ...args], { from: "user" });
    return printed;
  } finally {
    write.mockRestore();
  }
}

/** A finished run, and after it one that was cut off. */
async function twoRuns(): Promise<{ folder: TrainingFolder; ids: string[] }> {
  const folder = trainingFolder({}, TESTS);
  await folder.trainRecorded({ flags });
  folder.remove("experiences");
  await grpoErrorOf(() => folder.trainRecorded({ flags, writes: 5 }));
  return { folder, ids: readdirSync(join(folder.folder, ".grpo/runs")).sort() };
}

it("list names every run with its state and what it paid for; one that is damaged says so", async () => {
  const { folder, ids } = await twoRuns();
  const calls = Number(/ {2}(\d+) answers/.exec(await runs("list"))?.[1]);
  const lines = (await runs("list")).trim().split("\n");
  expect(lines[0]).toMatch(
    new RegExp(`^${ids[0]}  finished  train  tested/common  ${calls} answers, .* in, .* out, \\$0\\.0`),
  );
  expect(lines[1]).toMatch(
    new RegExp(`^${ids[1]}  stopped \\(KILLED\\)  train  tested/common  5 answers, .*\\$0\\.0050$`),
  );
  const manifest = join(folder.folder, ".grpo/runs", ids[0] ?? "", "manifest.json");
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.replace('"entries": 0', '"entries": 1'));
  expect(await runs("list")).toMatch(/RUN_UNREADABLE .*manifest\.json: .*its checksum is another/);
  writeFileSync(manifest, "{");
  expect(await runs("list")).toMatch(/RUN_UNREADABLE .*manifest\.json: /);
  writeFileSync(join(folder.folder, ".grpo/runs", ids[1] ?? "", "journal.sqlite"), "");
  expect(await runs("list")).toMatch(/JOURNAL_CORRUPT .*journal\.sqlite: /);
});

it("show tells what a run is and how to go on; a part of the id is enough", async () => {
  const { ids } = await twoRuns();
  const text = await runs("show", ids[1]?.slice(-6) ?? "");
  expect(text).toContain(`run         ${ids[1]}  stopped (KILLED)`);
  expect(text).toMatch(/command {5}train groupSize=2 batchSize=4 screenSize=2\n/);
  expect(text).toMatch(/models {6}agent training-agent, learner training-agent\n/);
  expect(text).toMatch(/examples {4}4 training, 4 validation, 1 sealed test\n/);
  expect(text).toMatch(/by stage {4}rollout 5 \(\$0\.0050\)\n/);
  expect(text).toContain(`go on       promptfoo-grpo train --resume ${ids[1]}`);
  expect(await grpoErrorOf(() => runs("show", "nothing"))).toMatchObject({
    code: "RUN_UNKNOWN",
    exitCode: 3,
  });
  expect(await grpoErrorOf(() => runs("show", "2"))).toMatchObject({ code: "RUN_UNKNOWN" });
});

it("export writes the manifest and every answer as JSON lines", async () => {
  const { ids } = await twoRuns();
  const lines = (await runs("export", ids[1] ?? ""))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ kind: "manifest", id: ids[1] });
  expect(lines.slice(1)).toHaveLength(5);
  expect(lines[1]).toMatchObject({
    kind: "result",
    n: 1,
    stage: "rollout",
    task: { prompt: expect.stringContaining("You listen.") },
    result: { output: expect.any(String) },
  });
});

it("prune removes finished runs but the newest, and unfinished ones only when asked", async () => {
  const { ids } = await twoRuns();
  expect(await runs("prune")).toBe("Nothing to remove.\n");
  expect(await runs("prune", "--keep", "0")).toBe(`Removed ${ids[0]}.\n`);
  expect(await runs("prune", "--keep", "0")).toBe("Nothing to remove.\n");
  expect(await runs("prune", "--keep", "0", "--unfinished")).toBe(`Removed ${ids[1]}.\n`);
  expect(await runs("list")).toBe("No run in .grpo/runs.\n");
});

it("prune removes what was killed before it could begin, but nothing that may begin now", async () => {
  const { ids } = await twoRuns();
  const [old, young] = ["20200101-000000000-aaaaaa", "20200101-000000000-bbbbbb"];
  for (const id of [old, young, "notes"]) mkdirSync(join(".grpo/runs", id));
  const longAgo = new Date("2020-01-01");
  for (const id of [old, "notes"]) utimesSync(join(".grpo/runs", id), longAgo, longAgo);
  expect(await runs("prune")).toBe(`Removed ${old}.\n`);
  expect(readdirSync(".grpo/runs").sort()).toEqual([young, ...ids, "notes"].sort());
});
