import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { REPOSITORY, workspace } from "../support/workspace.ts";

const AGENT = `
import { appendFileSync } from "node:fs";
const log = (line) => appendFileSync(new URL("./log", import.meta.url), line + "\\n");
export default class Agent {
  constructor(options) { this.config = options.config; }
  id() { return "slow"; }
  async callApi() {
    log("begun");
    // Something that keeps the process alive, as an open connection does.
    await new Promise((resolve) => setTimeout(resolve, this.config.ms));
    log("done");
    return { output: "hello", cost: 0.001 };
  }
}
`;

const config = (ms: number) => `
prompts: ["{{q}}"]
providers: [{ id: file://agent.mjs, config: { ms: ${ms} } }]
tests:
  - { vars: { q: a }, metadata: { split: train }, assert: [{ type: contains, value: x }] }
  - { vars: { q: b }, metadata: { split: validation }, assert: [{ type: contains, value: x }] }
metadata: { grpo: { agent: x, groupSize: 12, concurrency: 3, minSupport: 1, schedule: plain } }
`;

/** A run whose calls take so long, ended by these signals once its first calls are in flight. */
async function interrupted(ms: number, signals: readonly NodeJS.Signals[]) {
  const space = workspace({ "promptfooconfig.yaml": config(ms), "agent.mjs": AGENT });
  const child = spawn(
    process.execPath,
    [join(REPOSITORY, "src/cli/main.ts"), "train", "--display", "plain"],
    {
      cwd: space.folder,
      env: { PATH: process.env["PATH"], HOME: space.folder, NO_COLOR: "1", PROMPTFOO_DISABLE_TELEMETRY: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += String(text);
  });
  const lines = () => (existsSync(join(space.folder, "log")) ? space.read("log").trim().split("\n") : []);
  const ended = once(child, "exit");
  while (lines().length < 3 && child.exitCode === null) await sleep(20);
  const started = performance.now();
  for (const signal of signals) {
    child.kill(signal);
    await sleep(100);
  }
  const [code] = (await ended) as [number | null];
  const count = (word: string) => lines().filter((line) => line === word).length;
  return { code, stderr, begun: count("begun"), done: count("done"), ms: performance.now() - started };
}

/** A call that would hold a run for far longer than its grace of 8 s. */
const CALL_MS = 80_000;

describe("a run that is told to stop", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s finishes its calls in flight and begins no other", async (signal, code) => {
    const end = await interrupted(700, [signal]);
    expect(end.stderr).toContain("INTERRUPTED: The run was interrupted.");
    expect(end.stderr).toMatch(/stopping {4}calls in flight are being finished/);
    expect(end).toMatchObject({ code, begun: 3, done: 3 });
  });

  it("twice stops at once", async () => {
    const end = await interrupted(CALL_MS, ["SIGINT", "SIGINT"]);
    expect(end).toMatchObject({ code: 130, begun: 3, done: 0 });
    expect(end.ms).toBeLessThan(CALL_MS / 2);
  });

  it("waits no longer than 10 s for a call that does not answer", async () => {
    const end = await interrupted(CALL_MS, ["SIGINT"]);
    expect(end).toMatchObject({ code: 130, begun: 3, done: 0 });
    expect(end.ms).toBeLessThan(CALL_MS / 2);
  });
});
