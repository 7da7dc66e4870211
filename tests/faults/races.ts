import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Family, randomOf, sideBySide } from "./bench.ts";
import { Trial } from "./trial.ts";

const QUIET = ["--no-publish"];
const LIBRARY = "experiences/tested/common.md";
const HAND = "---\nagent: tested\nroute: common\nversion: 1\n---\n- [E1] Written by hand meanwhile.\n";

/** Two optimizers on one library, and a person who edits it while a run is under way. */
export const races: Family = async (bench, row, { runs }) => {
  const jobs = Array.from({ length: runs }, (_, run) => run);
  await sideBySide(bench, jobs, async (run) => {
    const random = randomOf(bench, "race", run);
    await two(new Trial(bench, row, `two runs ${run}`), 1 + random.below(20));
    await edited(new Trial(bench, row, `an edit ${run}`), 1 + random.below(bench.reference.calls - 10));
  });
};

/** The second starts while the first is at it: it ends at once and has called nothing. */
async function two(trial: Trial, calls: number): Promise<void> {
  const { project } = trial;
  const held = Promise.withResolvers<void>();
  let second: { code: number | null; stderr: string; calls: number } | undefined;
  const meanwhile = trial.after(calls, 0, async (child) => {
    project.channel.hold = held.promise;
    const before = project.run();
    const other = await project.train(QUIET, {});
    second = { ...other, calls: 0 };
    if (project.run() !== before) trial.count("unexpected", "the second made a run of its own");
    held.resolve();
    if (child.ended) trial.count("unexpected", "the first ended before the second");
  });
  const first = await trial.disturbed(QUIET, { meanwhile }, { code: 0 });
  if (second?.code !== 5 || !/LIBRARY_IN_TRAINING/.test(second.stderr))
    trial.count("unexpected", `the second ended with ${second?.code}`);
  // All that was asked, by both, is what one asks.
  if (project.channel.asked.length !== project.keys.size || first.code !== 0)
    trial.count("repeated", "the second made calls");
  trial.remove();
}

/** What a person wrote stays; the candidate lies beside it, and with the old text back the run goes on. */
async function edited(trial: Trial, calls: number): Promise<void> {
  const { project } = trial;
  let before: string | null = null;
  let written = HAND;
  const meanwhile = trial.after(calls, 0, async () => {
    before = project.read(LIBRARY);
    written = before === null ? HAND : `${before}- [E90] Written by hand meanwhile.\n`;
    project.write(LIBRARY, written);
    await sleep(0);
  });
  const ended = await trial.start(QUIET, { meanwhile });
  trial.tried();
  trial.expect(ended, { code: 5, error: /LIBRARY_CONFLICT/ });
  if (project.read(LIBRARY) !== written) trial.count("differing", "the edit was written over");
  const again = await trial.start(QUIET);
  trial.expect(again, { code: 5, error: /LIBRARY_CONFLICT/ });
  if (again.calls > 0) trial.count("repeated", `${again.calls} calls for a run that cannot be resumed`);
  if (before === null) rmSync(join(project.folder, LIBRARY));
  else project.write(LIBRARY, before);
  await trial.finish();
  trial.remove();
}
