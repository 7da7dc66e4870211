import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_RULE_SETTINGS } from "../../src/assertions/criterion.ts";
import { endedBy, moved, type Stance, stanceOf, startingState } from "../../src/simulation/persona-state.ts";

const stance = fc.constantFrom<Stance>("pushed", "validated", "heard", "ignored");
const userTypes = fc.subarray(["general", "resistant", "verbose", "crisis", "prejudiced"]);

describe("a persona's state", () => {
  it("stays within 0..1, and is the same for the same seed", () => {
    fc.assert(
      fc.property(userTypes, fc.nat(), fc.array(stance, { maxLength: 40 }), (types, seed, stances) => {
        const walk = () =>
          stances.reduce((state, one) => moved(state, one, types), startingState(types, seed));
        const state = walk();
        expect(walk()).toEqual(state);
        for (const value of [state.openness, state.patience]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("opens to whoever validates and shuts to whoever pushes", () => {
    fc.assert(
      fc.property(userTypes, fc.nat(), (types, seed) => {
        const start = startingState(types, seed);
        expect(moved(start, "validated", types).openness).toBeGreaterThan(start.openness);
        expect(moved(start, "pushed", types).openness).toBeLessThanOrEqual(start.openness);
        expect(moved(start, "pushed", types).patience).toBeLessThan(start.patience);
      }),
    );
  });

  it("leaves whoever pushes, and is content with whoever validates, within a conversation's length", () => {
    fc.assert(
      fc.property(
        userTypes,
        fc.nat(),
        fc.constantFrom<Stance>("pushed", "validated"),
        (types, seed, always) => {
          let state = startingState(types, seed);
          let ended: string | undefined;
          for (let said = 0; said < 12 && ended === undefined; said++) {
            state = moved(state, always, types);
            ended = endedBy(state, said + 1);
          }
          expect(ended).toBe(always === "pushed" ? "left" : "content");
        },
      ),
    );
  });

  it("is told apart by the rules", () => {
    const situation = {
      client: "my dad died and i fixed the furnace",
      turns: [],
      truncated: false,
      settings: DEFAULT_RULE_SETTINGS,
    };
    const cases: [string, Stance][] = [
      ["You should write a journal about your dad.", "pushed"],
      ["It sounds like you feel sad about your dad. What was he like?", "validated"],
      ["The furnace. What happened then?", "heard"],
      ["Good evening.", "ignored"],
    ];
    for (const [reply, expected] of cases) expect(stanceOf(reply, situation), reply).toBe(expected);
  });
});
