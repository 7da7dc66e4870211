import { terminalText } from "../reports/terminal.ts";

/*
 * Everything that a command says goes through here: whatever text of others is in it, the terminal or the CI
 * runner prints it and obeys nothing. The progress display alone writes for itself, because it redraws.
 */

/** To standard output. */
export function print(text: string): void {
  process.stdout.write(terminalText(text));
}

/** To standard error. */
export function complain(text: string): void {
  process.stderr.write(terminalText(text));
}

/**
 * A line of JSON made by `safeJson`, of data that is redacted: no pattern of text may touch it any more.
 * @returns false when the reader is behind, as `write` has it
 */
export const printJson = (json: string): boolean => process.stdout.write(`${json}\n`);

/** Commands of our own to a CI's runner, one a line; what is in them is escaped already. */
export function command(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
