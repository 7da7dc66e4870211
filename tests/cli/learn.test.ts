import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { ApiProvider, EvaluateTestSuite } from "promptfoo";
import { evaluate } from "promptfoo";
import { beforeAll, describe, expect, it } from "vitest";
import { parseLibrary } from "../../src/library/index.ts";
import { commandLine } from "../support/command-line.ts";
import { trainingTests } from "../support/training-config.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";
import { libraryText } from "../support/workspace.ts";

type Agent = new (options: object) => Pick<ApiProvider, "callApi">;

// promptfoo's database in memory.
beforeAll(() => {
  process.env["IS_TESTING"] = "true";
});

/** What an ordinary promptfoo evaluation of the folder's config leaves behind, three repeats of each test. */
async function evaluated(
  folder: TrainingFolder,
  tests: (id: string) => boolean,
  labels: readonly string[] = ["agent"],
): Promise<void> {
  const config = JSON.parse(readFileSync(`${folder.folder}/promptfooconfig.yaml`, "utf8")) as {
    prompts: unknown;
    defaultTest: object;
    tests: { metadata: { id: string } }[];
  };
  const { default: Agent } = (await import(pathToFileURL(`${folder.folder}/agent.mjs`).href)) as {
    default: Agent;
  };
  // The agent explores at a temperature, and differently with every seed, as a model does.
  const providers = labels.map((label) => ({
    id: () => "training-agent",
    label,
    callApi: (prompt: string, context: { repeatIndex?: number; prompt: object }) =>
      new Agent({}).callApi(prompt, {
        ...context,
        prompt: { ...context.prompt, config: { temperature: 1, seed: context.repeatIndex ?? 0 } },
      } as never),
  }));
  const grade = [{ type: "javascript", value: `file://${folder.folder}/grade.mjs` }];
  await evaluate(
    {
      prompts: config.prompts,
      providers,
      defaultTest: { assert: grade },
      tests: config.tests.filter((one) => tests(one.metadata.id)),
      outputPath: `${folder.folder}/train.json`,
      writeLatestResults: true,
    } as unknown as EvaluateTestSuite,
    { repeat: 3, cache: false, showProgressBar: false, silent: true },
  );
  folder.remove("calls.jsonl");
}

const isTraining = (id: string): boolean => id.startsWith("train-");
const learn = (folder: TrainingFolder, line = "") =>
  commandLine(
    [
      "learn",
      "--results",
      "train.json",
      "--display",
      "plain",
      "--no-publish",
      ...line.split(" ").filter(Boolean),
    ],
    folder.folder,
  );
const experiences = (folder: TrainingFolder) =>
  parseLibrary(folder.library() ?? "", "library").experiences.map((one) => one.text);

describe("learn --results", () => {
  it("learns from the rows, asks no training question again without a library, and tests on sealed examples", async () => {
    const folder = trainingFolder({}, trainingTests(12));
    await evaluated(folder, (id) => !id.startsWith("validation-"));
    const { code, stdout, stderr } = await learn(folder);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'learns from 24 rollouts of 8 training examples, column "agent"; 36 rows of other tests are left alone',
    );
    expect(experiences(folder)).toContain("Name the feeling as painful.");
    expect(stdout).toMatch(/PROVEN/);
    const again = folder
      .calls()
      .filter(({ learner, prompt }) => learner === null && prompt.includes("trainthing"));
    expect(again.filter(({ prompt }) => prompt.includes('"content":"You listen."'))).toEqual([]);
    const [entry, ...more] = folder.history();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ status: "accepted", version: 1, gate: { accepted: true } });
    for (const { exampleId, ...line } of entry?.evidence ?? []) {
      expect(exampleId).toMatch(/^train-/);
      expect(line["rewards"]).toHaveLength(3);
    }
    expect(folder.looks()).toMatchObject([{ by: "train", tests: 12 }]);
  });

  it("learns from the part of the training split that is there", async () => {
    const folder = trainingFolder({}, trainingTests(0));
    await evaluated(folder, (id) => ["train-00", "train-01"].includes(id));
    const { code, stderr } = await learn(folder);
    expect(code).toBe(0);
    expect(stderr).toContain("learns from 6 rollouts of 2 training examples");
    const ids = folder.history().flatMap((entry) => entry.evidence.map((one) => one.exampleId));
    expect(new Set(ids)).toEqual(new Set(["train-00", "train-01"]));
  });

  it("takes the column that is named, and says which there are", async () => {
    const folder = trainingFolder({}, trainingTests(0));
    await evaluated(folder, (id) => /^train-0[01]$/.test(id), ["old", "new"]);
    const refusal = async (line: string): Promise<string> => {
      const { code, stdout, stderr } = await learn(folder, line);
      expect({ code, stdout, calls: folder.calls() }).toEqual({ code: 3, stdout: "", calls: [] });
      return stderr;
    };
    expect(await refusal("")).toMatch(
      /RESULTS_ARMS .*train\.json: It has 2 columns\. .*`--column <label>`: "old", "new"/,
    );
    expect(await refusal("--column gone")).toMatch(/RESULTS_ARMS .*No column is named "gone".*"old", "new"/);
    expect((await learn(folder, "--column new")).stderr).toContain(
      'learns from 6 rollouts of 2 training examples, column "new"',
    );
  });

  it("takes personal data out of the rows before the learner reads them, unless told not to", async () => {
    const folder = trainingFolder({}, trainingTests(0));
    await evaluated(folder, isTraining);
    const rows = readFileSync(`${folder.folder}/train.json`, "utf8");
    folder.write("train.json", rows.replaceAll("You came here.", "You came here, ann@example.org."));
    const read = () => folder.calls().filter((one) => one.learner !== null);
    const { stdout, stderr } = await learn(folder);
    expect(stderr).toContain("redacts 24 e-mails in 24 rollouts of 24, before the learner reads them");
    expect(stdout).toContain("redacted 24 e-mails in 24 rollouts");
    expect(read().length).toBeGreaterThan(0);
    expect(read().filter(({ prompt }) => prompt.includes("ann@example.org"))).toEqual([]);
    folder.remove("calls.jsonl");
    const raw = await learn(folder, "--no-redact");
    expect(raw.stderr + raw.stdout).not.toContain("redact");
    expect(read().some(({ prompt }) => prompt.includes("ann@example.org"))).toBe(true);
  });

  it("refuses results without a training test, before anything is asked", async () => {
    const folder = trainingFolder({}, trainingTests(2));
    await evaluated(folder, (id) => !isTraining(id));
    const { code, stdout, stderr } = await learn(folder);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      /^\nRESULTS_NO_EXAMPLE .*train\.json: None of its 18 rows is of a training example/,
    );
    expect(folder.calls()).toEqual([]);
    expect(folder.library()).toBeNull();
  });

  it("says when the rows were made with another library than the current one", async () => {
    const folder = trainingFolder({}, trainingTests(0));
    await evaluated(folder, (id) => ["train-00", "train-01"].includes(id));
    const ANOTHER = /made with another library than the current one/;
    folder.write("experiences/tested/common.md", libraryText("tested", ["Be warm to whoever writes here."]));
    // The rows say nothing about a library, so nothing is claimed.
    expect((await learn(folder)).stderr).not.toMatch(ANOTHER);
    const made = (libraryHash: string | null): void => {
      const text = readFileSync(`${folder.folder}/train.json`, "utf8");
      const file = JSON.parse(text) as { results: { results: { response: { metadata: object } }[] } };
      for (const { response } of file.results.results) response.metadata = { libraryHash, libraryVersion: 1 };
      folder.write("train.json", JSON.stringify(file));
    };
    for (const hash of [null, "0".repeat(64)]) {
      made(hash);
      expect((await learn(folder)).stderr).toMatch(ANOTHER);
    }
  });

  it("needs a file", async () => {
    const folder = trainingFolder({}, trainingTests(0));
    const { code, stderr } = await learn(folder);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^\nRESULTS_UNREADABLE .*train\.json/);
    const missing = await commandLine(["learn"], folder.folder);
    expect(missing.code).toBe(3);
    expect(missing.stderr).toMatch(/required option '--results <file>'/);
  });
});
