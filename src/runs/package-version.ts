import { readFileSync } from "node:fs";

/** This package's version. Every start asks for it, so it is read by hand: zod would take longer than all else of `--help`. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const whole: unknown = JSON.parse(text);
  if (typeof whole === "object" && whole !== null && "version" in whole && typeof whole.version === "string")
    return whole.version;
  throw new Error("package.json names no version");
}
