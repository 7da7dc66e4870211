import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Engine } from "../../../src/providers/local-model/engine/engine.ts";
import { choosePlacement, type SlotView } from "../../../src/providers/local-model/engine/placement.ts";
import type { EngineRequest } from "../../../src/providers/local-model/engine/request.ts";
import { planStep } from "../../../src/providers/local-model/engine/step-plan.ts";
import { callSeed } from "../../../src/providers/local-model/seed.ts";
import { fakeBackend, toTokens } from "./fake-backend.ts";

function request(prompt: string, more: Partial<EngineRequest> = {}): EngineRequest {
  const sampling = { temperature: 0.7, topP: 0.95, topK: 40, seed: 1 };
  return { tokens: toTokens(prompt), sampling, maxTokens: 50, stops: [], ...more };
}

const shared = "You are a listener who takes time. ";

describe("Engine", () => {
  it("answers more calls than it has slots, each its own prompt", async () => {
    const { backend } = fakeBackend({ lanes: 2, slots: 2, answer: (prompt) => prompt.toUpperCase() });
    const engine = new Engine(backend);
    const prompts = Array.from({ length: 13 }, (_, i) => `prompt ${i}`);
    const answers = await Promise.all(prompts.map((prompt) => engine.complete(request(prompt))));
    expect(answers.map(({ text }) => text)).toEqual(prompts.map((prompt) => prompt.toUpperCase()));
    expect(answers[0]).toMatchObject({ finishReason: "stop", completionTokens: 8, evaluatedTokens: 8 });
  });

  it("starts waiting calls first in, first out", async () => {
    const { backend } = fakeBackend({ slots: 1 });
    const engine = new Engine(backend);
    const done: string[] = [];
    const ask = async (name: string) => {
      await engine.complete(request(name));
      done.push(name);
    };
    await Promise.all(["a", "b", "c", "d"].map(ask));
    expect(done).toEqual(["a", "b", "c", "d"]);
  });

  it("writes parallel answers in one batch a token, in slot order", async () => {
    const { backend, log } = fakeBackend({ slots: 3, answer: () => "12345" });
    const engine = new Engine(backend);
    await Promise.all(["abc", "def", "ghi"].map((prompt) => engine.complete(request(prompt))));
    // The last pass, in which the answers end, is logged after they are given.
    expect(log.batches.slice(0, 5)).toEqual(["0:3 1:3 2:3", ...Array(4).fill("0:1 1:1 2:1")]);
  });

  it("evaluates a shared prefix once and copies it to calls that wait for it", async () => {
    const { backend, log } = fakeBackend({ slots: 3 });
    const engine = new Engine(backend);
    const answers = await Promise.all(
      ["a", "b", "c"].map((query) => engine.complete(request(shared + query))),
    );
    expect(answers.map(({ evaluatedTokens }) => evaluatedTokens)).toEqual([36, 1, 1]);
    expect(log.copies).toEqual(["1<35", "2<35"]);
    const later = await engine.complete(request(`${shared}later`));
    expect(later.evaluatedTokens).toBe(5);
  });

  it("keeps the prefix of a cacheKey from other calls", async () => {
    const { backend } = fakeBackend({ slots: 3 });
    const engine = new Engine(backend);
    const learner = () => engine.complete(request(`${shared}lesson`, { cacheKey: "learner" }));
    expect((await learner()).evaluatedTokens).toBe(41);
    await Promise.all(
      Array.from({ length: 9 }, (_, i) => engine.complete(request(`${i} other prompt ${i}`))),
    );
    expect((await learner()).evaluatedTokens).toBe(1);
  });

  it("stops at max_tokens, at a stop text, and when JSON is whole", async () => {
    const { backend } = fakeBackend({
      answer: (prompt) => (prompt === "json" ? '{"a": {"b": 1}}   ' : "one. two. three."),
    });
    const engine = new Engine(backend);
    expect(await engine.complete(request("x", { maxTokens: 6 }))).toMatchObject({
      text: "one. t",
      finishReason: "length",
    });
    expect(await engine.complete(request("x", { stops: [". th", ". "] }))).toMatchObject({
      text: "one",
      finishReason: "stop",
    });
    const json = await engine.complete(request("json", { schema: { type: "object" } }));
    expect(json).toMatchObject({ text: '{"a": {"b": 1}}', finishReason: "stop" });
  });

  it("aborts a call that waits, one that runs, and leaves the others alone", async () => {
    const { backend } = fakeBackend({ slots: 1, answer: () => "a long answer" });
    const engine = new Engine(backend);
    const running = new AbortController();
    const waiting = new AbortController();
    const calls = [
      engine.complete(request("runs", { signal: running.signal })),
      engine.complete(request("waits", { signal: waiting.signal })),
      engine.complete(request("stays")),
    ];
    setTimeout(() => running.abort(new Error("stop running")), 3);
    waiting.abort(new Error("stop waiting"));
    const settled = await Promise.allSettled(calls);
    expect(
      settled.map((result) => (result.status === "rejected" ? result.reason.message : result.value.text)),
    ).toEqual(["stop running", "stop waiting", "a long answer"]);
  });

  it("fails one call without harming its neighbours, and goes on", async () => {
    const { backend } = fakeBackend({ slots: 2, failOn: "bad" });
    const engine = new Engine(backend);
    const settled = await Promise.allSettled(
      ["bad", "good", "good", "bad", "good"].map((p) => engine.complete(request(p))),
    );
    expect(settled.map(({ status }) => status)).toEqual([
      "rejected",
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
  });
});

describe("choosePlacement", () => {
  const slot = (held: string, more: Partial<SlotView> = {}): SlotView => ({
    busy: false,
    home: undefined,
    evaluated: toTokens(held),
    ...more,
  });
  const cases: [name: string, lanes: SlotView[][], cacheKey: string | undefined, expected: unknown][] = [
    [
      "the longest prefix",
      [[slot("pro"), slot("prompt"), slot("")]],
      undefined,
      { lane: 0, slot: 1, claim: false },
    ],
    [
      "the first of equals",
      [[slot("", { busy: true }), slot(""), slot("")]],
      undefined,
      { lane: 0, slot: 1, claim: false },
    ],
    [
      "the least busy lane",
      [
        [slot("prompt"), slot("", { busy: true })],
        [slot(""), slot("")],
      ],
      undefined,
      { lane: 1, slot: 0, claim: false },
    ],
    [
      "never another key's home",
      [[slot("prompt", { home: "k" }), slot("")]],
      undefined,
      { lane: 0, slot: 1, claim: false },
    ],
    ["nothing while all are busy", [[slot("", { busy: true })]], undefined, null],
    [
      "nothing while only a home is free",
      [[slot("", { home: "k" }), slot("", { busy: true })]],
      "other",
      null,
    ],
    ["its key's home", [[slot("prompt"), slot("", { home: "k" })]], "k", { lane: 0, slot: 1, claim: false }],
    ["a new home", [[slot(""), slot("prompt")]], "k", { lane: 0, slot: 0, claim: true }],
    ["no home in a lane of one", [[slot("")]], "k", { lane: 0, slot: 0, claim: false }],
  ];
  it.each(cases)("takes %s", (_name, lanes, cacheKey, expected) => {
    expect(choosePlacement(lanes, toTokens("prompt"), cacheKey)).toEqual(expected);
  });
});

describe("planStep", () => {
  it("bridges small gaps with idle slots and leaves wide ones", () => {
    const slots = planStep([
      { slot: 20, remaining: 0 },
      { slot: 2, remaining: 0 },
      { slot: 4, remaining: 0 },
    ]);
    expect(slots.map(({ slot, idle }) => `${slot}${idle ? "i" : ""}`)).toEqual(
      ["0i", "1i", "2", "3i", "4", "20"].slice(2),
    );
  });

  it("lets a lone short prompt trickle beside many answers, and reads others in equal parts", () => {
    const writing = Array.from({ length: 15 }, (_, slot) => ({ slot, remaining: 0 }));
    expect(planStep([...writing, { slot: 15, remaining: 5 }]).at(-1)?.tokens).toBe(1);
    expect(
      planStep([
        { slot: 0, remaining: 40 },
        { slot: 1, remaining: 30 },
      ]).map(({ tokens }) => tokens),
    ).toEqual([30, 30]);
  });

  it("always advances every slot, by no more than it has, within the batch", () => {
    const inputs = fc.uniqueArray(fc.record({ slot: fc.nat(31), remaining: fc.nat(2000) }), {
      selector: ({ slot }) => slot,
      minLength: 1,
    });
    fc.assert(
      fc.property(inputs, (given) => {
        const parts = planStep(given);
        for (const { slot, remaining } of given) {
          const part = parts.find((candidate) => candidate.slot === slot && !candidate.idle);
          expect(part?.tokens).toBeGreaterThan(0);
          expect(part?.tokens).toBeLessThanOrEqual(Math.max(1, remaining));
        }
        expect(parts.map(({ slot }) => slot)).toEqual(
          parts.map(({ slot }) => slot).toSorted((a, b) => a - b),
        );
        expect(parts.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(512);
      }),
    );
  });
});

describe("callSeed", () => {
  it("is a 31-bit function of seed and repeat, and keeps neighbours apart", () => {
    const seeds = [0, 1, 2].flatMap((seed) => [0, 1, 2].map((repeat) => callSeed(seed, repeat)));
    expect(new Set(seeds).size).toBe(9);
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)).toBe(true);
    expect(callSeed(7, 3)).toBe(callSeed(7, 3));
  });
});
