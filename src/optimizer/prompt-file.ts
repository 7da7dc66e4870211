import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { hashOf } from "../runs/task.ts";

/** The learner's prompts, and the placeholders that each is given. */
const PLACEHOLDERS = {
  summary: ["query", "reply", "reward", "criteria"],
  principles: ["query", "rollouts", "experiences", "maxWords"],
  merge: ["principles", "maxWords"],
  revision: ["experiences", "principles", "maxOperations", "maxExperiences", "maxWords"],
  contrast: ["criterion", "scope", "reasons", "failed", "passed", "current", "maxWords"],
} as const;
export type PromptName = keyof typeof PLACEHOLDERS;

const FileSchema = z.strictObject({
  system: z.string().min(1),
  shots: z.array(z.strictObject({ user: z.string().min(1), assistant: z.string().min(1) })).default([]),
  user: z.string().min(1),
  /** Words that only the worked examples are about: an answer that uses one has copied them. */
  topics: z.array(z.string().min(1)).default([]),
});

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** A prompt of the learner: fills its placeholders and returns chat messages, what is stable first. */
export interface Prompt {
  (values: Record<string, string>): ChatMessage[];
  readonly topics: readonly string[];
  /** Of what the file says. */
  readonly hash: string;
}

export type Prompts = Record<PromptName, Prompt>;

/**
 * Loads the learner's prompts; a file in `replaced` takes the place of ours.
 * @throws GrpoError PROMPT_FILE_UNREADABLE, PROMPT_FILE_INVALID naming the file and the placeholder
 */
export async function loadPrompts(replaced: Partial<Record<PromptName, string>> = {}): Promise<Prompts> {
  const names = Object.keys(PLACEHOLDERS) as PromptName[];
  const entries = await Promise.all(
    names.map(async (name) => {
      const own = fileURLToPath(new URL(`./prompts/${name}.yaml`, import.meta.url));
      const path = replaced[name];
      return [name, await loadPrompt(name, path === undefined ? own : resolve(path))] as const;
    }),
  );
  return Object.fromEntries(entries) as Prompts;
}

async function loadPrompt(name: PromptName, path: string): Promise<Prompt> {
  const parsed = FileSchema.safeParse(await readYaml(path));
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error));
  const { system, shots, user, topics } = parsed.data;
  const known: readonly string[] = PLACEHOLDERS[name];
  const used = placeholdersIn(`${system}\n${user}`);
  const unknown = used.find((one) => !known.includes(one));
  if (unknown !== undefined)
    throw invalid(path, `it uses {{${unknown}}}, which is not one of ${known.join(", ")}`);
  const missing = known.find((one) => !used.includes(one));
  if (missing !== undefined) throw invalid(path, `it does not use {{${missing}}}`);
  const messages = (values: Record<string, string>): ChatMessage[] => [
    { role: "system", content: fill(system, values) },
    ...shots.flatMap((shot): ChatMessage[] => [
      { role: "user", content: shot.user.trim() },
      { role: "assistant", content: shot.assistant.trim() },
    ]),
    { role: "user", content: fill(user, values) },
  ];
  return Object.assign(messages, { topics, hash: hashOf(parsed.data) });
}

async function readYaml(path: string): Promise<unknown> {
  try {
    return load(await readFile(path, "utf8"));
  } catch (cause) {
    throw new GrpoError({
      code: "PROMPT_FILE_UNREADABLE",
      message: `The learner's prompt file cannot be read: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}.`,
      place: path,
      remedy: "Check metadata.grpo.prompts; paths are relative to the config.",
      cause,
    });
  }
}

const placeholdersIn = (text: string): string[] =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "");

/** One pass over the template only: what is filled in is data, and is never looked at for placeholders. */
function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "").trim();
}

const invalid = (path: string, detail: string): GrpoError =>
  new GrpoError({
    code: "PROMPT_FILE_INVALID",
    message: `The learner's prompt file is not valid: ${detail}.`,
    place: path,
    remedy: "See docs/prompts.md for the placeholders of each prompt.",
  });
