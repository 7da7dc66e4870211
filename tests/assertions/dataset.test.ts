import { readdirSync, readFileSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { rule, situation } from "./cases.ts";

const FOLDER = "datasets/integro/personas";
const Persona = z.object({
  examples: z.array(
    z.object({
      id: z.string(),
      query: z.string(),
      turns: z
        .array(z.object({ role: z.enum(["user", "assistant", "system"]), content: z.string() }))
        .default([]),
      good_response: z.string(),
      bad_response: z.string(),
      success_criteria: z.record(z.string(), z.boolean()),
    }),
  ),
});

const examples = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".yaml"))
  .flatMap((file) => Persona.parse(load(readFileSync(`${FOLDER}/${file}`, "utf8"))).examples);

/** Every rule against replies that people wrote as good and bad. */
describe("the Integro examples", () => {
  it.each(examples)("$id: the good response meets every criterion, the bad one not", (one) => {
    const over = situation(one.query, { turns: one.turns });
    const names = Object.entries(one.success_criteria).flatMap(([name, applies]) => (applies ? [name] : []));
    const missed = names
      .map((name) => [name, rule(name, one.good_response.trim(), over)] as const)
      .filter(([, r]) => !r.pass);
    expect(missed).toEqual([]);
    expect(names.some((name) => !rule(name, one.bad_response.trim(), over).pass)).toBe(true);
  });
});
