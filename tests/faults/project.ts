import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HistoryEntry, Look } from "../../src/library/index.ts";
import { openJournal } from "../../src/runs/journal-sqlite.ts";
import type { SettingsInput } from "../../src/suite/settings.ts";
import { flags, TESTS } from "../support/recorded-runs.ts";
import { configOf } from "../support/training-config.ts";
import { GRADE } from "../support/training-model.ts";
import { type Loss, lossOf } from "./loss.ts";
import { type Channel, keyOf, type ModelServer } from "./model-server.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = join(REPOSITORY, "dist/cli/main.js");
const PRELOAD = fileURLToPath(new URL("./preload.mjs", import.meta.url));

/** Calls side by side. */
export const CONCURRENCY = 4;

const SETTINGS = {
  ...flags,
  // A second try of a late call is a repeated one to whoever counts.
  hedge: false,
  concurrency: CONCURRENCY,
  prices: { "mock-agent": { input: 1, output: 10 }, "mock-learner": { input: 1, output: 10 } },
} satisfies Partial<SettingsInput>;

/** A write of the program, by what is written and how often it was. */
export interface WritePoint {
  name: string;
  nth: number;
  /** It can be cut in the middle. */
  torn: boolean;
}

export interface Start {
  /** Ends the process at a write. */
  die?: Pick<WritePoint, "name" | "nth"> & { when: "before" | "torn" | "after" };
  /** Where the writes are listed. */
  log?: string;
  /** Runs it as somebody else. */
  uid?: number;
  /** Called once the process runs; what it disturbs. */
  meanwhile?: (child: Running) => Promise<void>;
}

export interface Running {
  kill(signal: NodeJS.Signals): void;
  readonly ended: boolean;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  ms: number;
  /** Requests that this process made. */
  calls: number;
  loss: Loss;
}

/** What a run has to show for itself; times, costs and ids are left out. */
export interface Learned {
  library: string | null;
  history: unknown[];
  looks: unknown[];
}

/** A user's folder, with the real program to train in it. */
export class Project {
  readonly folder: string;
  readonly channel: Channel;
  /** Of every call in the journal when the last process ended. */
  keys: ReadonlySet<string> = new Set();

  private constructor(channel: Channel) {
    const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
    this.folder = realpathSync(mkdtempSync(join(memory, "grpo-faults-")));
    this.channel = channel;
  }

  static create(server: ModelServer, grpo: Partial<SettingsInput> = {}): Project {
    const project = new Project(server.channel());
    const { baseUrl } = project.channel;
    const agent = { id: "openai:chat:mock-agent", label: "agent", config: { apiBaseUrl: baseUrl } };
    const learner = { model: "mock-learner", baseUrl };
    const config = configOf(agent, TESTS, { ...SETTINGS, learner, ...grpo });
    project.write("promptfooconfig.yaml", JSON.stringify(config));
    project.write("grade.mjs", GRADE);
    return project;
  }

  /** The same files elsewhere, before the same server. */
  copy(): Project {
    const copy = new Project(this.channel);
    cpSync(this.folder, copy.folder, { recursive: true });
    copy.keys = this.keys;
    return copy;
  }

  /** `promptfoo-grpo train` as a process of its own. */
  async train(args: readonly string[], start: Start = {}): Promise<Ended> {
    const { die, log, uid, meanwhile } = start;
    const preload = die === undefined && log === undefined ? [] : ["--import", PRELOAD];
    const points = JSON.stringify({ root: this.folder, die, log });
    const before = this.channel.asked.length;
    const known = this.keys;
    const started = performance.now();
    const child = spawn(process.execPath, [...preload, PROGRAM, "train", "--display", "plain", ...args], {
      cwd: this.folder,
      env: { ...environment(this.folder), GRPO_WRITE_POINTS: points },
      stdio: ["ignore", "pipe", "pipe"],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].on("data", (chunk) => {
        text[stream] += String(chunk);
      });
    const over = once(child, "close");
    const running = {
      kill: (signal: NodeJS.Signals) => void child.kill(signal),
      get ended() {
        return child.exitCode !== null || child.signalCode !== null;
      },
    };
    await meanwhile?.(running);
    await over;
    const asked = this.channel.asked.slice(before);
    const now = this.journalled();
    const loss = lossOf(known, now, asked);
    this.keys = now ?? this.keys;
    const { exitCode: code, signalCode: signal } = child;
    return { code, signal, ...text, ms: performance.now() - started, calls: asked.length, loss };
  }

  /** The newest run's folder. */
  run(): string | undefined {
    const runs = join(this.folder, ".grpo/runs");
    const id = existsSync(runs) ? readdirSync(runs).sort().at(-1) : undefined;
    return id === undefined ? undefined : join(runs, id);
  }

  /** Whether there is something to resume; a run that was stopped before its manifest never began. */
  begun(): boolean {
    const run = this.run();
    return run !== undefined && existsSync(join(run, "manifest.json"));
  }

  manifest(): { status: string; code: string | null; usage: { calls: number } | null } {
    return JSON.parse(readFileSync(join(this.run() ?? "", "manifest.json"), "utf8"));
  }

  /**
   * Calls in the journal by stage; null where it cannot be read. A copy is read: opening mends what a kill
   * left, which is for the program to do.
   */
  stages(): Record<string, number> | null {
    return this.#journal((entries) => {
      const found: Record<string, number> = {};
      for (const { kind, stage } of entries) if (kind === "result") found[stage] = (found[stage] ?? 0) + 1;
      return found;
    });
  }

  journalled(): Set<string> | null {
    return this.#journal((entries) => {
      const keys = new Set<string>();
      for (const entry of entries) {
        if (entry.kind !== "result") continue;
        const { prompt, seed, body } = entry.task as { prompt?: string; seed?: number; body?: string };
        const asked = body === undefined ? { messages: JSON.parse(prompt ?? "[]"), seed } : JSON.parse(body);
        keys.add(keyOf(asked.seed, asked.messages));
      }
      return keys;
    });
  }

  #journal<T>(read: (entries: ReturnType<ReturnType<typeof openJournal>["entries"]>) => T): T | null {
    const run = this.run();
    if (run === undefined || !existsSync(join(run, "journal.sqlite"))) return null;
    const copy = mkdtempSync(join(tmpdir(), "grpo-faults-copy-"));
    try {
      for (const name of readdirSync(run)) cpSync(join(run, name), join(copy, name));
      const journal = openJournal(join(copy, "journal.sqlite"), "read");
      try {
        return read(journal.entries());
      } finally {
        journal.close();
      }
    } catch {
      return null;
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }

  learned(): Learned {
    const lines = (this.read("experiences/tested/common.history.jsonl") ?? "")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as HistoryEntry | Look);
    return {
      library: this.read("experiences/tested/common.md"),
      history: lines
        .filter((line) => line.status !== "look")
        .map(({ at: _at, costUsd: _cost, run, ...entry }) => ({ ...entry, entry: run?.entry })),
      looks: lines.filter((line) => line.status === "look").map(({ at: _at, run: _run, ...look }) => look),
    };
  }

  read(path: string): string | null {
    const file = join(this.folder, path);
    return existsSync(file) ? readFileSync(file, "utf8") : null;
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.folder, path, ".."), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  append(path: string, text: string): void {
    appendFileSync(join(this.folder, path), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function environment(folder: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    OPENAI_API_KEY: "a-key",
    PROMPTFOO_CONFIG_DIR: join(folder, ".promptfoo"),
    PROMPTFOO_DISABLE_TELEMETRY: "1",
    PROMPTFOO_DISABLE_UPDATE: "1",
    PROMPTFOO_DISABLE_REMOTE_GENERATION: "1",
    NO_COLOR: "1",
    // Several hundred processes start in a minute each: compiled code is kept between them.
    NODE_COMPILE_CACHE: join(tmpdir(), "grpo-faults-compiled"),
  };
}
