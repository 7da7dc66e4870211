import { readFileSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { hashOf } from "../runs/task.ts";

const SCRIPT = /^\.[cm]?[jt]s$/;
const DATA = new Set([".json", ".jsonl", ".yaml", ".yml", ".txt", ".md", ".csv", ".html", ".j2", ".njk"]);
/** Parts of Node.js that read nothing but their arguments. */
const PURE = /^(?:node:)?(?:path|url|util|crypto|assert|buffer|string_decoder|querystring)(?:\/|$)/;
/** Whatever code may ask that is not in its files: files, the environment, the network, the clock, chance. */
const OUTSIDE =
  /\b(?:process|fetch|eval|Function|global(?:This)?|Date|performance|random(?:UUID|Bytes|Int)?|WebSocket|createRequire|import\.meta|mainModule)\b/;
const ANY_IMPORT = /\b(?:from\s*|import\s*\(?\s*|require\s*\(\s*)(["'`])([^"'`]+)\1/g;
const COMPUTED_IMPORT = /\b(?:import|require)\s*\(\s*[^"'`\s]/;
const ENDINGS = ["", ".js", ".mjs", ".cjs", ".ts", ".json", "/index.js", "/index.ts"];

/** Whether a piece of JavaScript can only answer from what it is given. */
export const isSealedCode = (code: string): boolean =>
  !OUTSIDE.test(code) && !COMPUTED_IMPORT.test(code) && [...code.matchAll(ANY_IMPORT)].length === 0;

/**
 * The hashes of a file and of all that it imports, by path; undefined when what it does may depend on anything else.
 * Imported packages count as else: what is installed may change.
 */
export function sealedFiles(
  path: string,
  found = new Map<string, string>(),
): Map<string, string> | undefined {
  if (found.has(path)) return found;
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const text = readFileSync(path, "latin1");
  found.set(path, hashOf(text));
  const ending = extname(path).toLowerCase();
  // Data that names further files is read by rules that are promptfoo's.
  if (DATA.has(ending)) return text.includes("file://") ? undefined : found;
  if (!SCRIPT.test(ending) || OUTSIDE.test(text) || COMPUTED_IMPORT.test(text)) return undefined;
  for (const [, , name = ""] of text.matchAll(ANY_IMPORT)) {
    if (PURE.test(name)) continue;
    const file = name.startsWith(".") ? importedFile(join(dirname(path), name)) : undefined;
    if (file === undefined || sealedFiles(file, found) === undefined) return undefined;
  }
  return found;
}

/** The file that promptfoo means by `file://script.js:function`, from the working directory. */
export function referencedFile(reference: string): string | undefined {
  const named = resolve(reference.slice("file://".length));
  return [named, named.replace(/:\w+$/, "")].find(isFile);
}

const importedFile = (path: string): string | undefined =>
  ENDINGS.map((ending) => `${path}${ending}`).find(isFile);

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
