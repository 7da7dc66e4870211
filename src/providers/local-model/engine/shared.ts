import { GrpoError } from "../../../library/error.ts";
import { Engine } from "./engine.ts";
import { type EngineShape, openBackend } from "./llama-backend.ts";

const engines = new Map<string, Promise<Engine>>();

/** The process's one engine of this shape; the model is loaded by the first caller and shared by all. */
export function sharedEngine(shape: EngineShape): Promise<Engine> {
  const key = JSON.stringify([shape.path, shape.contexts, shape.threads, shape.sequences, shape.contextSize]);
  const known = engines.get(key);
  if (known !== undefined) return known;
  const opening = openBackend(shape).then((backend) => new Engine(backend));
  engines.set(key, opening);
  // A failed load is not remembered: the next call tries again.
  opening.catch(() => engines.delete(key));
  return opening;
}

/** Frees all local models of this process; the next call loads its model again. */
export async function closeLocalModels(): Promise<void> {
  const open = [...engines.values()];
  engines.clear();
  const reason = new GrpoError({
    code: "LOCAL_MODEL_CLOSED",
    message: "The local model was closed while a call was waiting.",
    remedy: "Close local models after the last call only.",
  });
  await Promise.all(
    open.map((opening) => opening.then((engine) => engine.close(reason)).catch(() => undefined)),
  );
}
