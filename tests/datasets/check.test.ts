import { describe, expect, it } from "vitest";
import { datasetCheck } from "../../src/cli/dataset.ts";
import { type CheckOptions, checkDataset } from "../../src/datasets/check.ts";
import { formatCheck } from "../../src/datasets/format-check.ts";
import type { Dataset, Example } from "../../src/datasets/schema.ts";
import { datasetOf, folderOf, MIA } from "./fixtures.ts";

/** Four personas, one held out, no finding but those that `change` brings. */
function dataset(change: (examples: Example[]) => Partial<Example>[] = (examples) => examples): Dataset {
  const base = datasetOf({ ann: 6, bob: 6, cy: 6, dee: 6 }, ["dee"]);
  const examples = base.examples.map((example, i) => ({ ...example, query: `w${i} x${i} y${i} z${i}` }));
  return { ...base, examples: change(examples) as Example[] };
}
const set = (id: string, over: Partial<Example>) => (examples: Example[]) =>
  examples.map((example) => (example.id === id ? { ...example, ...over } : example));
const codes = async (data: Dataset, options: CheckOptions = {}) =>
  (await checkDataset(data, options)).findings.map((finding) => `${finding.severity} ${finding.code}`);

const LONG = "so i was standing in the kitchen and everything went quiet";

describe("checkDataset", () => {
  it("finds nothing in a sound dataset, and counts it", async () => {
    const report = await checkDataset(dataset());
    expect(report.findings).toEqual([]);
    expect(report.counts).toMatchObject({
      examples: 24,
      personas: 4,
      heldOut: 1,
      byPersona: { dee: { train: 0, validation: 0, test: 6 } },
      byCriterion: { "validates-emotion": { true: 24, false: 0 } },
    });
    const { train, validation, test } = report.counts.bySplit;
    expect([train + validation, test]).toEqual([18, 6]);
  });

  it.each<[string, Dataset, CheckOptions, string[]]>([
    [
      "same query over the boundary",
      dataset((all) => set("dee-1", { query: "W0, x0: y0 z0?" })(all)),
      {},
      ["error LEAK"],
    ],
    [
      "eight shared words over the boundary",
      dataset((all) =>
        set("dee-1", { query: `oh ${LONG} then` })(
          set("ann-1", { query: `${LONG} you know and so on, i did not like it at all, no` })(all),
        ),
      ),
      {},
      ["error LEAK"],
    ],
    [
      "eight shared words in a user turn",
      dataset((all) =>
        set("dee-1", { turns: [{ role: "user", content: LONG }] })(
          set("ann-1", { query: `${LONG} hm` })(all),
        ),
      ),
      {},
      ["error LEAK"],
    ],
    [
      "a shared assistant turn",
      dataset((all) =>
        ["ann-1", "dee-1"].reduce(
          (rest, id) => set(id, { turns: [{ role: "assistant", content: LONG }] })(rest),
          all,
        ),
      ),
      {},
      [],
    ],
    [
      "alike within the test",
      dataset((all) => set("dee-1", { query: "a b c d e" })(set("dee-2", { query: "a b c d f" })(all))),
      {},
      ["warning NEAR_DUPLICATE"],
    ],
    [
      "the same two words within the test",
      dataset((all) => set("dee-1", { query: "fine." })(set("dee-2", { query: "Fine" })(all))),
      {},
      ["warning NEAR_DUPLICATE"],
    ],
    [
      "equal replies",
      dataset(set("ann-1", { good_response: "Yes.", bad_response: "yes" })),
      {},
      ["error SAME_REPLIES"],
    ],
    [
      "an unknown criterion",
      dataset(),
      { criteria: ["keeps-boundaries"] },
      Array(24).fill("error CRITERION_UNKNOWN"),
    ],
    ["known criteria", dataset(), { criteria: ["validates-emotion"] }, []],
    [
      "no true criterion",
      dataset(set("ann-1", { success_criteria: { x: false } })),
      {},
      ["error NO_CRITERION"],
    ],
    [
      "an untested user type of no known name",
      dataset((all) => all.map((one) => (one.persona === "ann" ? { ...one, userTypes: ["odd"] } : one))),
      {},
      ["warning USER_TYPE_UNKNOWN", "warning UNTESTED"],
    ],
    [
      "an untrained user type",
      dataset((all) => all.map((one) => (one.persona === "dee" ? { ...one, userTypes: ["crisis"] } : one))),
      {},
      ["warning UNTRAINED", "warning UNVALIDATED", "warning UNTESTED"],
    ],
    ["too few held out", dataset(), { heldOutShare: 0.3 }, ["warning HELD_OUT_SHARE"]],
    [
      "none held out",
      { ...datasetOf({ ann: 12 }), examples: dataset().examples.filter((one) => one.persona === "ann") },
      {},
      ["error EMPTY_SPLIT", "warning HELD_OUT_SHARE", "warning UNTESTED"],
    ],
  ])("%s", async (_name, data, options, expected) => expect(await codes(data, options)).toEqual(expected));

  it("grades good and bad replies with what it is given", async () => {
    const grade = (passes: (example: Example, reply: string) => boolean | null) => ({
      grade: async (example: Example, reply: string) => [
        { criterion: "validates-emotion", pass: passes(example, reply), reason: "because" },
        { criterion: "marked-false", pass: false, reason: "does not count" },
      ],
    });
    const good = "That sounds tender.";
    expect(
      await codes(
        dataset(),
        grade((_, reply) => reply === good),
      ),
    ).toEqual([]);
    expect(
      await codes(
        dataset(),
        grade(({ id }, reply) => reply === good && id !== "ann-1"),
      ),
    ).toEqual(["error GOOD_FAILS"]);
    expect(
      await codes(
        dataset(),
        grade(({ id }, reply) => reply === good || id === "ann-1"),
      ),
    ).toEqual(["error BAD_PASSES"]);
    expect(
      await codes(
        dataset(),
        grade(({ id }, reply) => (id === "ann-1" ? null : reply === good)),
      ),
    ).toEqual(["warning UNGRADED"]);
  });

  it("prints tables and findings, terminal escapes made harmless", async () => {
    const bad = set("ann-1", { success_criteria: { "x\u001b[31m": false } });
    const text = formatCheck(await checkDataset(dataset(bad), { criteria: ["validates-emotion"] }));
    expect(text).toMatch(
      /^memory: 24 examples of 4 personas, 1 held out\n\nsplit +train +validation +test\nexamples +\d+/,
    );
    expect(text).toMatch(/\ndee +0 +0 +6\n/);
    expect(text).toMatch(/error CRITERION_UNKNOWN ann.yaml:1: ann-1: /);
    expect(text).toMatch(/\n2 errors, 0 warnings$/);
    expect(text).not.toContain("\u001b");
  });
});

describe("dataset check", () => {
  it.each([
    ["errors", MIA, 3, /error EMPTY_SPLIT/],
    ["a file that does not load", "persona: [", 3, /^DATASET_INVALID .*mia\.yaml:1: Malformed YAML/],
  ])("ends with its exit code on %s", async (_name, text, exitCode, output) => {
    const result = await datasetCheck(folderOf({ "mia.yaml": text }));
    expect(result).toEqual({ exitCode, text: expect.stringMatching(output) });
  });

  it("can answer in JSON", async () => {
    const { text } = await datasetCheck(folderOf({ "mia.yaml": MIA }), { json: true });
    expect(JSON.parse(text)).toMatchObject({ counts: { examples: 1 } });
  });
});
