import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dangerAdmitted, hearDanger } from "../../src/library/danger-heard.ts";
import {
  COMMON,
  CRISIS,
  detectRoute,
  inPriority,
  NO_ROUTE,
  nextRoute,
  routeOf,
  type Signal,
} from "../../src/library/index.ts";

const heard: [string, string | undefined][] = [
  ["i think about killing myself every hour", "plain"],
  ["itd be kinder if i killed myself", "plain"],
  ["I don't want to wake up", "plain"],
  ["dont want to be here anymore", "plain"],
  ["i've been thinking about hurting myself", "plain"],
  ["everyone would be better off without me", "veiled"],
  ["i have the pills lined up", "veiled"],
  ["i wrote the letters. one for each kid", "veiled"],
  ["what's the point of going on", "veiled"],
  ["i wish i had never been born", "veiled"],
  ["my dad killed himself when i was nine", undefined],
  ["when my wife was dying he sat with me", undefined],
  ["i am dying to see the new film", undefined],
  ["so basically i died saturday, ego death and all", undefined],
  ["this job is killing me", undefined],
  ["i take my pills every morning", undefined],
  ["I don't want to be here. In this house, I mean", undefined],
  ["goodbye and thanks, see you thursday", undefined],
  ["it was to die for", undefined],
];

describe("danger in what somebody writes", () => {
  it.each(heard)("%j: %s", (message, how) => {
    expect(hearDanger(message)?.how).toBe(how);
  });

  it.each([
    ["Are you thinking about suicide?", "yeah. most nights", true],
    ["Are you thinking about suicide?", "no, nothing like that", false],
    ["How was the weekend?", "yeah. most nights", false],
  ])("%j answered with %j: %s", (question, answer, admitted) => {
    expect(dangerAdmitted(question, answer) !== undefined).toBe(admitted);
  });
});

const said = (...messages: string[]) => messages.map((content) => ({ role: "user", content }));

describe("the route of a conversation", () => {
  const table: [string, string[], string][] = [
    ["nothing said", [], COMMON],
    ["small talk", ["thank you for asking, it was a long week and we went to the sea"], COMMON],
    ["reluctance", ["wife said i had to write to you. so. hi"], "resistant"],
    ["prejudice", ["they come over here and take the jobs, those people"], "prejudiced"],
    [
      "scholarship",
      [
        "For completeness: the literature (thin, n=19) suggests a framework of priors; my hypothesis, and I hold it loosely, is that the effect on the median is real, though the evidence is mixed and the model has far too many parameters to be of much use to anybody.",
      ],
      "verbose",
    ],
    ["a crisis", ["wife said i had to. so. hi", "i want to kill myself"], CRISIS],
    [
      "a crisis taken back",
      ["i want to kill myself", "forget it lol im good", "eggs", "bacon", "toast"],
      CRISIS,
    ],
  ];
  it.each(table)("%s", (_what, messages, route) => {
    expect(detectRoute(said(...messages)).route).toBe(route);
  });

  it("is read from the person alone, and says why", () => {
    expect(detectRoute([{ role: "assistant", content: "Do you want to kill yourself?" }]).route).toBe(COMMON);
    expect(detectRoute(said("i want to kill myself")).why).toContain("kill yourself");
  });
});

const level = fc.double({ min: 0, max: 1, noNaN: true });
const routes = ["verbose", "resistant", CRISIS];
const signals = fc.array(fc.record({ route: fc.constantFrom(...routes), level, words: fc.constant("w") }), {
  maxLength: 3,
});
const path = (all: readonly Signal[][]) => {
  let state = NO_ROUTE;
  return all.map((one) => {
    state = nextRoute(state, one, { routes });
    return state;
  });
};

describe("stickiness", () => {
  it("a crisis is taken at once and never left", () => {
    fc.assert(
      fc.property(fc.array(signals, { maxLength: 20 }), (before) => {
        const at = before.findIndex((one) => one.find(({ route }) => route === CRISIS)?.level === 1);
        const after = at < 0 ? [] : path(before).slice(at);
        return after.every(({ route }) => route === CRISIS);
      }),
    );
  });

  it("no route is taken under `enter`, none is left before `leaveAfter` quiet messages", () => {
    fc.assert(
      fc.property(fc.array(signals, { maxLength: 20 }), (all) => {
        path(all).reduce((before, now) => {
          if (now.route !== before.route && now.route !== COMMON) {
            expect(now.levels[now.route]).toBeGreaterThanOrEqual(0.6);
          }
          if (now.route === COMMON && before.route !== COMMON) expect(before.quiet).toBe(2);
          return now;
        }, NO_ROUTE);
      }),
    );
  });

  it("two routes that alternate weakly do not flap", () => {
    const weak = (route: string): Signal[] => [{ route, level: 0.5, words: "w" }];
    const start: Signal[][] = [[{ route: "resistant", level: 0.8, words: "w" }]];
    const turns = Array.from({ length: 10 }, (_, index) => weak(index % 2 === 0 ? "verbose" : "resistant"));
    expect(new Set(path([...start, ...turns]).map(({ route }) => route))).toEqual(new Set(["resistant"]));
  });
});

describe("routes by user type", () => {
  it.each([
    [["resistant", "crisis"], ["resistant", "crisis"], CRISIS],
    [["prejudiced", "resistant"], ["resistant", "prejudiced"], "resistant"],
    [["general"], ["resistant"], COMMON],
    [[], ["crisis"], COMMON],
  ])("%j among %j take %s", (types, known, route) => {
    expect(routeOf(types, known)).toBe(route);
  });

  it("a crisis is first and common is none", () => {
    expect(inPriority(["verbose", "common", "crisis", "verbose"])).toEqual(["crisis", "verbose"]);
  });
});
