import { vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import type { Finished } from "./workspace.ts";

/**
 * The command line inside this process, which spares every test the start of another one: flags, output and exit
 * code are those of `promptfoo-grpo`. promptfoo's database is in memory; nothing of a CI's environment is seen
 * but `env`.
 */
export async function commandLine(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Finished> {
  const from = process.cwd();
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      if (!String(text).includes("ExperimentalWarning")) printed[stream] += String(text);
      return true;
    });
  }
  // The test runner's console does not write to the streams.
  vi.spyOn(console, "log").mockImplementation((...text: unknown[]) => {
    printed.stdout += `${text.join(" ")}\n`;
  });
  const given = { IS_TESTING: "true", GITHUB_ACTIONS: "", GITHUB_STEP_SUMMARY: "", CI: "", ...env };
  for (const [name, value] of Object.entries(given)) vi.stubEnv(name, value);
  process.chdir(cwd);
  try {
    const code = await runCommandLine(args);
    // What main.ts reports ends a test that meant something else.
    if (code === 70) throw new Error(printed.stderr);
    return { code, ...printed };
  } finally {
    process.chdir(from);
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}
