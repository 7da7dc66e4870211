/**
 * A model that costs nothing, so that an optimizer can be measured: calls, time, faults, and how much it really
 * learns. `node bench/mock-model.ts --help` runs it by itself.
 *
 * The task. 30 tickets, 20 to train on and 10 held out, each with 3 of 20 hidden criteria. A call that names a
 * ticket ("[ticket-07]") and is no learner's prompt gets filler and a tag "#refund-window" for each criterion
 * that the reply happens to meet: with chance p0, or p1 once the prompt holds the criterion's guideline; all
 * halved while it holds the harmful one. A learner's prompt (mock/shapes.ts) gets guidelines for the criteria that
 * it marks as failed ("FAIL refund-window"); each is replaced by a bad one with chance `bad`.
 *
 * Every draw is a hash of seed, shape, whole prompt and how often that very prompt came before, so the same calls
 * get the same replies in any order. POST /expected {"prompt", "split" | "ids"} gives a prompt's exact expected
 * score, GET /task the tickets.
 */
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { FAULTS, NO_FAULTS } from "./mock/faults.ts";
import type { Shape } from "./mock/propose.ts";
import { MockModel } from "./mock/server.ts";

const HELP = `node bench/mock-model.ts [options]
  --port 8777 --latency 300 --per-token 0      milliseconds
  --seed 1 --bad 0.15 --k 2 --p1 0.9           the learner and the agent
  ${FAULTS.map((fault) => `--${fault} 0`).join(" ")}   rates of faults
  --retry-after 1 --hang-ms 600000
  --log calls.jsonl                            a JSON line for each call
  --shapes file.mjs                            further learner's prompts: export const SHAPES`;

const number = (value: string): { type: "string"; default: string } => ({ type: "string", default: value });
const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    port: number("8777"),
    latency: number("300"),
    "per-token": number("0"),
    seed: number("1"),
    bad: number("0.15"),
    k: number("2"),
    p1: number("0.9"),
    "retry-after": number("1"),
    "hang-ms": number("600000"),
    log: { type: "string" },
    shapes: { type: "string" },
    ...Object.fromEntries(FAULTS.map((fault) => [fault, number("0")])),
  },
});

if (values.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  const rates = values as Record<string, unknown>;
  const shapes =
    values.shapes === undefined
      ? []
      : ((await import(pathToFileURL(values.shapes).href)) as { SHAPES: Shape[] }).SHAPES;
  const mock = await MockModel.start({
    port: Number(values.port),
    latencyMs: Number(values.latency),
    perTokenMs: Number(values["per-token"]),
    seed: Number(values.seed),
    bad: Number(values.bad),
    k: Number(values.k),
    p1: Number(values.p1),
    retryAfterS: Number(values["retry-after"]),
    hangMs: Number(values["hang-ms"]),
    faults: { ...NO_FAULTS, ...Object.fromEntries(FAULTS.map((fault) => [fault, Number(rates[fault])])) },
    shapes,
    ...(values.log === undefined ? {} : { log: values.log }),
  });
  process.stdout.write(`mock model on ${mock.url}\n`);
}
