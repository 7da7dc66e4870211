import { readFileSync, statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { ApiProvider } from "promptfoo";
import { type RunIdentity, SPLITS } from "../runs/manifest.ts";
import { packageVersion } from "../runs/package-version.ts";
import { configHash, withoutSecrets } from "../runs/secrets.ts";
import { hashOf } from "../runs/task.ts";
import { judgesOf } from "../suite/judges.ts";
import type { Suite } from "../suite/suite.ts";
import type { RecordableRun } from "./recorded-run.ts";

/** Settings that change what a run costs or how long it takes, never what it learns. */
const NOT_DECIDING = new Set([
  "maxCostUsd",
  "maxCalls",
  "maxTokens",
  "callTimeoutMs",
  "hedge",
  "concurrency",
  "prices",
]);

/** Everything that decides what this run comes to. */
export async function identityOf(
  { suite, learner, prompts, simulation }: RecordableRun,
  command: RunIdentity["command"],
  rollouts: string | null,
): Promise<RunIdentity> {
  const { providers: _, prompts: __, tests: ___, defaultTest: ____, metadata, ...rest } = suite.config;
  const { grpo: _____, ...otherMetadata } = metadata ?? {};
  const tests = Object.values(suite.examples).flatMap((split) => split.map((one) => one.test));
  const judges = await judgesOf(tests);
  const { learner: given } = suite.settings;
  return {
    package: packageVersion(),
    command,
    config: configHash({ ...rest, metadata: otherMetadata }),
    files: { ...localFiles(suite), ...commonLibrary(suite) },
    settings: JSON.parse(JSON.stringify(withoutSecrets(suite.settings))),
    dataset: datasetOf(suite),
    prompt: hashOf(suite.prompt.raw),
    models: {
      agent: suite.model,
      ...(learner === undefined
        ? {}
        : {
            learner: {
              id: learner.id,
              config: given === undefined ? suite.model.config : configHash(given),
            },
          }),
      ...Object.fromEntries(judges.map((judge, index) => [`judge ${index + 1}`, modelOf(judge)])),
    },
    learnerPrompts: Object.fromEntries(Object.entries(prompts ?? {}).map(([name, { hash }]) => [name, hash])),
    rollouts,
    ...(simulation === undefined
      ? {}
      : {
          simulation: Object.fromEntries(
            Object.entries(simulation).map(([name, value]) => [name, hashOf(withoutSecrets(value ?? null))]),
          ),
        }),
  };
}

/** Of a route's run: the common library below it. */
const commonLibrary = ({ common }: Suite): Record<string, string> =>
  common === undefined ? {} : { "the common library": hashOf(common.source) };

/** What differs between two runs, in words, most telling first; empty when one can go on as the other. */
export function differencesOf(before: RunIdentity, now: RunIdentity): string[] {
  const names = (what: string, a: Record<string, unknown>, b: Record<string, unknown>): string[] =>
    [...new Set([...Object.keys(a), ...Object.keys(b)])]
      .filter((key) => hashOf(a[key] ?? null) !== hashOf(b[key] ?? null))
      .map((key) => `${what}${key}`);
  const settings = names("", before.settings, now.settings).filter((key) => !NOT_DECIDING.has(key));
  const told = (value: unknown): string => JSON.stringify(value ?? null).slice(0, 80);
  return [
    ...(before.package === now.package ? [] : [`package version (${before.package}, now ${now.package})`]),
    ...(before.command === now.command ? [] : [`command (${before.command}, now ${now.command})`]),
    ...names("model of the ", before.models, now.models),
    ...settings.map(
      (key) => `setting ${key} (${told(before.settings[key])}, now ${told(now.settings[key])})`,
    ),
    ...(before.prompt === now.prompt ? [] : ["prompt"]),
    ...SPLITS.flatMap((split) => {
      const changed = names("", before.dataset[split], now.dataset[split]);
      const first = changed.slice(0, 3).join(", ");
      return changed.length === 0
        ? []
        : [
            `${changed.length} ${split} example${changed.length === 1 ? "" : "s"} (${first}${changed.length > 3 ? ", ..." : ""})`,
          ];
    }),
    ...names("learner prompt ", before.learnerPrompts, now.learnerPrompts),
    ...names("", before.simulation ?? {}, now.simulation ?? {}),
    ...names("file ", before.files, now.files),
    ...(before.config === now.config ? [] : ["config (other keys)"]),
    ...(before.rollouts === now.rollouts ? [] : ["finished rollouts"]),
  ];
}

const modelOf = (model: ApiProvider): { id: string; config: string } => ({
  id: model.id(),
  config: configHash(model.config),
});

function datasetOf({ examples }: Suite): RunIdentity["dataset"] {
  const hashes = (split: (typeof SPLITS)[number]): Record<string, string> =>
    Object.fromEntries(
      examples[split].map(({ id, persona, userTypes, test }) => [
        id,
        hashOf([persona, userTypes, withoutSecrets(test)]),
      ]),
    );
  return { train: hashes("train"), validation: hashes("validation"), test: hashes("test") };
}

/** Scripts and data that the config names by `file://`: what they do is not in the config. */
function localFiles({ config, path, settings }: Suite): Record<string, string> {
  const folder = dirname(path);
  const found: Record<string, string> = {};
  for (const text of fileReferences([config, settings])) {
    const named = resolve(folder, text.slice("file://".length));
    for (const file of [named, named.replace(/:\w+$/, "")]) {
      if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
      found[relative(folder, file)] = hashOf(readFileSync(file, "latin1"));
      break;
    }
  }
  return found;
}

function fileReferences(value: unknown, parents: readonly unknown[] = []): string[] {
  if (typeof value === "string") return value.startsWith("file://") ? [value] : [];
  if (typeof value !== "object" || value === null || parents.includes(value)) return [];
  return Object.values(value).flatMap((inner) => fileReferences(inner, [...parents, value]));
}
