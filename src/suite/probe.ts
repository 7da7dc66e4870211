import type { ApiProvider, AtomicTestCase, EvaluateTestSuite, Prompt } from "promptfoo";
import { evaluate } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import type { Config } from "./config.ts";

/** Options of every evaluate() call of ours: nothing written, no cache but our journal, no progress bar. */
export const EVALUATE_OPTIONS = { cache: false, showProgressBar: false, silent: true } as const;

/**
 * promptfoo resolves files, generators, scenarios, defaults and variable combinations inside evaluate().
 * A provider that answers every prompt with an error makes it do all that and nothing else: no model is
 * called, and assertions do not run on rows that failed.
 */
const probe = (id: string, label: string | undefined): ApiProvider => ({
  id: () => id,
  ...(label === undefined ? {} : { label }),
  callApi: async () => ({ error: "probe" }),
});

/** Every prompt of the config with its file read, in order. @throws GrpoError PROMPT_UNREADABLE */
export async function resolvePrompts(config: Config): Promise<Prompt[]> {
  const entries = Array.isArray(config.prompts) ? config.prompts : [config.prompts];
  const prompts: Prompt[] = [];
  for (const entry of entries) {
    const { source, label } = fileOf(entry);
    const suite = asSuite({ prompts: [source], providers: [probe("probe", undefined)], tests: [{ vars: {} }] });
    const read = await attempt(() => evaluate(suite, EVALUATE_OPTIONS), "PROMPT_UNREADABLE", `prompts: ${describe(entry)}`);
    for (const { raw, label: own, function: fn, config: promptConfig } of read.prompts) {
      prompts.push({
        raw,
        label: label ?? own,
        ...(fn === undefined ? {} : { function: fn }),
        ...(promptConfig === undefined ? {} : { config: promptConfig }),
      });
    }
  }
  return prompts;
}

/** A prompt object that points to a file: evaluate() would send the path as text, so the file is named directly. */
function fileOf(entry: unknown): { source: unknown; label?: string } {
  if (entry === null || typeof entry !== "object") return { source: entry };
  const { id, raw, label } = entry as { id?: unknown; raw?: unknown; label?: unknown };
  const path = [raw, id].find((one) => typeof one === "string" && one.startsWith("file://"));
  const fallback = raw === undefined && typeof id === "string" ? id : undefined;
  if (path === undefined && fallback === undefined) return { source: entry };
  return { source: path ?? fallback, ...(typeof label === "string" ? { label } : {}) };
}

/** Every test that applies to this prompt and provider, as one atomic test a variable combination. */
export async function resolveTests(
  config: Config,
  prompt: Prompt,
  provider: { id: string; label?: string | undefined },
): Promise<AtomicTestCase[]> {
  const defaults = config["defaultTest"];
  const suite = asSuite({
    ...config,
    // As promptfoo's CLI does: the config's metadata is the default metadata of its tests.
    ...(typeof defaults === "object" || defaults === undefined ? { defaultTest: { ...defaults } } : {}),
    metadata: undefined,
    commandLineOptions: undefined,
    outputPath: undefined,
    prompts: [prompt],
    providers: [probe(provider.id, provider.label)],
  });
  const record = await attempt(() => evaluate(suite, { ...EVALUATE_OPTIONS, repeat: 1 }), "TESTS_UNREADABLE", "tests");
  const rows = [...record.results].sort((a, b) => a.testIdx - b.testIdx);
  return rows.map((row) => row.testCase);
}

/** The config is promptfoo's own format; promptfoo validates it, and says so in its errors. */
const asSuite = (suite: Record<string, unknown>): EvaluateTestSuite =>
  ({ ...suite, writeLatestResults: false }) as unknown as EvaluateTestSuite;

async function attempt<T>(fn: () => Promise<T>, code: string, place: string): Promise<T> {
  try {
    return await fn();
  } catch (cause) {
    throw new GrpoError({
      code,
      message: `promptfoo cannot resolve the config: ${cause instanceof Error ? cause.message : String(cause)}.`,
      place,
      remedy: "Check the paths; they are relative to the config file.",
      cause,
    });
  }
}

const describe = (entry: unknown): string => (typeof entry === "string" ? entry : JSON.stringify(entry)).slice(0, 80);
