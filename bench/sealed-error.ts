/**
 * `node bench/sealed-error.ts`: how far a sealed test of the mock's held-out tickets is from the exact score, from
 * the mock's draws alone, without a server or a call. Tells bias from the luck of a few seeds.
 */
import { parseArgs } from "node:util";
import { type Spread, spread } from "./figures.ts";
import { callHash, replyDraw } from "./mock/random.ts";
import { CRITERIA, chances, expected, TICKETS } from "./mock/task.ts";
import { PROMPT } from "./project.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    repeats: { type: "string", default: "10" },
  },
});
const P1 = 0.9;
const HELD_OUT = TICKETS.filter((one) => one.split === "heldout");
/** About what a training learns: guidelines for criteria that replies seldom meet by themselves. */
const LIBRARY = CRITERIA.filter((one) => one.p0 < 0.6).map((one) => one.phrase);
const ENHANCED = [PROMPT, ...LIBRARY].join("\n");

const share = (met: readonly boolean[]): number => met.filter(Boolean).length / met.length;
const mean = (numbers: readonly number[]): number => spread(numbers).mean;

/** Mean score of the held-out tickets less the exact one, as the server would answer under this seed. */
function errorOf(prompt: string, seed: number): number {
  const scores = HELD_OUT.flatMap((ticket) => {
    const text = `${prompt}\n\n${ticket.question}`;
    const hash = callHash("agent", text);
    const met = chances(ticket, text, P1);
    return Array.from({ length: Number(values.repeats) }, (_, nth) => {
      const draw = replyDraw(seed, hash, nth);
      return share(met.map((chance) => draw() < chance));
    });
  });
  return mean(scores) - expected(prompt, "heldout", P1).score;
}

const text = ({ mean, min, max, error }: Spread): string =>
  `${mean.toFixed(4)} (${min.toFixed(3)}..${max.toFixed(3)}), standard error ${error.toFixed(4)}`;

function report(name: string, seeds: readonly number[]): void {
  const baseline = seeds.map((seed) => errorOf(PROMPT, seed));
  const lift = seeds.map((seed, index) => errorOf(ENHANCED, seed) - (baseline[index] ?? 0));
  process.stdout.write(`${name}\n  baseline  ${text(spread(baseline))}\n  lift      ${text(spread(lift))}\n`);
}

report("seeds 11-15", [11, 12, 13, 14, 15]);
report("seeds 21-25", [21, 22, 23, 24, 25]);
report(
  `seeds 1-${values.seeds}`,
  Array.from({ length: Number(values.seeds) }, (_, index) => index + 1),
);
