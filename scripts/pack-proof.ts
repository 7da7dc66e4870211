/**
 * Proves that the published package works: packs it, installs it into an empty project beside promptfoo, trains
 * there with the recorded model, and runs `promptfoo eval` with our provider by `package:`. `npm run pack-proof`.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "grpo-pack-"));
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
  PROMPTFOO_DISABLE_TELEMETRY: "1",
  PROMPTFOO_DISABLE_UPDATE: "1",
  PROMPTFOO_CONFIG_DIR: join(project, ".promptfoo"),
};
const run = (command: string, args: string[]): string =>
  execFileSync(command, args, { cwd: project, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

try {
  const packed = execFileSync(
    "npm",
    ["pack", "--silent", "--ignore-scripts", "--pack-destination", project],
    { cwd: root, encoding: "utf8" },
  );
  const tarball = join(project, packed.trim().split("\n").at(-1) ?? "");
  const promptfoo = JSON.parse(
    readFileSync(join(root, "node_modules/promptfoo/package.json"), "utf8"),
  ).version;
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "empty", private: true, type: "module" }),
  );
  // promptfoo's optional packages are 1 GB that nothing here needs; its database is one of them.
  const database = `@libsql/${process.platform}-${process.arch}${process.platform === "linux" ? "-gnu" : ""}`;
  run("npm", [
    "install",
    "--silent",
    "--no-audit",
    "--no-fund",
    "--omit=optional",
    tarball,
    `promptfoo@${promptfoo}`,
    database,
  ]);

  cpSync(join(root, "tests/fixtures/recorded-run"), project, { recursive: true });
  const report = run("npx", ["promptfoo-grpo", "train", "--display", "plain"]);
  const learned = readFileSync(join(project, "experiences/recorded/common.md"), "utf8");
  if (learned !== readFileSync(join(project, "expected.md"), "utf8"))
    throw new Error("the library differs from the recorded one");

  // The test column's prompts are on record: the library's version is the one that was learned.
  writeFileSync(join(project, "eval.json"), JSON.stringify(evalConfig()));
  try {
    run("npx", ["promptfoo", "eval", "-c", "eval.json", "--no-cache", "--no-table", "-o", "out.json"]);
  } catch {
    // promptfoo exits 100 when an assertion fails, which recorded replies may.
  }
  if (!existsSync(join(project, "out.json"))) throw new Error("promptfoo eval wrote no results");
  const { results } = JSON.parse(readFileSync(join(project, "out.json"), "utf8"));
  const rows: {
    error?: string;
    failureReason: number;
    response?: { prompt?: unknown; metadata?: { libraryVersion?: number } };
  }[] = results.results;
  const broken = rows.filter((row) => row.failureReason === 2);
  if (rows.length === 0 || broken.length > 0)
    throw new Error(`promptfoo eval: ${rows.length} rows, ${broken.length} errors: ${broken[0]?.error}`);
  const enhanced = rows.filter((row) => (row.response?.metadata?.libraryVersion ?? 0) > 0);
  if (enhanced.length * 2 !== rows.length)
    throw new Error(`${enhanced.length} of ${rows.length} rows carry the library`);

  console.log(report.split("\n")[1] ?? "");
  console.log(
    `pack-proof: trained and evaluated in an empty project; ${rows.length} rows, ${enhanced.length} with the library; package ${Math.round(statSync(tarball).size / 1024)} kB`,
  );
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** Baseline and enhanced side by side on an echo of the prompt: what reaches the agent is what is looked at. */
function evalConfig(): object {
  const provider = (label: string, library: unknown) => ({
    id: "package:promptfoo-grpo:ExperienceProvider",
    label,
    config: { provider: "echo", library },
  });
  return {
    prompts: ["file://prompt.json"],
    providers: [provider("baseline", "none"), provider("enhanced", { agent: "recorded" })],
    tests: "file://tests.json",
  };
}
