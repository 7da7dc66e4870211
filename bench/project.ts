import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TICKETS } from "./mock/task.ts";

export const PROMPT = "You answer customer tickets.";
/** Rollouts that learn are told from those that screen by their temperature, which the mock logs. */
export const TRAIN_TEMPERATURE = 0.7;
const AGENT_TEMPERATURE = 0.5;

/**
 * The training tickets that validate: taken from the 20 that rivals train on, spread evenly. The 10 held out are
 * nobody's to learn from.
 */
export function validationIds(count: number): string[] {
  const train = TICKETS.filter((one) => one.split === "train");
  const step = train.length / Math.max(1, count);
  return Array.from({ length: count }, (_, index) => train[Math.floor((index + 0.5) * step)]?.id ?? "");
}

export interface ProjectOptions {
  /** Of the model, without /v1. */
  url: string;
  concurrency: number;
  seed: number;
  /** Training tickets that are set aside to validate. */
  validation: number;
  /** With a sealed test of our own on the held-out tickets. */
  test: boolean;
  /** Named criteria as components, or the one reason that rivals get. */
  flat?: boolean;
  /** Whatever else stands under metadata.grpo. */
  settings: Record<string, unknown>;
  /** Copies of every training ticket, for a run of any length. */
  copies?: number;
  /** Characters that are put after every question. */
  padding?: number;
}

/** A project as a user has it, in a new folder: a promptfooconfig and the verifier. Returns the config's path. */
export function writeProject(folder: string, options: ProjectOptions): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(fileURLToPath(new URL("./verify.mjs", import.meta.url)), join(folder, "verify.mjs"));
  const path = join(folder, "promptfooconfig.yaml");
  writeFileSync(path, JSON.stringify(configOf(options), null, 1));
  return path;
}

function configOf({ url, concurrency, seed, settings, ...options }: ProjectOptions) {
  const config = { apiBaseUrl: `${url}/v1`, apiKey: "mock", temperature: AGENT_TEMPERATURE };
  return {
    prompts: [`${PROMPT}\n\n{{question}}`],
    providers: [{ id: "openai:chat:mock", config }],
    tests: testsOf(options),
    metadata: {
      grpo: { agent: "tickets", concurrency, seed, temperature: TRAIN_TEMPERATURE, ...settings },
    },
  };
}

function testsOf({
  validation,
  test,
  flat = false,
  copies = 1,
  padding = 0,
}: Pick<ProjectOptions, "validation" | "test" | "flat" | "copies" | "padding">) {
  const validating = new Set(validationIds(validation));
  const splitOf = (id: string): string => (validating.has(id) ? "validation" : "train");
  const pad = padding === 0 ? "" : ` ${"The customer wrote at length. ".repeat(Math.ceil(padding / 30))}`;
  return TICKETS.flatMap(({ id, split, criteria, question }) => {
    if (split === "heldout" && !test) return [];
    const own = split === "heldout" ? "test" : splitOf(id);
    return Array.from({ length: own === "train" ? copies : 1 }, (_, copy) => ({
      vars: { question: copy === 0 ? `${question}${pad}` : `${question} (${copy})${pad}` },
      metadata: { id: copy === 0 ? id : `${id}-${copy}`, split: own },
      assert: [{ type: "javascript", value: "file://verify.mjs", config: { criteria, flat } }],
    }));
  });
}
