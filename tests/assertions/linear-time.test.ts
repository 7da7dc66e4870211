import { describe, expect, it } from "vitest";
import { finalNumber } from "../../src/assertions/answers.ts";
import { CRITERIA } from "../../src/assertions/criteria.ts";
import { rule, situation } from "./cases.ts";

const SIZE = 100_000;
const fill = (unit: string) => unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE);

/** Replies built to make a backtracking expression or a nested loop slow. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ["one word", fill("a")],
  ["spaces", `it sounds like${fill(" ")}x`],
  ["openings without an end", fill("it sounds like you feel ")],
  ["feelings without an opening", fill("sad ")],
  ["negations", fill("not really just even ")],
  ["digits", fill("9")],
  ["spaced digits", fill("9 ")],
  ["dashed digits", fill("98-")],
  ["questions", fill("what are you? ")],
  ["number words", fill("nine eight ")],
  ["brackets", fill("(((")],
  ["quotes", fill('"\'"')],
  ["advice beginnings", fill("have you ever thought about ")],
  ["can you", fill("can you do you are you ")],
  ["line breaks", fill("- \n")],
  ["braces", fill("\\boxed{\\frac{1")],
];

describe("every rule on 100 kB", () => {
  it.each(HOSTILE)("%s", (_name, reply) => {
    for (const { name } of CRITERIA) {
      const start = performance.now();
      rule(name, reply, situation(reply.slice(0, 2000)));
      expect(performance.now() - start, name).toBeLessThan(1000);
    }
    const start = performance.now();
    finalNumber(reply);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
