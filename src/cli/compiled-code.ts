import module from "node:module";
import { join } from "node:path";
import { defaultCacheDir } from "../providers/local-model/weights/cache-dir.ts";

/**
 * Keeps what Node.js compiles for the next start, in the user's own cache folder: in a temporary folder, which is
 * Node.js's default, others could put code there first. `NODE_COMPILE_CACHE` and `NODE_DISABLE_COMPILE_CACHE`
 * win. Where nothing can be written, or there is no home, starts are as slow as the first one.
 */
export function keepCompiledCode(): void {
  try {
    module.enableCompileCache(join(defaultCacheDir(), "compiled"));
  } catch {
    // A user that the system does not know has no home, and Node.js throws when it is asked for one.
  }
}
