import { isDeepStrictEqual } from "node:util";
import { binaryTag, CORE_SCHEMA, load, mergeTag, omapTag, pairsTag, timestampTag } from "js-yaml";
import { isMap, isNode, isSeq, parseDocument } from "yaml";
import { isOutgrown } from "./yaml-limits.ts";

/** One chat message with all its fields, known and unknown. */
type Message = Record<string, unknown>;

/** As promptfoo reads YAML prompts. */
const PROMPT_SCHEMA = CORE_SCHEMA.withTags(mergeTag, binaryTag, timestampTag, omapTag, pairsTag);

/** The messages of a JSON or YAML chat prompt, or null when it is none. */
export function readChat(prompt: string): Message[] | null {
  const value = /^\s*[[{]/.test(prompt)
    ? parsedJson(prompt)
    : prompt.trim().startsWith("- role:")
      ? loadYaml(prompt)
      : undefined;
  const messages = isRecord(value) ? value["messages"] : value;
  return isChat(messages) ? messages : null;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON chat prompt with the block in its system message, or null when the prompt is no JSON chat. */
export function injectIntoJsonChat(prompt: string, block: string): string | null {
  if (!/^\s*[[{]/.test(prompt)) return null;
  const value = parsedJson(prompt);
  if (isChat(value)) return JSON.stringify(withBlock(value, block));
  if (!isRecord(value) || !isChat(value["messages"])) return null;
  return JSON.stringify({ ...value, messages: withBlock(value["messages"], block) });
}

/** The YAML chat prompt (`- role: …`) with the block in its system message, or null when it is no YAML chat. */
export function injectIntoYamlChat(prompt: string, block: string): string | null {
  if (!prompt.trim().startsWith("- role:")) return null;
  const messages = loadYaml(prompt);
  if (!isChat(messages)) return null;
  const wanted = withBlock(messages, block);
  const spliced = spliceYaml(prompt, messages, wanted);
  // Anchors and other rarities can make a local splice change more than its place; JSON says the same safely.
  return isDeepStrictEqual(loadYaml(spliced), wanted) ? spliced : JSON.stringify(wanted);
}

function loadYaml(text: string): unknown {
  try {
    const value = load(text, { schema: PROMPT_SCHEMA });
    // Nested aliases in somebody's words would fill the memory: such a text is a plain one.
    return isOutgrown(value, text.length) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isChat(value: unknown): value is Message[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((message) => isRecord(message) && typeof message["role"] === "string");
}

/** The first system or developer message whose content can be appended to; -1 when there is none. */
function systemIndex(messages: readonly Message[]): number {
  return messages.findIndex(({ role, content }) => {
    if (role !== "system" && role !== "developer") return false;
    return content === undefined || content === null || typeof content === "string" || Array.isArray(content);
  });
}

function withBlock(messages: readonly Message[], block: string): Message[] {
  const at = systemIndex(messages);
  const system = messages[at];
  if (system === undefined) return [{ role: "system", content: block }, ...messages];
  return messages.with(at, { ...system, content: appendTo(system["content"], block) });
}

function appendTo(content: unknown, block: string): unknown {
  if (typeof content === "string") return content === "" ? block : `${content}\n\n${block}`;
  if (!Array.isArray(content)) return block;
  const parts: unknown[] = content;
  const last = parts.findLastIndex((part) => isRecord(part) && typeof part["text"] === "string");
  const part = parts[last];
  // The last text part keeps its other fields: a cache mark there still covers the whole system message.
  if (!isRecord(part)) return [...parts, { type: "text", text: block }];
  return parts.with(last, { ...part, text: appendTo(part["text"], block) });
}

function spliceYaml(prompt: string, messages: readonly Message[], wanted: readonly Message[]): string {
  const at = systemIndex(messages);
  const first = prompt.indexOf("-");
  if (at === -1) {
    const indent = " ".repeat(first - (prompt.lastIndexOf("\n", first) + 1));
    const content = yamlFlow(wanted[0]?.["content"]);
    return `${prompt.slice(0, first)}- role: system\n${indent}  content: ${content}\n${indent}${prompt.slice(first)}`;
  }
  const list = parseDocument(prompt, { logLevel: "silent" }).contents;
  const message = isSeq(list) ? list.items[at] : undefined;
  const content = isMap(message) ? message.get("content", true) : undefined;
  const range = isNode(content) ? content.range : undefined;
  if (range === undefined || range === null) return prompt;
  const old = prompt.slice(range[0], range[1]);
  const lineEnd = /\r?\n$/.exec(old)?.[0] ?? "";
  const space = range[0] > 0 && !/\s/.test(prompt[range[0] - 1] ?? "") ? " " : "";
  const spliced = `${space}${yamlFlow(wanted[at]?.["content"])}${lineEnd}`;
  return prompt.slice(0, range[0]) + spliced + prompt.slice(range[1]);
}

/** JSON is YAML's flow style, once characters that YAML does not print are escaped. */
function yamlFlow(value: unknown): string {
  return JSON.stringify(value ?? null).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
