import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Conversation, conversationSchema, replies } from "../../src/datasets/conversation.ts";
import { reportLabels } from "../../src/datasets/label-report.ts";
import { type LabelTask, openLabelSession } from "../../src/datasets/label-session.ts";
import {
  type Answer,
  appendLabel,
  type Label,
  questionOf,
  raterFile,
  readAllLabels,
  readLabels,
  standing,
  textHash,
} from "../../src/datasets/labels.ts";
import { workspace } from "../support/workspace.ts";

const KIND = questionOf({ name: "kind", describe: "Is kind.", must: false });
const SHORT = questionOf({ name: "short", describe: "Is short.", must: true });
const QUESTIONS = new Map([KIND, SHORT].map((one) => [one.criterion, one]));

const talk = (id: string, pass: boolean | null = null): Conversation =>
  conversationSchema.parse({
    id,
    source: "imported",
    turns: [
      { role: "user", content: `hi from ${id}` },
      {
        role: "assistant",
        content: "hello",
        ...(pass === null ? {} : { criteria: [{ criterion: "kind", by: "rule", pass }] }),
      },
    ],
  });

const tasksOf = (...conversations: Conversation[]): LabelTask[] =>
  conversations
    .flatMap((one) => replies(one))
    .flatMap((item) => [KIND, SHORT].map((question) => ({ item, question })));

function session(tasks: readonly LabelTask[], labels: Label[] = []) {
  let time = 1_000_000;
  const opened = openLabelSession({
    tasks,
    labels: [...labels],
    append: (label) => labels.push(label),
    now: () => {
      time += 500;
      return time;
    },
  });
  return {
    ...opened,
    labels,
    at: () => opened.current()?.item.id.concat(" ", opened.current()?.question.criterion ?? ""),
  };
}

const brief = (labels: readonly Label[]): string[] =>
  labels.map(({ item, criterion, answer, reason }) => `${item} ${criterion} ${answer} ${reason}`.trim());

describe("a session", () => {
  it("asks in order, takes back in reverse order, and goes on where it was", () => {
    const tasks = tasksOf(talk("a"), talk("b"));
    const first = session(tasks);
    expect(first.at()).toBe("a#1 kind");
    first.answer("good", "");
    first.skip();
    first.answer("bad", "rude");
    expect([first.at(), first.progress()]).toEqual(["b#1 short", { total: 4, done: 2, skipped: 1, left: 1 }]);
    expect([first.undo(), first.at()]).toEqual([true, "b#1 kind"]);
    first.answer("not-sure", "");
    expect(brief(first.labels)).toEqual([
      "a#1 kind good",
      "b#1 kind bad rude",
      "b#1 kind null",
      "b#1 kind not-sure",
    ]);
    const second = session(tasks, first.labels);
    expect([second.at(), second.progress().done]).toEqual(["a#1 short", 2]);
    second.undo();
    expect(second.at()).toBe("b#1 kind");
    second.undo();
    expect([second.at(), second.undo(), second.progress().done]).toEqual(["a#1 kind", false, 0]);
    expect(standing(second.labels)).toEqual([]);
  });

  it("leaves a whole item, and ends", () => {
    const one = session(tasksOf(talk("a"), talk("b")));
    one.skipItem();
    expect([one.at(), one.progress().skipped]).toEqual(["b#1 kind", 2]);
    one.skipItem();
    expect([one.at(), one.progress(), one.labels]).toEqual([
      undefined,
      { total: 4, done: 0, skipped: 4, left: 0 },
      [],
    ]);
  });

  it("asks again when the wording or the turns have changed", () => {
    const { labels, ...one } = session(tasksOf(talk("a")));
    one.answer("good", "");
    const reworded = { ...KIND, ...questionOf({ name: "kind", describe: "Is very kind.", must: false }) };
    const [item] = replies(talk("a"));
    if (item === undefined) throw new Error("no reply");
    expect(session([{ item, question: reworded }], labels).at()).toBe("a#1 kind");
    expect(session([{ item, question: KIND }], labels).at()).toBeUndefined();
    const changed = { ...item, conversation: { ...talk("a"), turns: talk("z").turns } };
    expect(session([{ item: changed, question: KIND }], labels).at()).toBe("a#1 kind");
  });
});

const label = (over: Partial<Label> = {}): Label => ({
  item: "a#1",
  criterion: "kind",
  rubric: KIND.rubric,
  text: "t",
  answer: "good",
  reason: "because\n\u001b[2J",
  seconds: 1,
  at: "2026-01-01T00:00:00.000Z",
  ...over,
});

describe("a rater's file", () => {
  it("only grows, survives a cut, and never holds an escape", () => {
    const { folder } = workspace();
    const path = raterFile(join(folder, "labels"), "ann");
    appendLabel(path, label());
    const first = readFileSync(path, "utf8");
    appendLabel(path, label({ answer: "bad" }));
    expect(readFileSync(path, "utf8").startsWith(first)).toBe(true);
    expect(first).not.toContain("\u001b");
    appendFileSync(path, '{"item":"b#1","crit');
    expect(readLabels(path)).toEqual([label(), label({ answer: "bad" })]);
    appendLabel(path, label({ answer: null }));
    expect(readLabels(path).map(({ answer }) => answer)).toEqual(["good", "bad", null]);
    // A whole line that only lacks its end is a line.
    appendFileSync(path, JSON.stringify(label()));
    appendLabel(path, label({ answer: "not-sure" }));
    expect(readLabels(path).map(({ answer }) => answer)).toEqual(["good", "bad", null, "good", "not-sure"]);
    expect([...readAllLabels(join(folder, "labels")).keys()]).toEqual(["ann"]);
  });

  it("is an error, with its line, when it is not one", () => {
    const space = workspace({ "labels/ann.jsonl": `${JSON.stringify(label())}\n{"item":1}\n` });
    expect(() => readAllLabels(join(space.folder, "labels"))).toThrow(
      expect.objectContaining({ code: "LABELS_INVALID", place: expect.stringMatching(/ann\.jsonl:2$/) }),
    );
    expect(() => readAllLabels(join(space.folder, "none"))).toThrow(
      expect.objectContaining({ code: "LABELS_UNREADABLE" }),
    );
  });

  it.each(["../x", "a/b", "", ".hidden", "con", "a\u0000", "a:b", "x".repeat(61)])(
    "has no name like %j",
    (name) => {
      expect(() => raterFile("labels", name)).toThrow(
        expect.objectContaining({ code: "RATER_NAME_INVALID" }),
      );
    },
  );
});

/** Each rater's answers to `kind`, one letter an item: good, bad, unsure, not applicable, or none. */
function labelled(raters: Record<string, string>, verdicts = "") {
  const length = Object.values(raters)[0]?.length ?? 0;
  const passes: Record<string, boolean | null> = { p: true, f: false };
  const talks = Array.from({ length }, (_, i) => talk(`t${i}`, passes[verdicts[i] ?? ""] ?? null));
  const answers: Record<string, Answer> = { g: "good", b: "bad", u: "not-sure", n: "does-not-apply" };
  const labels = Object.entries(raters).map(([rater, letters]): [string, Label[]] => [
    rater,
    talks.flatMap((one, index) => {
      const answer = answers[letters[index] ?? ""];
      const [item] = replies(one);
      return answer === undefined || item === undefined
        ? []
        : [label({ item: item.id, text: textHash(item), answer })];
    }),
  ]);
  return reportLabels(talks, new Map(labels), QUESTIONS);
}

describe("agreement", () => {
  it("is kappa for two raters, from twenty double-labelled items on", () => {
    const [ann, ben] = ["gggggggggggggbbbbbgbunn.", "gggggggggggggbbbbbbgbgn."];
    const [kind] = labelled({ ann, ben }).criteria;
    expect(kind).toMatchObject({ raters: ["ann", "ben"], doubleLabelled: 22, notSure: 1, tooFew: false });
    expect(kind?.raw).toBeCloseTo(19 / 22, 10);
    expect(kind?.coefficient?.name).toBe("kappa");
    const [few] = labelled({ ann: ann.slice(0, 19), ben: ben.slice(0, 19) }).criteria;
    expect(few).toMatchObject({ doubleLabelled: 19, coefficient: null, tooFew: true });
  });

  it("is alpha for more raters and gaps; what never varies has none", () => {
    const three = labelled({
      ann: "gggggggggggbbbbbbbbbb",
      ben: "gggggggggggbbbbbbbbb.",
      cy: "gggggggggggbbbbbbbbbg",
    });
    expect(three.criteria[0]?.coefficient).toEqual({ name: "alpha", value: expect.closeTo(0.9359, 4) });
    const same = labelled({ ann: "g".repeat(25), ben: "g".repeat(25) });
    expect(same.criteria[0]).toMatchObject({ raw: 1, coefficient: null, tooFew: false, baseRate: 0 });
  });

  it("of a grader with people: what people call bad found, what they call good passed", () => {
    const { judges } = labelled({ ann: "bbbgggggub", ben: "bbbgggggug" }, "ffpppppfpf");
    expect(judges).toHaveLength(1);
    expect(judges[0]).toMatchObject({ by: "rule", n: 8, divided: 1, tooFew: true });
    expect(judges[0]?.sensitivity).toMatchObject({ share: 2 / 3, n: 3 });
    expect(judges[0]?.specificity).toMatchObject({ share: 4 / 5, n: 5 });
    expect(judges[0]?.agreement).toMatchObject({ share: 6 / 8, low: expect.closeTo(0.4093, 4) });
  });

  it("lists disagreements with both reasons, and counts what it leaves out", () => {
    const report = labelled({ ann: "gb", ben: "bb" });
    expect(report.disagreements).toMatchObject([
      { item: "t0#1", answers: [{ rater: "ann" }, { rater: "ben" }] },
    ]);
    const [item] = replies(talk("a"));
    if (item === undefined) throw new Error("no reply");
    const old = [
      label({ rubric: "older", text: textHash(item) }),
      label({ text: "older" }),
      label({ item: "gone#1" }),
      label({ text: textHash(item), answer: null, criterion: "short" }),
    ];
    const { leftOut, criteria } = reportLabels([talk("a")], new Map([["ann", old]]), QUESTIONS);
    expect([leftOut, criteria]).toEqual([{ wording: 1, text: 1, item: 1 }, []]);
  });
});
