import { z } from "zod";
import { canonicalJson } from "../runs/canonical.ts";
import type { Head, HeadPrompt } from "./results-schema.ts";

/** One provider x prompt of a results file. */
export interface ResultsColumn {
  readonly index: number;
  /** How it is chosen and shown: the provider's label, with the prompt's where that is needed to tell columns apart. */
  readonly name: string;
  /** The provider's label, else its id. */
  readonly provider: string;
  /** The id of the model that was asked, without the wrapper that adds a library. */
  readonly agent: string;
  /** The prompt's label. */
  readonly prompt: string;
  /** What decides the prompt: its template and options where the file holds them, and promptfoo's id of it. */
  readonly template: { text: string | null; id: string };
  readonly model: ResultsModel;
  /** Rows that promptfoo counted in this column, written or not; null when the file does not say. */
  readonly counted: number | null;
}

/** `config` without labels, keys and library; null where the file does not hold it. */
export interface ResultsModel {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>> | null;
}

/** What the rows of a column tell about it, for files without a head. */
export interface SeenColumn {
  providerId: string | undefined;
  providerLabel: string | undefined;
  promptLabel: string | undefined;
  promptId: string | undefined;
}

/** The columns of a file in promptfoo's order, from its head and from what its rows say. */
export function columnsOf(head: Head | undefined, seen: ReadonlyMap<number, SeenColumn>): ResultsColumn[] {
  const listed = promptsOf(head);
  const count = Math.max(listed.length, ...[...seen.keys()].map((index) => index + 1));
  const providers = providerEntries(head?.config?.["providers"]);
  const columns = Array.from({ length: count }, (_, index) =>
    columnOf(index, listed[index], seen.get(index), providers),
  ).filter((_, index) => listed[index] !== undefined || seen.has(index));
  return named(columns);
}

function promptsOf(head: Head | undefined): readonly HeadPrompt[] {
  if (head === undefined) return [];
  return (Array.isArray(head.results) ? undefined : head.results.prompts) ?? head.prompts ?? [];
}

function columnOf(
  index: number,
  listed: HeadPrompt | undefined,
  seen: SeenColumn | undefined,
  providers: readonly ProviderEntry[],
): Omit<ResultsColumn, "name"> {
  const id = seen?.providerId ?? listed?.provider ?? "unknown";
  const provider = seen?.providerLabel || (seen?.providerId ?? listed?.provider ?? "unknown");
  const agent = unwrappedId(id);
  const entry =
    providers.find((one) => one.label === provider) ??
    providers.find((one) => one.id === id) ??
    providers.find((one) => agent !== id && isWrapper(one) && modelOf(one, "").id === agent);
  const { metrics } = listed ?? {};
  return {
    index,
    provider,
    agent,
    prompt: listed?.label ?? seen?.promptLabel ?? "prompt",
    template: {
      text:
        listed?.raw === undefined ? null : canonicalJson({ raw: listed.raw, config: listed.config ?? {} }),
      id: listed?.id ?? seen?.promptId ?? "",
    },
    model: entry === undefined ? { id: agent, config: null } : modelOf(entry, agent),
    counted:
      metrics === undefined ? null : metrics.testPassCount + metrics.testFailCount + metrics.testErrorCount,
  };
}

/** Names that tell the columns of a file apart, as short as they can be. */
function named(columns: readonly Omit<ResultsColumn, "name">[]): ResultsColumn[] {
  const candidates = [
    (one: Omit<ResultsColumn, "name">) => one.provider,
    (one: Omit<ResultsColumn, "name">) => `${one.provider} x ${one.prompt}`,
    (one: Omit<ResultsColumn, "name">) => `${one.provider} x ${one.prompt} #${one.index + 1}`,
  ];
  const unique = candidates.find((name) => new Set(columns.map(name)).size === columns.length);
  return columns.map((one) => ({ ...one, name: (unique ?? String)(one) }));
}

const ProviderEntry = z.looseObject({
  id: z.string(),
  label: z.string().optional(),
  config: z.record(z.string(), z.unknown()).nullish(),
});
type ProviderEntry = z.infer<typeof ProviderEntry>;

/** `providers` of a config: an id, `{id, label, config}`, or `{<id>: {label, config}}`. Files stay unknown. */
function providerEntries(providers: unknown): ProviderEntry[] {
  return [providers].flat().flatMap((one: unknown) => {
    if (typeof one === "string") return one.startsWith("file://") ? [] : [{ id: one }];
    const direct = ProviderEntry.safeParse(one);
    if (direct.success) return [direct.data];
    const [[id, options] = [], ...more] = Object.entries(
      z.record(z.string(), z.unknown()).catch({}).parse(one),
    );
    const keyed = ProviderEntry.safeParse({ id, ...(typeof options === "object" ? options : {}) });
    return keyed.success && more.length === 0 ? [keyed.data] : [];
  });
}

const Wrapped = z.union([
  z.string().transform((id) => ({ id, config: {} })),
  z.looseObject({ id: z.string(), config: z.record(z.string(), z.unknown()).nullish() }),
]);

const isWrapper = ({ id }: ProviderEntry): boolean => /promptfoo-grpo:ExperienceProvider$/.test(id);

function modelOf(entry: ProviderEntry, agent: string): ResultsModel {
  if (!isWrapper(entry)) return { id: agent, config: plain(entry.config) };
  const inner = Wrapped.safeParse(entry.config?.["provider"]);
  return inner.success
    ? { id: inner.data.id, config: plain(inner.data.config) }
    : { id: agent, config: null };
}

/** `experience:<library>:<id>` is how the ExperienceProvider names itself. */
const unwrappedId = (id: string): string => /^experience:[^:]*:(.+)$/su.exec(id)?.[1] ?? id;

const SECRET =
  /api[-_]?key|secret|passw|authorization|credential|bearer|cookie|^token$|(access|auth|refresh|session|id)[-_]?token/i;

function plain(config: unknown): Record<string, unknown> {
  const copy: unknown = withoutSecrets(config ?? {});
  return z.record(z.string(), z.unknown()).catch({}).parse(copy);
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, inner]) => !SECRET.test(key) && inner !== "[REDACTED]" && inner !== undefined,
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutSecrets(inner)]));
}
