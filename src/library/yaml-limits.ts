import { load, YAMLException } from "js-yaml";

/**
 * Whether data read from a YAML text of this length is so much larger than the text that only nested aliases
 * can have made it: a text without aliases has fewer values than characters. Looking stops at the limit.
 */
export function isOutgrown(value: unknown, length: number): boolean {
  let left = 10 * length + 1000;
  const count = (one: unknown): boolean => {
    left -= 1;
    if (left < 0) return true;
    return typeof one === "object" && one !== null && Object.values(one).some(count);
  };
  return count(value);
}

/**
 * Whether collections stand in one another more than 100 levels deep. The parser that knows where things stand
 * takes minutes for such a text, and then runs out of stack; this one says so at once.
 */
export function isTooDeep(text: string): boolean {
  try {
    load(text);
    return false;
  } catch (error) {
    return error instanceof YAMLException && error.message.includes("maxDepth");
  }
}
