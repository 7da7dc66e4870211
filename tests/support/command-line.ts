import { Command, CommanderError } from "commander";
import { vi } from "vitest";
import { evaluateCommands } from "../../src/cli/evaluate-commands.ts";
import { planCommands } from "../../src/cli/plan-commands.ts";
import { trainCommands } from "../../src/cli/train-commands.ts";
import { GrpoError } from "../../src/library/error.ts";
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
    const code = await run(args, (text) => {
      printed.stderr += text;
    });
    return { code, ...printed };
  } finally {
    process.chdir(from);
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}

async function run(args: readonly string[], complain: (text: string) => void): Promise<number> {
  let exitCode = 0;
  const done = (code: number): void => {
    exitCode = code;
  };
  const program = new Command("promptfoo-grpo").exitOverride().configureOutput({ writeErr: complain });
  trainCommands(program, done);
  evaluateCommands(program, done);
  planCommands(program, done);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 3;
    if (!(error instanceof GrpoError)) throw error;
    complain(`\n${error.describe()}\n`);
    return error.exitCode;
  }
}
