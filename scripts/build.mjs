// Compiles src/ to dist/ and copies what the compiler leaves: the learner's prompts.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync("tsc", ["-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32",
});
cpSync(`${root}src/optimizer/prompts`, `${root}dist/optimizer/prompts`, { recursive: true });
chmodSync(`${root}dist/cli/main.js`, 0o755);
