import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { GrpoError } from "../../src/library/error.ts";
import { Runtime } from "../../src/runs/runtime.ts";
import type { CallUsage } from "../../src/runs/usage.ts";

const usage: CallUsage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0, costUsd: 0 };

describe("groups", () => {
  it("begin in order, no more than twice as many as there are places, and keep every place taken", async () => {
    const runtime = new Runtime({ concurrency: 3 });
    const begun: number[] = [];
    const under: number[] = [];
    let [alive, inFlight] = [0, 0];
    const calls: (() => void)[] = [];
    const call = () =>
      runtime.limiter.call("rollout", async () => {
        inFlight++;
        await new Promise<void>((resolve) => calls.push(resolve));
        inFlight--;
        return { ok: true, value: 1, usage };
      });
    const groups = Array.from({ length: 20 }, (_, nth) =>
      runtime.group(async () => {
        begun.push(nth);
        under.push(++alive);
        // One call is all that most of its life a group waits for.
        await call();
        alive--;
      }),
    );
    const all = Promise.all(groups);
    for (let done = 0; done < 20; done++) {
      while (calls.length === 0) await turn();
      for (let wait = 0; wait < 20; wait++) await turn();
      expect(inFlight).toBe(Math.min(3, 20 - done));
      calls.shift()?.();
    }
    await all;
    expect(begun).toEqual(begun.map((_, nth) => nth));
    expect(Math.max(...under)).toBe(6);
  });

  it("do not begin once the run was stopped", async () => {
    const runtime = new Runtime({ concurrency: 1 });
    const error = new GrpoError({ code: "ENDED", message: "It ended.", remedy: "None." });
    let begun = 0;
    const groups = Array.from({ length: 5 }, () =>
      runtime.group(async () => {
        begun++;
        await turn();
        runtime.stop(error);
      }),
    );
    const ends = await Promise.allSettled(groups);
    expect(begun).toBe(2);
    expect(ends.slice(2)).toEqual([1, 2, 3].map(() => ({ status: "rejected", reason: error })));
  });
});
