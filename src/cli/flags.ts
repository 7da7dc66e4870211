import { type Command, InvalidArgumentError, Option } from "commander";

/** Readers of flag values; commander names the flag when one throws. */
export const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is needed");
  return value;
};
/** Of what must be there at least once. */
export const atLeastOne = (text: string): number => {
  const value = whole(text);
  if (value === 0) throw new InvalidArgumentError("at least 1 is needed");
  return value;
};
/** A share of the reward's range. */
export const share = (text: string): number => {
  const value = decimal(text);
  if (value > 1) throw new InvalidArgumentError("a number from 0 to 1 is needed");
  return value;
};
export const decimal = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("a number is needed");
  return value;
};

export const shares = (text: string): { validation: number; test: number } => {
  const [validation, test, more] = text.split(",").map(decimal);
  if (validation === undefined || test === undefined || more !== undefined)
    throw new InvalidArgumentError("two shares are needed: validation,test");
  return { validation, test };
};
/** How conversations are shared out between two versions: two positive numbers. */
export const parts = (text: string): [number, number] => {
  const [one = 0, two = 0, more] = text.split(",").map(decimal);
  if (one <= 0 || two <= 0 || more !== undefined)
    throw new InvalidArgumentError("two positive numbers are needed, for example 0.9,0.1");
  return [one, two];
};
export const named = (text: string, before: Record<string, string> = {}): Record<string, string> => {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("name=file is needed");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
};

/** Names from a fixed list, joined by commas. */
export const someOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): T[] =>
    text.split(",").map((one) => {
      const found = known.find((name) => name === one.trim());
      if (found === undefined) throw new InvalidArgumentError(`it is ${known.join(", ")}, joined by commas`);
      return found;
    });

/** Names joined by commas. */
export const list = (text: string): string[] =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

/** The flags that bound what all models of a command may use. */
export const withCaps = (command: Command): Command =>
  command
    .option("--max-cost <usd>", "stop before this is passed, all models together", decimal)
    .option("--max-calls <n>", "calls at most, all models together", atLeastOne)
    .option("--max-tokens <n>", "tokens in and out at most, all models together", atLeastOne)
    .option("--concurrency <n>", "calls in flight at most", whole);

/** Where libraries are kept; the config's own setting where nothing is said. */
export const storeOption = (): Option =>
  new Option("--store <kind>", "where libraries are kept: files, or PostgreSQL by GRPO_DATABASE_URL").choices(
    ["files", "postgres"],
  );

/** The flags of a command whose runs are on the disk. */
export const withResume = (command: Command): Command =>
  command
    .option(
      "--resume [run]",
      "go on with a run that was cut off (default: the newest of this agent and route)",
    )
    .option("--fork", "with --resume: a new run that begins with the answers of that one");

/** The same without what is undefined: a flag that was not given has no key. */
export const defined = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** What `--no-worse` accepts when it names no margin, in reward units. */
const MARGIN = 0.05;

/** Commander takes `--no-…` for the denial of an option; this one is an option of its own. */
export function noWorseOption(): Option {
  const option = new Option("--no-worse [margin]", "pass when a loss of more than this is ruled out");
  option.negate = false;
  return option.argParser(share);
}

export const marginOf = (noWorse: number | true | undefined): number | undefined =>
  noWorse === true ? MARGIN : noWorse;
