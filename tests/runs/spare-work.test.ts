import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SpareWork } from "../../src/runs/spare-work.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Places of which work takes as many as it has calls, until it is let go. */
function places(count: number) {
  let taken = 0;
  const begun: string[] = [];
  const spare = new SpareWork(() => count - taken);
  const job = (name: string, calls: number) => {
    const done = Promise.withResolvers<void>();
    return {
      calls,
      finish: () => {
        taken -= calls;
        done.resolve();
      },
      fail: () => {
        taken -= calls;
        done.reject(new Error("failed"));
      },
      work: async (entered: () => void) => {
        begun.push(name);
        for (let call = 0; call < calls; call++) {
          taken++;
          entered();
        }
        await done.promise;
      },
    };
  };
  const take = (more: number): void => {
    taken += more;
  };
  const soon = () => vi.advanceTimersByTimeAsync(20);
  return { spare, job, begun, soon, take };
}

it("begins in order, as long as a place is free", async () => {
  const { spare, job, begun, soon } = places(4);
  const jobs = [job("a", 2), job("b", 2), job("c", 2)] as const;
  spare.add(jobs);
  expect(begun).toEqual([]);
  await soon();
  expect(begun).toEqual(["a", "b"]);
  jobs[1].finish();
  await soon();
  expect(begun).toEqual(["a", "b", "c"]);
});

it("begins nothing while every place is taken, and looks when it is told", async () => {
  const { spare, job, begun, soon, take } = places(2);
  take(2);
  spare.add([job("a", 1)]);
  await soon();
  expect(begun).toEqual([]);
  take(-1);
  spare.lookSoon();
  await soon();
  expect(begun).toEqual(["a"]);
});

it("does not begin what was dropped, and minds no failure", async () => {
  const { spare, job, begun, soon } = places(1);
  const [first, second, third] = [job("a", 1), job("b", 1), job("c", 1)];
  spare.add([first, second, third]);
  await soon();
  spare.drop([second]);
  first.fail();
  await soon();
  expect(begun).toEqual(["a", "c"]);
});

it("counts a call on its way to a place as one that has taken it", async () => {
  const begun: string[] = [];
  const spare = new SpareWork(() => 2);
  const slow = (name: string) => ({ calls: 1, work: () => new Promise(() => void begun.push(name)) });
  spare.add([slow("a"), slow("b"), slow("c")]);
  await vi.advanceTimersByTimeAsync(20);
  expect(begun).toEqual(["a", "b"]);
});
