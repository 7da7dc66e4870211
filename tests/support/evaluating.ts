import type { EvaluateTestSuite } from "promptfoo";
import { cache, evaluate } from "promptfoo";

type Row = Awaited<ReturnType<typeof evaluate>>["results"][number];

/** Rows of an in-process evaluation that writes nothing. The suite is typed loosely: it is a user's config. */
export async function rowsOf(
  suite: Record<string, unknown>,
  options: { repeat?: number; maxConcurrency?: number; cache?: boolean } = {},
): Promise<Row[]> {
  cache.disableCache();
  const record = await evaluate({ ...suite, writeLatestResults: false } as unknown as EvaluateTestSuite, {
    cache: false,
    showProgressBar: false,
    silent: true,
    ...options,
  });
  return record.results;
}
