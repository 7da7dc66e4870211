import { describe, expect, it } from "vitest";
import { adaptTests } from "../../src/datasets/adapter.ts";
import type { GrpoError } from "../../src/library/error.ts";

const error = (act: () => unknown): GrpoError => {
  try {
    act();
  } catch (caught) {
    return caught as GrpoError;
  }
  return expect.fail("nothing was thrown");
};
const asked = (query: string, metadata?: Record<string, unknown>) => ({
  vars: { query },
  ...(metadata && { metadata }),
});
const many = (persona: string, n: number, over: Record<string, unknown> = {}) =>
  Array.from({ length: n }, (_, i) => asked(`${persona} ${i}`, { persona, ...over }));
const splitsOf = (tests: readonly unknown[], seed = 0) => adaptTests(tests, { seed }).map((one) => one.split);

describe("adaptTests ids", () => {
  it("takes metadata.id, else a hash that does not depend on key order or place", () => {
    const assert = [{ type: "contains", value: "x" }];
    const a = { vars: { q: "1", r: "2" }, description: "d", assert };
    const b = { assert, description: "d", vars: { r: "2", q: "1" }, metadata: { split: "train" } };
    const [first] = adaptTests([a]);
    expect(first?.id).toMatch(/^[0-9a-f]{12}$/);
    expect(adaptTests([asked("other"), b])[1]?.id).toBe(first?.id);
    expect(adaptTests([{ ...a, metadata: { id: "mine" } }])[0]?.id).toBe("mine");
    expect(adaptTests([{ ...a, metadata: { id: 7 } }])[0]?.id).toBe("7");
  });

  it("does not depend on a loaded grader's keys and state", () => {
    const graded = (apiKey: string) => {
      const provider: Record<string, unknown> = {
        id: () => "openai:judge",
        callApi: async () => ({}),
        apiKey,
      };
      provider["self"] = provider;
      return { vars: { q: "1" }, assert: [{ type: "llm-rubric", value: "kind", provider }] };
    };
    expect(adaptTests([graded("a")])[0]?.id).toBe(adaptTests([graded("b")])[0]?.id);
  });

  it.each([
    ["the same metadata.id", [asked("a", { id: "x" }), asked("b", { id: "x" })], "tests[1]"],
    ["the same test", [asked("a"), asked("b"), asked("a")], "tests[2]"],
  ])("refuses %s twice", (_name, tests, place) => {
    expect(error(() => adaptTests(tests))).toMatchObject({ code: "TEST_ID_DUPLICATE", place, exitCode: 3 });
  });

  it("names a given place", () => {
    const act = () => adaptTests([asked("a"), asked("a")], { places: ["t.yaml:1", "t.yaml:9"] });
    expect(error(act).describe()).toMatch(/t\.yaml:9: .*t\.yaml:1/);
  });
});

describe("adaptTests variables", () => {
  it("makes an example of every combination of string lists, as promptfoo makes tests", () => {
    const test = {
      vars: { a: ["1", "2"], b: ["x", "y"], turns: [{ role: "user" }], c: "z" },
      metadata: { id: "t" },
    };
    const adapted = adaptTests([test]);
    expect(adapted.map((one) => [one.id, one.test.vars])).toEqual([
      ["t~1", { a: "1", b: "x", turns: [{ role: "user" }], c: "z" }],
      ["t~2", { a: "1", b: "y", turns: [{ role: "user" }], c: "z" }],
      ["t~3", { a: "2", b: "x", turns: [{ role: "user" }], c: "z" }],
      ["t~4", { a: "2", b: "y", turns: [{ role: "user" }], c: "z" }],
    ]);
    expect(adaptTests([{ ...test, options: { disableVarExpansion: true } }])).toHaveLength(1);
  });

  it("numbers variants that promptfoo has made, and only those", () => {
    const metadata = { id: "t" };
    const variants = [asked("a", metadata), asked("b", metadata)];
    expect(adaptTests(variants, { expanded: true }).map((one) => one.id)).toEqual(["t~1", "t~2"]);
    const other = { ...asked("c", metadata), description: "another test" };
    expect(error(() => adaptTests([...variants, other], { expanded: true })).code).toBe("TEST_ID_DUPLICATE");
    expect(error(() => adaptTests([...variants, asked("a", metadata)], { expanded: true })).code).toBe(
      "TEST_ID_DUPLICATE",
    );
  });
});

describe("adaptTests metadata", () => {
  it("takes empty keys as missing", () => {
    const empty = { description: null, vars: null, metadata: null, options: null, assert: null };
    expect(adaptTests([empty])).toMatchObject([{ persona: null, split: "train", userTypes: [] }]);
  });

  it("reads persona, split and user types", () => {
    const given = { id: "a", persona: "Ann", split: "validation", userTypes: ["verbose", "crisis"] };
    const [a, b] = adaptTests([asked("1", given), asked("2", { id: "b", userTypes: "verbose, crisis" })]);
    expect(a).toMatchObject({ persona: "Ann", split: "validation", userTypes: ["verbose", "crisis"] });
    expect(b).toMatchObject({ persona: null, userTypes: ["verbose", "crisis"] });
  });

  it.each([
    [
      "TEST_METADATA_INVALID",
      asked("a", { split: "dev" }),
      /metadata\.split is not one of train, validation, test/,
    ],
    ["TEST_METADATA_INVALID", asked("a", { persona: { name: "x" } }), /metadata\.persona/],
    ["TEST_METADATA_INVALID", asked("a", { id: "" }), /metadata\.id/],
    ["TEST_METADATA_INVALID", asked("a", { userTypes: [1] }), /metadata\.userTypes/],
    ["TEST_INVALID", "file://tests.yaml", /expected object/],
    ["TEST_INVALID", { vars: "file://vars.yaml" }, /vars/],
    ["TEST_INVALID", null, /expected object/],
  ])("refuses with %s: %j", (code, test, message) => {
    const caught = error(() => adaptTests([asked("fine"), test]));
    expect(caught).toMatchObject({ code, place: "tests[1]", exitCode: 3 });
    expect(caught.message).toMatch(message);
  });
});

describe("adaptTests splits", () => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))(
    "keeps every persona whole over the test boundary (seed %i)",
    (seed) => {
      const tests = ["a", "b", "c", "d", "e", "f", "g"].flatMap((persona) => many(persona, 8));
      const adapted = adaptTests(tests, { seed });
      for (const [persona, group] of Map.groupBy(adapted, (one) => one.persona)) {
        const sealed = group.filter((one) => one.split === "test").length;
        expect([0, group.length], `${persona}`).toContain(sealed);
      }
      expect(new Set(adapted.map((one) => one.split))).toEqual(new Set(["train", "validation", "test"]));
    },
  );

  it.each<[string, unknown[], Record<string, number>]>([
    ["one persona is split test by test", many("a", 5), { train: 1, validation: 1, test: 1 }],
    [
      "without personas each test is split",
      Array.from({ length: 5 }, (_, i) => asked(`${i}`)),
      { train: 1, validation: 1, test: 1 },
    ],
    ["two personas hold one out", [...many("a", 4), ...many("b", 4)], { train: 1, validation: 1, test: 4 }],
    ["one test trains", [asked("a")], { train: 1 }],
    [
      "the undeclared follow a declared test",
      [asked("z", { persona: "a", split: "test" }), ...many("a", 3)],
      { test: 4 },
    ],
    [
      "the undeclared follow a declared training",
      [asked("z", { persona: "a", split: "train" }), ...many("a", 9)],
      { train: 2, validation: 1 },
    ],
    [
      "all declared wins over the persona",
      [
        ...many("a", 2, { split: "test" }),
        ...many("b", 2, { split: "train" }),
        asked("z", { persona: "a", split: "train" }),
      ],
      { train: 3, test: 2 },
    ],
  ])("%s", (_name, tests, least) => {
    for (let seed = 0; seed < 20; seed++) {
      const counts = Object.groupBy(splitsOf(tests, seed), (split) => split);
      for (const split of ["train", "validation", "test"] as const) {
        if (least[split] === undefined) expect(counts[split], split).toBeUndefined();
        else expect(counts[split]?.length ?? 0, split).toBeGreaterThanOrEqual(least[split]);
      }
    }
  });

  it("refuses a persona declared on both sides when one of its tests says nothing", () => {
    const tests = [
      asked("1", { persona: "a", split: "train" }),
      asked("2", { persona: "a", split: "test" }),
      asked("3", { persona: "a" }),
    ];
    expect(error(() => adaptTests(tests))).toMatchObject({
      code: "SPLIT_CONTRADICTION",
      place: "tests[2]",
      exitCode: 3,
    });
  });

  it("is deterministic whatever the order", () => {
    const tests = [...many("a", 6), ...many("b", 6), ...many("c", 6), asked("x"), asked("y"), asked("z")];
    const byId = (list: readonly unknown[]) =>
      Object.fromEntries(adaptTests(list).map((one) => [one.id, one.split]));
    expect(byId(tests.toReversed())).toEqual(byId(tests));
  });
});
