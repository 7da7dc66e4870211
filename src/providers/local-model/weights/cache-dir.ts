import os from "node:os";
import path from "node:path";

/** The cache folder: `$PROMPTFOO_GRPO_CACHE`, else `$XDG_CACHE_HOME/promptfoo-grpo`, else `~/.cache/promptfoo-grpo`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const own = env["PROMPTFOO_GRPO_CACHE"];
  if (own) return path.resolve(own);
  const xdg = env["XDG_CACHE_HOME"];
  return path.join(xdg ? path.resolve(xdg) : path.join(os.homedir(), ".cache"), "promptfoo-grpo");
}
