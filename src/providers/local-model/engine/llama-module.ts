import type { Llama, LlamaModel } from "node-llama-cpp";
import { GrpoError } from "../../../library/error.ts";

export type LlamaModule = typeof import("node-llama-cpp");

let loading: Promise<{ module: LlamaModule; llama: Llama }> | undefined;
const models = new Map<string, Promise<LlamaModel>>();

/** The binding, loaded once; throws GrpoError `LOCAL_MODEL_UNAVAILABLE` when it, or its binary, is not installed. */
export function loadLlama(): Promise<{ module: LlamaModule; llama: Llama }> {
  loading ??= openLlama();
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}

async function openLlama(): Promise<{ module: LlamaModule; llama: Llama }> {
  try {
    const module = await import("node-llama-cpp");
    const llama = await module.getLlama({
      gpu: false,
      // Never compile, never download: what npm installed is all there is.
      build: "never",
      skipDownload: true,
      progressLogs: false,
      logLevel: module.LlamaLogLevel.error,
      // Each context has its own fixed threads; the binding need not share them out.
      maxThreads: 0,
    });
    return { module, llama };
  } catch (cause) {
    throw new GrpoError({
      code: "LOCAL_MODEL_UNAVAILABLE",
      message: `The local model needs the package node-llama-cpp with its prebuilt binary: ${firstLine(cause)}.`,
      remedy: "Run `npm install node-llama-cpp` on a platform it has binaries for, or use another provider.",
      cause,
    });
  }
}

/** One copy of the weights a file, shared by engines of different shapes. */
export function loadModel(llama: Llama, modelPath: string): Promise<LlamaModel> {
  const known = models.get(modelPath);
  if (known !== undefined) return known;
  const opening = llama.loadModel({ modelPath }).then((model) => {
    model.onDispose.createListener(() => models.delete(modelPath));
    return model;
  });
  models.set(modelPath, opening);
  opening.catch(() => models.delete(modelPath));
  return opening.catch((cause: unknown) => {
    throw new GrpoError({
      code: "LOCAL_MODEL_LOAD",
      message: `The model file could not be loaded: ${firstLine(cause)}.`,
      place: modelPath,
      remedy: "Check that it is a GGUF file of a text model and that enough memory is free.",
      cause,
    });
  });
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").replace(/\.$/u, "");
}
