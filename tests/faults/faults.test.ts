import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bench, COLUMNS, undisturbed } from "./bench.ts";
import { FAMILIES, rowOf } from "./harness.ts";
import { modelServer } from "./model-server.ts";

/** A handful of what `npm run faults` does. */
const FEW = { kills: 4, resumeKills: 3, every: 60, runs: 1, flips: 16 };

let bench: Bench;
beforeAll(async () => {
  const server = await modelServer();
  bench = { server, reference: await undisturbed(server), seed: 1, workers: 2, say: () => {} };
});
afterAll(() => bench.server.close());

it.each(Object.entries(FAMILIES).map(([name, { about }]) => [name, about]))(
  "%s: %s",
  { timeout: 600_000 },
  async (name) => {
    const row = await rowOf(name, bench, FEW);
    expect(row.notes, row.skipped ? "skipped" : "").toEqual(
      row.skipped ? [expect.stringMatching(/^not possible here/)] : [],
    );
    for (const column of COLUMNS) expect(row[column], column).toBe(0);
    expect(row.skipped || row.trials > 0).toBe(true);
  },
);
