import { describe, expect, it } from "vitest";
import { countKinds, meanReward, teachingGroups, toGroup } from "../../src/optimizer/groups.ts";
import { example, group } from "../support/rollout-makers.ts";

describe("kinds of groups", () => {
  it.each([
    { rewards: [0, 1], kind: "informative", reward: 0.5 },
    { rewards: [0, 0, 0, 0, 1], kind: "informative", reward: 0.2 },
    { rewards: [0.5, 0.51], kind: "informative", reward: 0.505 },
    { rewards: [0.4, null, 0.6], kind: "informative", reward: 0.5 },
    { rewards: [0, 0, 0], kind: "all-bad", reward: 0 },
    // The reference takes this for informative (0 < mean < 1), though nothing in it differs.
    { rewards: [0.5, 0.5, 0.5, 0.5, 0.5], kind: "all-bad", reward: 0.5 },
    { rewards: [0.3, 0.1 + 0.2], kind: "all-bad", reward: 0.3 },
    { rewards: [0.5, 0.5, null], kind: "all-bad", reward: 0.5 },
    { rewards: [1, 1, 1], kind: "solved", reward: 1 },
    { rewards: [1, null, 1], kind: "solved", reward: 1 },
    { rewards: [1, null, null], kind: "incomplete", reward: 1 },
    { rewards: [0, null, null], kind: "incomplete", reward: 0 },
    { rewards: [null, null], kind: "incomplete", reward: null },
    { rewards: [0.5], kind: "all-bad", reward: 0.5 },
    { rewards: [1], kind: "solved", reward: 1 },
    { rewards: [null], kind: "incomplete", reward: null },
  ])("$rewards is $kind", ({ rewards, kind, reward }) => {
    const found = group("a", rewards);
    expect(found.kind).toBe(kind);
    expect(found.reward).toEqual(reward === null ? null : expect.closeTo(reward, 12));
    expect(found.rollouts).toHaveLength(rewards.length);
  });

  it("informative and all-bad groups teach", () => {
    const groups = [group("a", [0, 1]), group("b", [0, 0]), group("c", [1, 1]), group("d", [null, 1])];
    expect(teachingGroups(groups).map((one) => one.example.id)).toEqual(["a", "b"]);
    expect(countKinds(groups)).toEqual({ informative: 1, "all-bad": 1, solved: 1, incomplete: 1 });
  });

  it("means leave ungraded groups out", () => {
    expect(meanReward([group("a", [0, 1]), group("b", [null, null]), group("c", [1, 1])])).toBe(0.75);
    expect(meanReward([group("a", [null])])).toBeNull();
    expect(meanReward([])).toBeNull();
    expect(toGroup(example("a"), []).reward).toBeNull();
  });
});
