import type { ApiProvider, AtomicTestCase, Prompt } from "promptfoo";
import { cache } from "promptfoo";
import { type AdaptedExample, adaptTests } from "../datasets/adapter.ts";
import type { Split } from "../datasets/split.ts";
import type { LibraryDocument } from "../library/document.ts";
import { GrpoError } from "../library/error.ts";
import { configHash } from "../runs/secrets.ts";
import { type Config, loadConfig } from "./config.ts";
import { isModel, judgedTests } from "./judges.ts";
import { chooseOne, loadAgents } from "./models.ts";
import { resolvePrompts, resolveTests } from "./probe.ts";
import { promptsFor } from "./prompt-filter.ts";
import { leavePaceToUs, quietPromptfoo, widenSockets } from "./quiet.ts";
import { suiteOfRoute } from "./routed.ts";
import { parseSettings, type Settings, type SettingsInput } from "./settings.ts";

/** One dataset row as the loop sees it: its place in the splits and the promptfoo test that scores it. */
export type SuiteExample = Omit<AdaptedExample, "test"> & { test: AtomicTestCase };

/** The user's promptfooconfig, resolved: one agent, one prompt, and the examples by split. */
export interface Suite {
  path: string;
  config: Config;
  settings: Settings;
  agent: ApiProvider;
  /** What names the agent in tasks: its id and the hash of its config, taken before a first call can change it. */
  model: { id: string; config: string };
  prompt: Prompt;
  examples: Record<Split, SuiteExample[]>;
  /** Examples of other routes: nothing is learned from them, and nothing of them may be copied either. */
  others?: readonly SuiteExample[];
  /** Of a route's suite: the common library, which is injected below the route's own and stays as it is. */
  common?: LibraryDocument;
}

/**
 * Reads a promptfooconfig and resolves what a run needs of it. Changes the working directory to the
 * config's folder, because promptfoo's Node API resolves paths against it.
 * @param needed splits that must have examples
 * @throws GrpoError naming the file and the key that is wrong
 */
export async function loadSuite(
  path: string | undefined,
  flags: Partial<SettingsInput>,
  needed: readonly Split[] = ["train", "validation"],
): Promise<Suite> {
  const loaded = await loadConfig(path);
  const { config } = loaded;
  const settings = parseSettings(config.metadata?.["grpo"], flags, loaded.path);
  quietPromptfoo();
  leavePaceToUs();
  widenSockets(settings.concurrency);
  process.chdir(loaded.folder);
  cache.disableCache();
  const agent = chooseOne(
    "provider",
    await loadAgents(config),
    (one) => [one.label ?? one.id(), one.id()],
    settings.provider,
  );
  const prompt = chooseOne(
    "prompt",
    promptsFor(agent, await resolvePrompts(config), config),
    (one) => [one.label, one.raw],
    settings.prompt,
  );
  const tests = await judgedTests(
    await resolveTests(config, prompt, { id: agent.id(), label: agent.label }),
    config,
    settings,
  );
  return suiteOfRoute({
    path: loaded.path,
    config,
    settings,
    agent,
    model: { id: agent.id(), config: configHash(agent.config) },
    prompt,
    examples: splitExamples(tests, settings, loaded.path, needed),
  });
}

function splitExamples(
  tests: AtomicTestCase[],
  settings: Settings,
  place: string,
  needed: readonly Split[],
): Record<Split, SuiteExample[]> {
  if (tests.length === 0) {
    throw new GrpoError({
      code: "NO_TESTS",
      message: "The config has no test that applies to this prompt and provider.",
      place,
      remedy:
        "Add `tests:` to the config (promptfoo takes a file that does not exist for none), or choose another --prompt or --provider.",
    });
  }
  const adapted = adaptTests(tests.map(plain), {
    seed: settings.seed,
    fractions: settings.split,
    expanded: true,
  });
  const examples: Record<Split, SuiteExample[]> = { train: [], validation: [], test: [] };
  for (const [index, example] of adapted.entries()) {
    const test = tests[index];
    if (test !== undefined) examples[example.split].push({ ...example, test });
  }
  if (!tests.some((test) => (test.assert?.length ?? 0) > 0)) {
    throw new GrpoError({
      code: "NO_ASSERTIONS",
      message: "No test has an assertion, so there is no reward to learn from.",
      place,
      remedy: "Add `assert:` to the tests or to defaultTest.",
    });
  }
  for (const split of needed) {
    if (examples[split].length > 0) continue;
    throw new GrpoError({
      code: "EMPTY_SPLIT",
      message: `The ${split} split is empty (${tests.length} tests in all).`,
      place: `${place} metadata.grpo.split`,
      remedy: "Add tests, change metadata.grpo.split, or set metadata.split on the tests.",
    });
  }
  return examples;
}

/** A test as data, for its id: a loaded grader as its id, a function as its text. */
function plain(value: unknown): unknown {
  if (isModel(value)) return value.id();
  if (typeof value === "function") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
