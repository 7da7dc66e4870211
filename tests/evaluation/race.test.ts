import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { PairedExample } from "../../src/evaluation/arms.ts";
import { gate, hopeless } from "../../src/evaluation/gate.ts";
import { type Race, race } from "../../src/evaluation/race.ts";
import type { RolledArm } from "../../src/evaluation/roll.ts";
import { Runtime } from "../../src/runs/runtime.ts";
import type { Rollout } from "../../src/suite/rollout.ts";
import { example, pair, rollout } from "../support/rollout-makers.ts";

/** Answers every group from a table and notes what was asked; `arrive` decides when. */
const model = vi.hoisted(() => ({
  pairs: [] as PairedExample[],
  asked: [] as string[],
  fails: "",
  arrive: async (_label: string): Promise<void> => {},
}));
vi.mock("../../src/suite/rollouts.ts", () => ({
  rolloutGroup: async (_suite: unknown, _runtime: unknown, { id }: { id: string }, { draw }: RolledDraw) => {
    const label = `${draw} ${id}`;
    model.asked.push(label);
    await model.arrive(label);
    if (label === model.fails) throw new Error("the run must end");
    const found = model.pairs.find((one) => one.id === id);
    return draw === "baseline" ? found?.baseline : found?.enhanced;
  },
}));
type RolledDraw = { draw: "baseline" | "candidate" };

beforeEach(() => {
  Object.assign(model, { pairs: [], asked: [], fails: "", arrive: async () => {} });
});

function run(pairs: readonly PairedExample[], concurrency = 4, repeats = 1): Promise<Race> {
  Object.assign(model, { pairs, asked: [] });
  const arm = (draw: RolledDraw["draw"]): RolledArm =>
    ({
      suite: { settings: { concurrency }, examples: {} },
      sampling: { injection: undefined, repeats, draw },
    }) as unknown as RolledArm;
  const examples = pairs.map((one) => example(one.id, { persona: one.persona }));
  const runtime = new Runtime({ concurrency });
  return race(runtime, "validation", examples, [arm("baseline"), arm("candidate")], hopeless);
}
const candidateCalls = () => model.asked.filter((one) => one.startsWith("candidate")).length;
const judge = ({ pairs, rest }: Race) => gate(pairs, 1, rest);

const many = (n: number, baseline: Rollout, enhanced: (index: number) => Rollout): PairedExample[] =>
  Array.from({ length: n }, (_, index) => pair(`q${index}`, baseline, enhanced(index)));
const crisis = (must: number, other = 0.5) =>
  rollout(other, { headline: other, scores: { "names-line!": must } });

describe("a race", () => {
  it.each<[string, PairedExample[], number, RegExp]>([
    [
      "what is lost cannot be won back",
      many(20, rollout(0.5), () => rollout(0)),
      10,
      /^worse on validation: 0\.500 -> 0\.000 after 10 of 20 examples: it could no longer be accepted$/,
    ],
    [
      "a tie is all that is left",
      many(20, rollout(0.9), (index) => rollout(index < 2 ? 0 : 1)),
      2,
      /^worse .* after 2 of 20/,
    ],
    [
      "one candidate rollout is ungraded",
      many(20, rollout(0), (index) => rollout(index === 2 ? null : 1)),
      3,
      /^1 validation rollout is ungraded after 3 of 20/,
    ],
    [
      "a must-pass criterion fell where the current library meets it everywhere",
      many(20, crisis(1), () => crisis(0, 1)),
      1,
      /^must-pass criterion names-line got worse on validation: 1\.00 -> 0\.00 after 1 of 20/,
    ],
    [
      "the current library leaves nothing to win",
      many(20, rollout(1), () => rollout(1)),
      0,
      /^no better on validation: 1\.000 -> 1\.000 after 0 of 20/,
    ],
    [
      "a rollout of the current library is ungraded",
      [...many(5, rollout(0), () => rollout(1)), pair("x", rollout(null), rollout(1))],
      0,
      /^1 validation rollout is ungraded after 0 of 6/,
    ],
  ])("stops as soon as it is lost: %s", async (_what, pairs, used, reason) => {
    const result = await run(pairs);
    expect(result.pairs).toEqual(pairs.slice(0, used));
    expect(result.rest.map((one) => one.id)).toEqual(pairs.slice(used).map((one) => one.id));
    expect(result.stopped).toBe(true);
    expect(candidateCalls()).toBeLessThanOrEqual(used === 0 ? 0 : used + 3);
    const verdict = judge(result);
    expect(verdict).toMatchObject({ accepted: false, stopped: true, planned: pairs.length });
    expect(verdict.reason).toMatch(reason);
  });

  it.each<[string, PairedExample[], boolean]>([
    ["one that wins at the last", many(4, rollout(0.5), (index) => rollout(index === 3 ? 1 : 0.4)), true],
    [
      "a must-pass criterion that may still recover",
      [pair("a", crisis(1), crisis(0, 1)), pair("b", crisis(0), crisis(1, 1))],
      true,
    ],
    ["a tie that the last example makes", many(3, rollout(0), () => rollout(0)), false],
    ["nothing to compare", [], false],
  ])("goes to the end with %s", async (_what, pairs, accepted) => {
    const result = await run(pairs);
    expect(result).toEqual({ pairs, rest: [], stopped: false });
    const verdict = judge(result);
    expect(verdict).toMatchObject({ accepted, stopped: false, planned: pairs.length });
    expect(verdict.reason).not.toContain("no longer");
  });

  it("has a window of examples in flight, not waves: as many as keep all calls busy", async () => {
    let [now, most] = [0, 0];
    model.arrive = async (label) => {
      if (label.startsWith("baseline")) return;
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 2));
      now--;
    };
    const pairs = many(9, rollout(0), () => rollout(1));
    await run(pairs, 5, 2);
    expect(most).toBe(3);
    // A slow first example holds up none of the others.
    let release = (): void => {};
    model.arrive = (label) =>
      label === "candidate q0" ? new Promise((resolve) => (release = resolve)) : Promise.resolve();
    const slow = run(pairs, 2);
    await vi.waitFor(() => expect(candidateCalls()).toBe(9));
    release();
    expect((await slow).pairs).toEqual(pairs);
  });

  it("ends with the run, and begins nothing more", async () => {
    model.fails = "candidate q1";
    await expect(
      run(
        many(20, rollout(0), () => rollout(1)),
        2,
      ),
    ).rejects.toThrow("the run must end");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(candidateCalls()).toBeLessThanOrEqual(4);
  });
});

const score = fc.constantFrom(0, 0.1, 0.3, 0.5, 0.7, 1);
const anyRollout = fc
  .record({
    reward: fc.oneof({ weight: 30, arbitrary: score }, { weight: 1, arbitrary: fc.constant(null) }),
    headline: fc.oneof({ weight: 12, arbitrary: score }, { weight: 1, arbitrary: fc.constant(null) }),
    must: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 6, arbitrary: fc.constantFrom(0, 1) },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
  })
  .map(({ reward, headline, must }) =>
    rollout(reward, {
      headline: reward === null ? null : headline,
      scores: must === undefined ? {} : { "names-line!": must },
    }),
  );
const anyPairs = fc.integer({ min: 1, max: 2 }).chain((repeats) => {
  const group = fc.array(anyRollout, { minLength: repeats, maxLength: repeats });
  return fc
    .array(fc.tuple(group, group), { maxLength: 8 })
    .map((all) => all.map(([before, after], index) => pair(`q${index}`, before, after)));
});
const unasked = (pairs: readonly PairedExample[]) => pairs.map((one) => ({ ...one, enhanced: [] }));

describe("whatever the rollouts and the order in which they arrive", () => {
  it("the evidence is the shortest beginning that decides, and the verdict that of all rollouts", async () => {
    const seen = { accepted: 0, stopped: 0 };
    await fc.assert(
      fc.asyncProperty(
        anyPairs,
        fc.integer({ min: 1, max: 5 }),
        fc.scheduler(),
        async (pairs, width, order) => {
          model.arrive = (label) => order.schedule(Promise.resolve(), label);
          const result = await order.waitFor(run(pairs, width));
          const ends = pairs
            .map((_, k) => hopeless(pairs.slice(0, k), unasked(pairs.slice(k))))
            .indexOf(true);
          const used = ends === -1 ? pairs.length : ends;
          expect(result.pairs).toEqual(pairs.slice(0, used));
          expect(result.stopped).toBe(used < pairs.length);
          const [verdict, whole] = [judge(result), gate(pairs, 1)];
          expect(verdict.accepted).toBe(whole.accepted);
          expect(verdict.reason).toMatch(result.stopped ? /\w+ .*after \d of \d ex/ : /\w/);
          if (!result.stopped) expect(verdict).toEqual(whole);
          seen.accepted += Number(whole.accepted);
          seen.stopped += Number(result.stopped);
        },
      ),
      { numRuns: 400 },
    );
    expect(Math.min(seen.accepted, seen.stopped)).toBeGreaterThan(20);
  });
});
