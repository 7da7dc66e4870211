// promptfoo's evaluate() by itself on a config's training tests: `evaluate-alone.mjs CONFIG REPEATS`; with 0 repeats it
// is loaded and asked nothing.
import { readFileSync } from "node:fs";

process.env.LOG_LEVEL = "none";
process.env.PROMPTFOO_DISABLE_TELEMETRY = "1";
process.env.PROMPTFOO_DISABLE_UPDATE = "1";
process.env.PROMPTFOO_FETCH_CONNECTIONS = "16";
const { cache, evaluate } = await import("promptfoo");
cache.disableCache();
const [path, repeats] = process.argv.slice(2);
const config = JSON.parse(readFileSync(path, "utf8"));
config.tests = config.tests.filter((one) => one.metadata.split === "train");
process.chdir(path.replace(/[^/]*$/, ""));
if (Number(repeats) > 0) {
  const options = {
    cache: false,
    showProgressBar: false,
    silent: true,
    maxConcurrency: 16,
    repeat: Number(repeats),
  };
  await evaluate({ ...config, writeLatestResults: false }, options);
}
process.exit(0);
