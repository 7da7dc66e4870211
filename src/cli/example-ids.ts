import { existsSync, readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";

/**
 * Ids of examples: joined by commas, or in a file, one a line, as a JSON list, or as `dataset add` prints them
 * (`+ id: where from`; what else it prints is passed over).
 */
export function exampleIds(text: string): string[] {
  const ids = existsSync(text) ? idsIn(readFileSync(text, "utf8")) : text.split(",");
  const found = [...new Set(ids.map((one) => one.trim()).filter((one) => one !== ""))];
  if (found.length === 0) throw new InvalidArgumentError("no id is in it");
  return found;
}

function idsIn(source: string): string[] {
  if (source.trimStart().startsWith("[")) {
    try {
      const value: unknown = JSON.parse(source);
      if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    } catch {
      // Said below.
    }
    throw new InvalidArgumentError("the file begins as a JSON list and is none of ids");
  }
  const lines = source.split(/\r?\n/);
  const added = lines.flatMap((line) => /^\+ ([^\s:]+): /.exec(line)?.[1] ?? []);
  return added.length > 0 ? added : lines.filter((line) => !line.startsWith("#"));
}
