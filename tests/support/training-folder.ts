import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { GrpoError, type HistoryEntry, type Look } from "../../src/library/index.ts";
import { filesOf, readHistory } from "../../src/library/store-files.ts";
import { inRecordedRun } from "../../src/optimizer/recorded-run.ts";
import { type ResumeFlags, requestOf } from "../../src/optimizer/run-request.ts";
import { type TrainingResult, train } from "../../src/optimizer/train.ts";
import { openTraining } from "../../src/optimizer/training-run.ts";
import type { RunEvent } from "../../src/runs/events.ts";
import { Runtime, type RuntimeOptions } from "../../src/runs/runtime.ts";
import type { SettingsInput } from "../../src/suite/settings.ts";
import { loadSuite } from "../../src/suite/suite.ts";
import { configOf, type TrainingTest, trainingTests } from "./training-config.ts";
import { AGENT, GRADE } from "./training-model.ts";
import type { Behaviour } from "./training-replies.ts";

/** What `agent.mjs` is told; times are milliseconds, patterns are looked for in the question. */
export interface AgentConfig extends Behaviour {
  /** Longest random wait before an answer. */
  latency?: number;
  fails?: string;
  /** Questions that fail as long as a file `outage` lies in the folder. */
  outage?: string;
  error?: string;
  cost?: number;
  /** What the learner answers instead of its own words. */
  learner?: string;
}

/** One call of the model: as learner (with the schema's name) or as agent. */
export interface LoggedCall {
  learner: string | null;
  prompt: string;
  seed: number | null;
}

/** How a run on the disk is disturbed; each throws as a kill would, and nothing is written from then on. */
export interface RecordedOptions extends ResumeFlags {
  flags?: Partial<SettingsInput>;
  runtime?: Partial<RuntimeOptions>;
  /** The journal's writes after which the run ends. */
  writes?: number;
  /** The library's writes (versions, rejected candidates, looks) after which the run ends. */
  storeWrites?: number;
}

export interface TrainingFolder {
  readonly folder: string;
  /** `promptfoo-grpo train` in this folder, without the command line. */
  train(options?: {
    flags?: Partial<SettingsInput>;
    runtime?: Partial<RuntimeOptions>;
  }): Promise<{ result: TrainingResult; runtime: Runtime; events: RunEvent[] }>;
  /** The same with journal and manifest on the disk. */
  trainRecorded(
    options?: RecordedOptions,
  ): Promise<{ result: TrainingResult; runtime: Runtime; notes: string[]; written: number }>;
  calls(): LoggedCall[];
  /** The library's text; null when none was written. */
  library(): string | null;
  history(): HistoryEntry[];
  looks(): Look[];
  write(path: string, text: string): void;
  remove(path: string): void;
}

/** A folder in memory, where there is one: hundreds of runs would wait for the disk most of the time. */
const memory = (): string | undefined => ["/dev/shm"].find((path) => existsSync(path));

/**
 * A temporary folder with a promptfooconfig, a grader and a small deterministic model: by itself it sometimes
 * does well while it explores, and always once its prompt says so.
 */
export function trainingFolder(
  agent: AgentConfig = {},
  tests: readonly TrainingTest[] = trainingTests(1),
): TrainingFolder {
  const home = process.cwd();
  const folder = realpathSync(mkdtempSync(join(memory() ?? tmpdir(), "grpo-training-")));
  onTestFinished(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const read = (path: string): string | null => {
    try {
      return readFileSync(join(folder, path), "utf8");
    } catch {
      return null;
    }
  };
  const lines = (path: string): unknown[] =>
    (read(path) ?? "")
      .split("\n")
      // What follows the last line's end is a line that a process is still writing.
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  const files = filesOf({ root: join(folder, "experiences"), agent: "tested", route: "common" });
  write("agent.mjs", AGENT);
  write("grade.mjs", GRADE);
  write(
    "promptfooconfig.yaml",
    JSON.stringify(configOf({ id: "file://agent.mjs", label: "agent", config: agent }, tests)),
  );
  return {
    folder,
    write,
    remove: (path) => rmSync(join(folder, path), { recursive: true }),
    calls: () => lines("calls.jsonl") as LoggedCall[],
    library: () => read("experiences/tested/common.md"),
    history: () => readHistory(files).entries,
    looks: () => readHistory(files).looks,
    train: async ({ flags = {}, runtime: options = {} } = {}) => {
      const events: RunEvent[] = [];
      const suite = await loadSuite(join(folder, "promptfooconfig.yaml"), flags);
      const runtime = new Runtime({
        concurrency: 8,
        hedge: false,
        backoffMs: 0,
        events: (event) => events.push(event),
        ...options,
      });
      return { result: await train(await openTraining(suite, runtime)), runtime, events };
    },
    trainRecorded: async ({ flags = {}, runtime: options = {}, writes, storeWrites, ...resume } = {}) => {
      const notes: string[] = [];
      const load = (given: Partial<SettingsInput>) => loadSuite(join(folder, "promptfooconfig.yaml"), given);
      const { suite, request } = await requestOf("train", flags, resume, load);
      const { concurrency, maxCostUsd, maxCalls, maxTokens, prices } = suite.settings;
      const events = (event: RunEvent) => event.type === "note" && notes.push(event.text);
      const caps = { maxCostUsd, maxCalls, maxTokens };
      const runtime = new Runtime({
        concurrency,
        ...caps,
        prices,
        hedge: false,
        backoffMs: 0,
        events,
        ...options,
      });
      const end = endingAfter(
        writes ?? Number.POSITIVE_INFINITY,
        () => new GrpoError({ code: "KILLED", message: "killed", remedy: "resume" }),
      );
      const keepIn = runtime.keepIn.bind(runtime);
      runtime.keepIn = (journal) =>
        keepIn({
          ...journal,
          get: journal.get,
          record: (...entry) => end.around(() => journal.record(...entry)),
        });
      const opened = await openTraining(suite, runtime);
      const stopped = endingAfter(storeWrites ?? Number.POSITIVE_INFINITY, () => new Error("killed"));
      const { commit, recordRejected, recordLook, recordQuarantined } = opened.store;
      const store = {
        ...opened.store,
        commit: (...given: Parameters<typeof commit>) => stopped.around(() => commit(...given)),
        recordRejected: (...given: Parameters<typeof recordRejected>) =>
          stopped.around(() => recordRejected(...given)),
        recordLook: (...given: Parameters<typeof recordLook>) => stopped.around(() => recordLook(...given)),
        recordQuarantined: (...given: Parameters<typeof recordQuarantined>) =>
          stopped.around(() => recordQuarantined(...given)),
      };
      const result = await inRecordedRun({ ...opened, store }, request, train);
      return { result, runtime, notes, written: end.count() };
    },
  };
}

/** Lets `n` writes through and ends with the last of them; none comes after it. */
function endingAfter(n: number, ended: () => Error) {
  let count = 0;
  const last = <T>(value: T): T => {
    if (count >= n) throw ended();
    return value;
  };
  return {
    count: () => count,
    around: <T>(write: () => T): T => {
      if (count >= n) throw ended();
      count++;
      const written = write();
      return written instanceof Promise ? (written.then(last) as T) : last(written);
    },
  };
}
