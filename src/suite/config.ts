import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { $RefParser } from "@apidevtools/json-schema-ref-parser";
import { load } from "js-yaml";
import { z } from "zod";
import { GrpoError } from "../library/error.ts";
import { onOneLine } from "./one-line.ts";

const NAMES = ["yaml", "yml", "json", "ts", "mts", "mjs", "js", "cjs"].map((ext) => `promptfooconfig.${ext}`);

/** What we look at of a promptfooconfig; everything else goes to promptfoo as it is. */
const ConfigSchema = z.looseObject({
  prompts: z.unknown().optional(),
  providers: z.unknown().optional(),
  tests: z.unknown().optional(),
  env: z.record(z.string(), z.coerce.string()).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  commandLineOptions: z
    .looseObject({ envPath: z.union([z.string(), z.array(z.string())]).optional() })
    .optional(),
});
export type Config = z.infer<typeof ConfigSchema>;

/** A config as promptfoo's CLI would resolve it: references followed, `{{env.X}}` filled, `targets` renamed. */
export interface LoadedConfig {
  readonly path: string;
  readonly folder: string;
  readonly config: Config;
}

/**
 * Reads a promptfooconfig (YAML, JSON, JavaScript or TypeScript). Never writes it.
 * @throws GrpoError CONFIG_NOT_FOUND, CONFIG_MALFORMED
 */
export async function loadConfig(path?: string): Promise<LoadedConfig> {
  const file = findConfig(path);
  const folder = dirname(file);
  loadEnvFile(join(folder, ".env"));
  const parsed = ConfigSchema.safeParse(await readRaw(file));
  if (!parsed.success) throw malformed(file, z.prettifyError(parsed.error));
  const config = parsed.data;
  for (const env of [config.commandLineOptions?.envPath ?? []].flat()) loadEnvFile(resolve(folder, env));
  // A JavaScript config holds live functions, which following references would lose.
  const whole = isScript(file) ? config : await dereference(config, file);
  const filled = ConfigSchema.parse(fillEnv(whole, { ...process.env, ...config.env }));
  const { targets, ...rest } = filled;
  return {
    path: file,
    folder,
    config: { ...rest, providers: rest.providers ?? targets, prompts: rest.prompts ?? ["{{prompt}}"] },
  };
}

function findConfig(path: string | undefined): string {
  const candidates = path === undefined ? NAMES.map((name) => resolve(name)) : [resolve(path)];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new GrpoError({
    code: "CONFIG_NOT_FOUND",
    message: path === undefined ? "There is no promptfooconfig here." : "The config file does not exist.",
    place: path ?? process.cwd(),
    remedy: "Name one with -c path/to/promptfooconfig.yaml, or make one with `npx promptfoo init`.",
  });
}

const isScript = (file: string): boolean => /\.[cm]?[jt]s$/.test(file);

async function readRaw(file: string): Promise<unknown> {
  try {
    if (isScript(file)) {
      const module: { default?: unknown } = await import(pathToFileURL(file).href);
      return typeof module.default === "function" ? await module.default() : module.default;
    }
    return load(await readFile(file, "utf8"), { filename: basename(file) }) ?? {};
  } catch (cause) {
    throw malformed(
      file,
      cause instanceof Error ? (cause.message.split("\n\n")[0] ?? "") : String(cause),
      cause,
    );
  }
}

async function dereference(config: Config, file: string): Promise<Config> {
  try {
    const whole: unknown = await new $RefParser().dereference(file, structuredClone(config), {
      resolve: { http: false },
    });
    return ConfigSchema.parse(whole);
  } catch (cause) {
    throw malformed(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** `{{ env.NAME }}` in config strings, as promptfoo fills it when it reads the file. Other templates are left alone. */
function fillEnv(value: unknown, env: Record<string, string | undefined>): unknown {
  if (typeof value === "string") {
    return value.replace(/\{\{-?\s*env\.(\w+)\s*-?\}\}/g, (whole, name: string) => env[name] ?? whole);
  }
  if (Array.isArray(value)) return value.map((inner) => fillEnv(inner, env));
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fillEnv(inner, env)]));
}

/** Variables that are already set win, as in promptfoo. */
function loadEnvFile(file: string): void {
  if (existsSync(file)) process.loadEnvFile(file);
}

function malformed(file: string, detail: string, cause?: unknown): GrpoError {
  const line = /\((\d+):\d+\)/.exec(detail)?.[1];
  return new GrpoError({
    code: "CONFIG_MALFORMED",
    message: `The config cannot be read: ${onOneLine(detail)}.`,
    place: line === undefined ? file : `${file}:${line}`,
    remedy: `Mend it and try \`npx promptfoo validate -c ${basename(file)}\`${extname(file) === "" ? " (a file ending is needed)" : ""}.`,
    cause,
  });
}
