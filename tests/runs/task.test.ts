import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/runs/canonical.ts";
import { hashOf, type Task, taskId } from "../../src/runs/task.ts";

const task: Task = {
  stage: "rollout",
  id: "echo",
  config: "c0",
  prompt: '[{"role":"user","content":"hi"}]',
  temperature: 0.7,
  seed: 5,
  options: { b: [1, 2], a: { y: null, x: true } },
};

const shuffledKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffledKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, shuffledKeys(inner)]),
  );
};

describe("taskId", () => {
  it("is the same whatever order the keys were built in", () => {
    expect(taskId(shuffledKeys(task) as Task)).toBe(taskId(task));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
        expect(hashOf(shuffledKeys(fields))).toBe(hashOf(fields));
      }),
    );
  });

  it.each<[string, Partial<Task>]>([
    ["stage", { stage: "judge" }],
    ["model", { id: "echo2" }],
    ["config", { config: "c1" }],
    ["prompt, by one space", { prompt: '[{"role":"user","content":"hi "}]' }],
    ["temperature", { temperature: 0.8 }],
    ["temperature left to the agent", { temperature: null }],
    ["seed", { seed: 6 }],
    ["a number that becomes a text", { seed: "5" }],
    ["order inside an array", { options: { b: [2, 1], a: { y: null, x: true } } }],
    ["a nested field", { options: { b: [1, 2], a: { y: null, x: false } } }],
    ["one more field", { draw: "epoch 1" }],
  ])("differs for another %s", (_what, change) => {
    expect(taskId({ ...task, ...change })).not.toBe(taskId(task));
  });

  it("takes a field that is undefined for one that is absent, as JSON does", () => {
    expect(taskId({ ...task, extra: undefined })).toBe(taskId(task));
  });

  it("stays what it is: a journal outlives the process", () => {
    expect(taskId({ stage: "rollout", prompt: "hi" })).toBe(
      hashOf('{"prompt":"hi","stage":"rollout"}').slice(0, 32),
    );
    expect(canonicalJson({ b: 1, a: [{ d: 1, c: 2 }] })).toBe('{"a":[{"c":2,"d":1}],"b":1}');
  });
});
