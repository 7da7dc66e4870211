import { readFileSync } from "node:fs";
import { packageVersion } from "../runs/package-version.ts";
import { hashOf, type Json } from "../runs/task.ts";
import { isModel } from "./judges.ts";
import type { Rollout } from "./rollout.ts";
import type { Settled } from "./rollouts.ts";
import { isSealedCode, referencedFile, sealedFiles } from "./sealed-files.ts";
import type { Suite, SuiteExample } from "./suite.ts";

/** Assertions that ask something outside of the run. */
const OUTSIDE_ASSERTION = /^(?:not-)?(?:python|ruby|webhook)$/;
/** Assertions that ask a model: of one that a run does not count and journal, nobody knows what it would say now. */
const ASKS_A_MODEL =
  /^(?:not-)?(?:.*rubric|model-graded-.*|factuality|answer-relevance|conversation-relevance|context-.*|g-eval|similar.*|classifier|moderation|select-best|max-score|pi|trajectory.*)$/;
/** A template that reads the environment. */
const ENVIRONMENT = /\{[{%][^}%]*\b(?:env|process)\b/;
const CODE_KEY = /transform|postprocess/i;

/**
 * What decides how a group is scored, as a hash: its test with all files that it names and that those import, prompt,
 * models, how it is sampled, versions. Undefined when it may depend on anything else: then it is scored each time.
 */
export function scoringKey(suite: Suite, example: SuiteExample, sampling: Settled): string | undefined {
  const { hash: shared, files } = sharedPart(suite);
  const own = shared === undefined ? undefined : sealedHashes([example.test], files);
  if (own === undefined || asksUncounted(example.test.assert, example.test.options?.provider))
    return undefined;
  const { injection, repeats, draw, temperature } = sampling;
  return hashOf([shared, own, example.id, example.test, injection, repeats, draw, temperature ?? null]);
}

/** Only a group that was scored as a whole is kept: what failed may fare better the next time. */
export const isScored = (rollouts: readonly Rollout[]): boolean =>
  rollouts.length > 0 && rollouts.every((one) => one.reward !== null);

/** Files by reference, each read once, as code is loaded once in a process; undefined where one cannot be pinned down. */
type Files = Map<string, ReadonlyMap<string, string> | undefined>;

interface Shared {
  hash: string | undefined;
  files: Files;
}

const sharedParts = new WeakMap<Suite, Shared>();

function sharedPart(suite: Suite): Shared {
  const known = sharedParts.get(suite);
  if (known !== undefined) return known;
  const files: Files = new Map();
  const computed = { hash: computeShared(suite, files), files };
  sharedParts.set(suite, computed);
  return computed;
}

function computeShared({ config, prompt, agent, model, settings }: Suite, known: Files): string | undefined {
  const { env, nunjucksFilters, extensions, derivedMetrics } = config;
  // Both run code of the user's at moments that a group which is not evaluated does not have.
  if (nunjucksFilters !== undefined || extensions !== undefined) return undefined;
  const { function: fn, ...text } = prompt;
  const prompts = fn === undefined ? [] : [config.prompts];
  const transform = { transform: agent.transform };
  const files = sealedHashes([env, derivedMetrics, text, prompts, transform], known);
  if (files === undefined) return undefined;
  return hashOf([
    packageVersion(),
    promptfooVersion(),
    process.version,
    [env, derivedMetrics, config.metadata, text, String(fn), transform, model, settings.seed, files],
  ]);
}

/** The hashes of all files that values name; undefined when they hold what cannot be pinned down. */
function sealedHashes(values: readonly unknown[], known: Files): Json | undefined {
  const hashes: Record<string, string> = {};
  const sealText = (text: string, key: string): boolean => {
    if (text.startsWith("package:")) return text.startsWith("package:promptfoo-grpo:");
    if (ENVIRONMENT.test(text)) return false;
    if (!text.startsWith("file://")) return !CODE_KEY.test(key) || isSealedCode(text);
    const files = known.has(text) ? known.get(text) : filesOf(text);
    known.set(text, files);
    for (const [path, hash] of files ?? []) hashes[path] = hash;
    return files !== undefined;
  };
  const seal = (value: unknown, key: string): boolean => {
    if (typeof value === "function") return false;
    if (typeof value === "string") return sealText(value, key);
    // A grader's answers are in the journal.
    if (typeof value !== "object" || value === null || isModel(value)) return true;
    return isSealedAssertion(value) && Object.entries(value).every(([name, inner]) => seal(inner, name));
  };
  return values.every((value) => seal(value, "")) ? hashes : undefined;
}

function filesOf(reference: string): ReadonlyMap<string, string> | undefined {
  const file = referencedFile(reference);
  return file === undefined ? undefined : sealedFiles(file);
}

/** Also true of whatever is no assertion. */
function isSealedAssertion(value: object): boolean {
  const { type, value: code } = value as { type?: unknown; value?: unknown };
  if (typeof type !== "string") return true;
  const inline = /javascript$/.test(type) && typeof code === "string" && !/^(?:file|package):/.test(code);
  return !OUTSIDE_ASSERTION.test(type) && (!inline || isSealedCode(code));
}

function asksUncounted(assertions: readonly unknown[] | undefined, grader: unknown): boolean {
  return (assertions ?? []).some((one) => {
    const {
      type,
      provider = grader,
      assert,
    } = one as { type: string; provider?: unknown; assert?: unknown[] };
    return asksUncounted(assert, grader) || (ASKS_A_MODEL.test(type) && !isModel(provider));
  });
}

let version: string | undefined;

/** promptfoo does the scoring; its package.json is not among what it exports. */
function promptfooVersion(): string {
  version ??= hashOf(readFileSync(new URL("../../package.json", import.meta.resolve("promptfoo")), "utf8"));
  return version;
}
