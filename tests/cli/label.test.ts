import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { labelByKeys } from "../../src/cli/label-terminal.ts";
import { type Conversation, conversationSchema, replies } from "../../src/datasets/conversation.ts";
import { openLabelSession } from "../../src/datasets/label-session.ts";
import { type Label, questionOf } from "../../src/datasets/labels.ts";
import { grpo, workspace } from "../support/workspace.ts";

const talk = (id: string, over: object = {}): Conversation =>
  conversationSchema.parse({
    id,
    source: "imported",
    turns: [
      { role: "user", content: "hi" },
      {
        role: "assistant",
        content: "hello",
        score: 0.123,
        criteria: [{ criterion: "x", by: "rule", pass: true }],
      },
    ],
    ...over,
  });

/** Runs the keys through a terminal; null is the end of the input. */
async function typed(keys: readonly (string | null)[], append?: (label: Label) => void) {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  const labels: Label[] = [];
  const tasks = ["a", "b"].flatMap((id) =>
    replies(talk(id)).map((item) => ({
      item,
      question: questionOf({ name: "kind", describe: "Is kind.", must: true }),
    })),
  );
  const session = openLabelSession({
    tasks,
    labels: [],
    append: append ?? ((label) => labels.push(label)),
    now: () => 0,
  });
  let text = "";
  const work = labelByKeys(session, { input, write: (more) => (text += more) });
  // Until it is awaited below, a failure is not unhandled.
  work.catch(() => {});
  for (const key of keys) {
    if (key === null) input.end();
    else input.write(key);
    // A lone Escape is told from a sequence by what does not follow it.
    await new Promise((resolve) => setTimeout(resolve, key === "\u001b" ? 250 : 5));
  }
  try {
    const end = await work;
    return { end, text, raw, answers: labels.map(({ item, answer, reason }) => [item, answer, reason]) };
  } catch (error) {
    return { end: error, text, raw, answers: [] };
  }
}

describe("label by keys", () => {
  it.each<[string, (string | null)[], string, unknown[]]>([
    [
      "letters",
      ["g", "n"],
      "done",
      [
        ["a#1", "good", ""],
        ["b#1", "does-not-apply", ""],
      ],
    ],
    [
      "digits",
      ["3", "1"],
      "done",
      [
        ["a#1", "not-sure", ""],
        ["b#1", "good", ""],
      ],
    ],
    [
      "digits within a reason change nothing",
      ["b", "1 of 3 g q", "\r", "q"],
      "quit",
      [["a#1", "bad", "1 of 3 g q"]],
    ],
    [
      "keys pressed in advance",
      ["gbno\rq"],
      "done",
      [
        ["a#1", "good", ""],
        ["b#1", "bad", "no"],
      ],
    ],
    ["backspace, by character", ["B", "ok👍", "\u007f", "\r", "q"], "quit", [["a#1", "bad", "ok"]]],
    ["a capital asks for a reason", ["G", "warm", "\r", "q"], "quit", [["a#1", "good", "warm"]]],
    ["Escape leaves the reason", ["b", "\u001b", "g", "q"], "quit", [["a#1", "good", ""]]],
    [
      "undo by arrow",
      ["g", "\u001b[D", "u", "q"],
      "quit",
      [
        ["a#1", "good", ""],
        ["a#1", null, ""],
        ["a#1", "not-sure", ""],
      ],
    ],
    ["nothing to undo, help, an unknown key", ["z", "?", "k", "q"], "quit", []],
    ["skip", ["s", "g"], "done", [["b#1", "good", ""]]],
    ["upsetting", ["x", "x"], "done", []],
    ["Ctrl-C", ["g", "\u0003"], "interrupted", [["a#1", "good", ""]]],
    ["Ctrl-C within a reason", ["b", "so", "\u0003"], "interrupted", []],
    ["the terminal goes away", ["g", null], "quit", [["a#1", "good", ""]]],
  ])("%s", async (_, keys, end, answers) => {
    expect(await typed(keys)).toMatchObject({ end, answers, raw: [true, false] });
  });

  it("leaves raw mode when a label cannot be written", async () => {
    const failure = new Error("disk full");
    const { end, raw } = await typed(["g"], () => {
      throw failure;
    });
    expect([end, raw]).toEqual([failure, [true, false]]);
  });

  it("shows speakers in words and no score", async () => {
    const { text } = await typed(["q"]);
    expect(text).toMatch(/Client: hi[\s\S]*→ Assistant: hello[\s\S]*kind \(must\): Is kind\./);
    expect(text).not.toMatch(/0\.123|rule|pass/);
  });
});

describe("label without a terminal", () => {
  const files = {
    "log.jsonl": `${JSON.stringify(talk("a"))}\n${JSON.stringify(talk("b", { flags: [{ turn: 1, why: "score", reason: "low" }] }))}\n`,
  };
  const run = (space: ReturnType<typeof workspace>, args: string[], input = "") => {
    const path = space.write("input.jsonl", input);
    return grpo(["label", ...args], space.folder, {}, path);
  };

  it("lists what is left, takes answers, and shows nobody's answers to another rater", {
    timeout: 60_000,
  }, async () => {
    const space = workspace(files);
    const args = ["log.jsonl", "--rater", "ann", "--criteria", "avoids-advice"];
    const todo = await run(space, [...args, "--todo"]);
    const questions = todo.stdout
      .trim()
      .split("\n")
      .map((one) => JSON.parse(one));
    expect(questions.map(({ item }) => item)).toEqual(["a#1", "b#1"]);
    const answers = questions.map(({ item, criterion }) =>
      JSON.stringify({ item, criterion, answer: "bad", reason: "because" }),
    );
    expect(await run(space, args, answers.join("\n"))).toMatchObject({ code: 0, stderr: "" });
    expect((await run(space, [...args, "--todo"])).stdout).toBe("");
    const flagged = await run(space, [
      "log.jsonl",
      "--rater",
      "ben",
      "--criteria",
      "avoids-advice",
      "--flagged",
      "--todo",
    ]);
    expect(
      flagged.stdout
        .trim()
        .split("\n")
        .map((one) => JSON.parse(one).item),
    ).toEqual(["b#1"]);
    expect(flagged.stdout).not.toMatch(/because|ann|0\.123/);
    const report = await run(space, ["agreement", "log.jsonl"]);
    expect(report.stdout).toMatch(/avoids-advice +1 +2 +0 +- +too few to say +100 %/);
  });

  it.each<[string, string[], string, RegExp]>([
    ["nothing on standard input", ["log.jsonl", "--rater", "ann"], "", /LABEL_NO_TERMINAL/],
    ["no rater", ["log.jsonl"], "", /USAGE/],
    [
      "answers that nobody asked for",
      ["log.jsonl", "--rater", "ann", "--criteria", "avoids-advice"],
      '{"item":"a#1","criterion":"avoids-advice","answer":"good"}\n{"item":"z","criterion":"avoids-advice","answer":"good"}\n{"answer":"great"}\nx',
      /LABEL_ANSWER_INVALID stdin:2: .*stdin:3 .*stdin:4 /,
    ],
    ["nothing flagged", ["one.jsonl", "--rater", "ann", "--flagged"], "", /NOTHING_TO_LABEL/],
  ])("%s is an error, and nothing is written", { timeout: 60_000 }, async (_, args, input, expected) => {
    const space = workspace({ ...files, "one.jsonl": JSON.stringify(talk("a")) });
    const { code, stderr } = await run(space, args, input);
    expect(code).toBe(3);
    expect(stderr).toMatch(expected);
    expect(Object.keys(space.snapshot()).filter((name) => name.startsWith("labels"))).toEqual([]);
  });
});
