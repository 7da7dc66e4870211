import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { load } from "js-yaml";
import type {
  ApiProvider,
  AtomicTestCase,
  CallApiContextParams,
  EvaluateResult,
  EvaluateTestSuite,
  Prompt,
} from "promptfoo";
import { evaluate } from "promptfoo";
import { GrpoError } from "../library/error.ts";
import type { Config } from "./config.ts";
import { onOneLine } from "./one-line.ts";

/** Options of every evaluate() call of ours: nothing written, no cache but our journal, no progress bar. */
export const EVALUATE_OPTIONS = { cache: false, showProgressBar: false, silent: true } as const;

/**
 * promptfoo resolves files, generators, scenarios, defaults and variable combinations inside evaluate().
 * A provider that answers every prompt with an error makes it do all that and nothing else: no model is
 * called, and assertions do not run on rows that failed.
 */
const probe = (
  id: string,
  label: string | undefined,
  meet: (context: CallApiContextParams) => void = () => {},
): ApiProvider => ({
  id: () => id,
  ...(label === undefined ? {} : { label }),
  callApi: async (_prompt, context) => {
    if (context !== undefined) meet(context);
    return { error: PROBE };
  },
});
const PROBE = "probe";

/** Every prompt of the config with its file read, in order. @throws GrpoError PROMPT_UNREADABLE */
export async function resolvePrompts(config: Config): Promise<Prompt[]> {
  const entries = Array.isArray(config.prompts) ? config.prompts : [config.prompts];
  const prompts: Prompt[] = [];
  for (const entry of entries) {
    const { source, label } = fileOf(entry);
    const suite = asSuite({
      prompts: [source],
      providers: [probe("probe", undefined)],
      tests: [{ vars: {} }],
    });
    const read = await attempt(
      () => evaluate(suite, EVALUATE_OPTIONS),
      "PROMPT_UNREADABLE",
      `prompts: ${describe(entry)}`,
    );
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

/**
 * Every test that applies to this prompt and provider, as one atomic test a variable combination. The tests are
 * those that the provider was called with: rows hold copies without functions and with secrets blacked out.
 * @throws GrpoError TESTS_UNREADABLE, TEST_NOT_FOR_AGENT
 */
export async function resolveTests(
  config: Config,
  prompt: Prompt,
  provider: { id: string; label?: string | undefined },
): Promise<AtomicTestCase[]> {
  const tests = new Map<number, AtomicTestCase>();
  const repeated = new Set<number>();
  const meet = ({ testIdx, test, repeatIndex }: CallApiContextParams): void => {
    if (testIdx === undefined || test === undefined) return;
    // A test's own `options.repeat` says how often it is asked, which is the run's to decide.
    if ((repeatIndex ?? 0) > 0) repeated.add(testIdx);
    else tests.set(testIdx, test);
  };
  requireAgentAsked(config["defaultTest"], "defaultTest");
  for (const [index, test] of [config.tests].flat().entries()) requireAgentAsked(test, `tests[${index}]`);
  const suite = asSuite({
    ...config,
    scenarios: await readScenarios(config["scenarios"]),
    metadata: undefined,
    commandLineOptions: undefined,
    outputPath: undefined,
    prompts: [prompt],
    providers: [probe(provider.id, provider.label, meet)],
  });
  const record = await attempt(
    () => evaluate(suite, { ...EVALUATE_OPTIONS, repeat: 1 }),
    "TESTS_UNREADABLE",
    "tests",
  );
  const rows = record.results
    .filter((row) => !repeated.has(row.testIdx))
    .sort((a, b) => a.testIdx - b.testIdx);
  return rows.map((row) => tests.get(row.testIdx) ?? uncalled(row)).filter((test) => !asksNothing(test));
}

/** A row that never reached the provider: its prompt could not be made, or the test brings its own answers. */
function uncalled({
  error,
  testCase,
  testIdx,
}: Pick<EvaluateResult, "error" | "testCase" | "testIdx">): AtomicTestCase {
  const place = `tests[${testIdx}] ${describe(testCase.vars ?? {})}`;
  requireAgentAsked(testCase, place);
  throw new GrpoError({
    code: "TESTS_UNREADABLE",
    message: `promptfoo cannot render a test: ${onOneLine(error ?? "no reason given")}.`,
    place,
    remedy: "Check its variables; paths are relative to the config file.",
  });
}

/** Such a test would be answered, and graded, by promptfoo itself: already while we only read it. */
function requireAgentAsked(test: unknown, place: string): void {
  if (typeof test !== "object" || test === null) return;
  const { provider, providerOutput } = test as { provider?: unknown; providerOutput?: unknown };
  if (provider === undefined && providerOutput === undefined) return;
  throw new GrpoError({
    code: "TEST_NOT_FOR_AGENT",
    message: `The test has its own ${provider === undefined ? "providerOutput" : "provider"}, so the agent that is trained is never asked.`,
    place,
    remedy: "Train on a config without it; a grader belongs under options.provider.",
  });
}

/** What promptfoo makes up where a config has no test, or names a file that does not exist. */
const asksNothing = ({ vars, assert, description }: AtomicTestCase): boolean =>
  description === undefined && Object.keys(vars ?? {}).length === 0 && (assert ?? []).length === 0;

/** promptfoo's CLI follows `file://` here, its Node API does not. */
async function readScenarios(scenarios: unknown): Promise<unknown> {
  if (scenarios === undefined || scenarios === null) return undefined;
  const lists = await Promise.all(
    [scenarios].flat().map((one) => (isFile(one) ? readScenarioFile(one) : one)),
  );
  return Promise.all(
    lists.flat().map(async (one: unknown) => {
      if (typeof one !== "object" || one === null) return one;
      const { tests } = one as { tests?: unknown };
      if (tests === undefined) return one;
      const read = await Promise.all(
        [tests].flat().map((test) => (isFile(test) ? readScenarioFile(test) : test)),
      );
      return { ...one, tests: read.flat() };
    }),
  );
}

const isFile = (value: unknown): value is string => typeof value === "string" && value.startsWith("file://");

const readScenarioFile = (path: string): Promise<unknown> =>
  attempt(
    async () => load(await readFile(resolve(path.slice("file://".length)), "utf8")),
    "TESTS_UNREADABLE",
    `scenarios: ${path}`,
  );

/** The config is promptfoo's own format; promptfoo validates it, and says so in its errors. */
const asSuite = (suite: Record<string, unknown>): EvaluateTestSuite =>
  ({ ...suite, writeLatestResults: false }) as unknown as EvaluateTestSuite;

async function attempt<T>(fn: () => Promise<T>, code: string, place: string): Promise<T> {
  try {
    return await fn();
  } catch (cause) {
    throw new GrpoError({
      code,
      message: `promptfoo cannot resolve the config: ${onOneLine(cause instanceof Error ? cause.message : String(cause))}.`,
      place,
      remedy: "Check the paths; they are relative to the config file.",
      cause,
    });
  }
}

const describe = (entry: unknown): string =>
  (typeof entry === "string" ? entry : JSON.stringify(entry)).slice(0, 80);
