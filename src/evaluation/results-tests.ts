import { z } from "zod";
import { promptfooTestSchema } from "../datasets/test-schema.ts";
import { expandVars } from "../datasets/vars.ts";
import type { ResultsColumn } from "./results-columns.ts";
import { type ResultsRow, type ResultsTest, readTest } from "./results-rows.ts";

interface Read {
  columns: readonly ResultsColumn[];
  tests: readonly ResultsTest[];
  rows: readonly ResultsRow[];
  repeats: number;
  config: Record<string, unknown> | undefined;
}

/**
 * Tests that promptfoo ran and wrote nothing of: it drops rows whose score is not a number, but counts them. They
 * are named from the config where it lists them; else they are numbered and counted as `unknown`.
 */
export function testsWithoutRows(read: Read): { tests: ResultsTest[]; unknown: number } {
  const lost = Math.max(0, ...read.columns.map((column) => lostRows(read, column)));
  const count = Math.ceil(lost / read.repeats);
  if (count === 0) return { tests: [], unknown: 0 };
  const named = configTests(read.config)?.filter((test) => !read.tests.some((one) => isSame(one, test)));
  if (named?.length === count) return { tests: named, unknown: 0 };
  const tests = Array.from({ length: count }, (_, index) => unknownTest(index + 1));
  return { tests, unknown: count };
}

/** Rows that promptfoo counted in a column beyond those written and those missing of tests that have a row. */
function lostRows({ tests, rows, repeats }: Read, { index, counted }: ResultsColumn): number {
  if (counted === null) return 0;
  const found = new Map<ResultsTest, number>();
  for (const row of rows) {
    if (row.column === index) found.set(row.test, (found.get(row.test) ?? 0) + 1);
  }
  const expected = tests.reduce(
    (sum, test) => sum + Math.max(test.repeats ?? repeats, found.get(test) ?? 0),
    0,
  );
  return counted - expected;
}

const isSame = (one: ResultsTest, test: ResultsTest): boolean =>
  one.base === test.base && one.vars === test.vars;

function unknownTest(number: number): ResultsTest {
  const id = `(test without rows ${number})`;
  return { ...readTest({ metadata: { id } }), graders: null, position: Number.MAX_SAFE_INTEGER };
}

const ConfigTests = z.array(promptfooTestSchema);
const Defaults = promptfooTestSchema.catch({});

/** The tests that a config lists in itself; undefined when some stand in other files. */
function configTests(config: Record<string, unknown> | undefined): ResultsTest[] | undefined {
  const parsed = ConfigTests.safeParse(config?.["tests"]);
  if (!parsed.success || config?.["scenarios"] !== undefined) return undefined;
  const defaults = Defaults.parse(config?.["defaultTest"] ?? {});
  return parsed.data
    .flatMap((test) => expandVars({ ...test, vars: { ...defaults.vars, ...test.vars } }))
    .map(({ description, vars, assert, metadata, options }, position) => ({
      ...readTest({
        description: description ?? undefined,
        vars: vars ?? undefined,
        assert: [...(defaults.assert ?? []), ...(assert ?? [])],
        metadata: { ...defaults.metadata, ...metadata },
        options: { ...options },
      }),
      graders: null,
      position,
    }));
}
