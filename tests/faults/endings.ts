import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, type Family, type Row, randomOf, sideBySide } from "./bench.ts";
import type { Trouble } from "./model-server.ts";
import { CONCURRENCY, type Ended } from "./project.ts";
import { Trial } from "./trial.ts";

const QUIET = ["--no-publish"];

const QUOTA = { message: "You exceeded your current quota", type: "x", code: "insufficient_quota" };
const REFUSALS: Trouble[] = [
  { name: "401", status: 401 },
  { name: "402", status: 402 },
  { name: "403", status: 403 },
  { name: "insufficient_quota", status: 429, body: { error: QUOTA } },
];

/** From some call on the provider refuses every one; later the account is in order again. */
export const refusals: Family = async (bench, row, { runs }) => {
  const jobs = Array.from({ length: runs }, (_, run) => REFUSALS.map((refusal) => ({ run, refusal }))).flat();
  await sideBySide(bench, jobs, async ({ run, refusal }) => {
    const at = 1 + randomOf(bench, "refusal", refusal.name, run).below(bench.reference.calls - 2);
    const trial = new Trial(bench, row, `${refusal.name} from call ${at}`);
    const { channel } = trial.project;
    channel.trouble = () => (channel.asked.length >= at ? refusal : undefined);
    await trial.disturbed(QUIET, {}, { code: 6, error: /PROVIDER_REFUSED/ });
    const refused = channel.asked.filter((one) => one.answer === refusal.name).length;
    if (refused > CONCURRENCY) trial.count("unexpected", `${refused} calls after the first refusal`);
    channel.trouble = undefined;
    await trial.finish();
    trial.remove();
  });
};

/** What one call of the mock model uses. */
const ONE = { calls: 1, tokens: 1100, cost: 0.002 };
type Cap = keyof typeof ONE;

/** A cap is reached in the middle; it still holds when the run is resumed, and a higher one lets it finish. */
export const caps: Family = async (bench, row, { runs }) => {
  const jobs = Array.from({ length: runs }, (_, run) =>
    (Object.keys(ONE) as Cap[]).map((cap) => ({ run, cap })),
  ).flat();
  await sideBySide(bench, jobs, async ({ run, cap }) => {
    const calls = 2 + randomOf(bench, "cap", cap, run).below(bench.reference.calls - 4);
    const trial = new Trial(bench, row, `a cap of ${calls} x ${cap}`);
    const capped = [...QUIET, `--max-${cap}`, String(calls * ONE[cap])];
    const reached = { code: 4, error: /BUDGET_REACHED/ };
    const { asked } = trial.project.channel;
    await trial.disturbed(capped, {}, reached);
    // Calls side by side may be the first of their kind, whose use is not known before.
    const over = asked.length - calls - (cap === "calls" ? 0 : CONCURRENCY);
    if (over > 0) trial.count("unexpected", `the cap was passed by ${over} calls more than were in flight`);
    const before = asked.length;
    const resumed = await trial.start(capped);
    trial.expect(resumed, reached);
    if (asked.length > Math.max(before, calls))
      trial.count("unexpected", `resumed under the same cap, it made ${asked.length - before} calls more`);
    await trial.finish([...QUIET, `--max-${cap}`, String(10 * bench.reference.calls * ONE[cap])]);
    trial.remove();
  });
};

const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;
/** Longer than the grace of 8 s that calls in flight have after one signal. */
const SLOW_MS = 20_000;
const GRACE_MS = 8000;

/** Once at a random moment: what is in flight is finished and kept. Twice: the process ends at once. */
export const signals: Family = async (bench, row, { runs }) => {
  const jobs = Array.from({ length: runs }, (_, run) => SIGNALS.map(([name, code]) => ({ run, name, code })));
  await sideBySide(bench, jobs.flat(), async ({ run, name, code }) => {
    const random = randomOf(bench, name, run);
    const trial = new Trial(bench, row, `${name} ${run}`);
    const calls = 1 + random.below(bench.reference.calls - 1);
    const once = trial.after(calls, random.next() * 25, (child) => child.kill(name));
    await trial.disturbed(QUIET, { meanwhile: once }, { code });
    await trial.finish();
    trial.remove();
    if (run % 2 === 0) await twice(bench, row, name, code, random.below(20));
  });
};

async function twice(
  bench: Bench,
  row: Row,
  name: NodeJS.Signals,
  code: number,
  calls: number,
): Promise<void> {
  const trial = new Trial(bench, row, `${name} twice after ${calls} calls`);
  const { channel } = trial.project;
  channel.trouble = () => {
    channel.latencyMs = channel.asked.length >= calls ? SLOW_MS : 5;
    return undefined;
  };
  let second = 0;
  const meanwhile = trial.after(calls + CONCURRENCY, 20, async (child) => {
    child.kill(name);
    await sleep(200);
    second = performance.now();
    child.kill(name);
  });
  const ended: Ended = await trial.disturbed(QUIET, { meanwhile }, { code });
  if (ended.code === code && performance.now() - second >= GRACE_MS)
    trial.count("unexpected", "the second signal did not end it at once");
  channel.trouble = undefined;
  channel.latencyMs = 5;
  await trial.finish();
  trial.remove();
}
