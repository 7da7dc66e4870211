import { describe, expect, it } from "vitest";
import { loadPersonaFolder } from "../../src/datasets/load.ts";
import type { GrpoError } from "../../src/library/error.ts";
import { folderOf, MIA } from "./fixtures.ts";

async function failure(files: Record<string, string>): Promise<GrpoError> {
  return loadPersonaFolder(folderOf(files)).then(
    () => expect.fail("the folder loaded"),
    (error: GrpoError) => error,
  );
}

const bomb = `a: &a [x, x, x, x, x, x, x, x]\n${["b", "c", "d", "e", "f", "g", "h"]
  .map((name, i) => `${name}: &${name} [${Array(8).fill(`*${"abcdefg"[i]}`).join(", ")}]`)
  .join("\n")}\n`;

describe("loadPersonaFolder", () => {
  it("reads personas and examples with what they inherit", async () => {
    const other = MIA.replaceAll("mia", "zed").replace("heldOut: false\n", "");
    const folder = folderOf({ "zed.yaml": other, "mia.yaml": MIA, "README.md": "not a persona" });
    const { personas, examples } = await loadPersonaFolder(folder);
    expect(personas.map((one) => [one.persona, one.heldOut])).toEqual([
      ["mia", false],
      ["zed", false],
    ]);
    expect(examples[0]).toEqual({
      id: "mia-01",
      persona: "mia",
      userTypes: ["general"],
      query: "it was all very blue and i miss it",
      turns: [{ role: "assistant", content: "How are you today?" }],
      good_response: "Missing it sounds tender. What was the blue like?",
      bad_response: "You should journal.",
      success_criteria: { "validates-emotion": true, "does-not-push": false },
      place: `${folder}/mia.yaml:8`,
    });
  });

  it("lets an example override the persona's user types", async () => {
    const folder = folderOf({ "mia.yaml": MIA.replace("    query", "    userTypes: [crisis]\n    query") });
    expect((await loadPersonaFolder(folder)).examples[0]?.userTypes).toEqual(["crisis"]);
  });

  const edit = (from: string, to: string) => ({ "mia.yaml": MIA.replace(from, to) });
  it.each<[string, Record<string, string>, string, RegExp]>([
    ["unknown key", edit("voice:", "mood: low\nvoice:"), "mia.yaml:6", /Unrecognized key: "mood"/],
    ["missing key", edit("    bad_response: You should journal.\n", ""), "mia.yaml:8", /bad_response/],
    [
      "blank query",
      edit("it was all very blue and i miss it", '" "'),
      "mia.yaml:9",
      /query: must not be empty/,
    ],
    ["wrong role", edit("role: assistant", "role: system"), "mia.yaml:11", /turns\.0\.role/],
    ["criterion not boolean", edit("does-not-push: false", "does-not-push: maybe"), "mia.yaml:17", /boolean/],
    ["criterion not kebab-case", edit("does-not-push:", "doesNotPush:"), "mia.yaml:17", /doesNotPush/],
    ["id of another persona", edit("id: mia-01", "id: paul-01"), "mia.yaml:8", /must start with "mia-"/],
    ["file named otherwise", { "pia.yaml": MIA }, "pia.yaml:1", /must be named mia.yaml/],
    ["user type twice", edit("[general]", "[general, general]"), "mia.yaml:3", /twice/],
    [
      "no examples",
      { "mia.yaml": `${MIA.slice(0, MIA.indexOf("examples:"))}examples: []\n` },
      "mia.yaml:7",
      /examples/,
    ],
    ["key twice", edit("voice:", "name: Other\nvoice:"), "mia.yaml:6", /unique/],
    ["malformed YAML", edit("[general]", "[general"), "mia.yaml:4", /Malformed YAML/],
    ["tab indentation", edit("    query:", "\tquery:"), "mia.yaml:9", /Malformed YAML/],
    ["two documents", { "mia.yaml": `${MIA}---\n${MIA}` }, "mia.yaml:18", /Malformed YAML/],
    ["alias bomb", { "mia.yaml": bomb }, "mia.yaml:2", /alias \*a is not allowed/],
    [
      "one alias",
      { "mia.yaml": MIA.replace("Mia", "&n Mia").replace("Short lines.", "*n") },
      "mia.yaml:6",
      /alias \*n/,
    ],
    ["a list", { "mia.yaml": "- one\n" }, "mia.yaml:1", /expected object/],
    ["empty file", { "mia.yaml": "" }, "mia.yaml:1", /expected object/],
    [
      "id twice in a file",
      { "mia.yaml": MIA + MIA.slice(MIA.indexOf("  - id")) },
      "mia.yaml:18",
      /already used at .*mia.yaml:8/,
    ],
    ["a __proto__ key", edit("voice:", "__proto__: {}\nvoice:"), "mia.yaml:6", /__proto__/],
  ])("refuses %s", async (_name, files, place, message) => {
    const error = await failure(files);
    expect(error).toMatchObject({ code: "DATASET_INVALID", exitCode: 3 });
    expect(error.place?.endsWith(`/${place}`), error.describe()).toBe(true);
    expect(error.message).toMatch(message);
  });

  it("refuses one persona in two files", async () => {
    const error = await failure({ "mia.yaml": MIA, "mia.yml": MIA });
    expect(error.place).toMatch(/mia\.yml:1$/);
    expect(error.message).toMatch(/persona id "mia" is already used at .*mia\.yaml:1/);
  });

  it("lists the problems of all files in one error", async () => {
    const broken = MIA.replace("does-not-push: false", "does-not-push: maybe");
    const error = await failure({
      "mia.yaml": broken,
      "zed.yaml": broken.replaceAll("mia", "zed"),
      "a.yaml": "[",
    });
    expect(error.message).toMatch(/mia\.yaml:17 .*zed\.yaml:17/);
  });

  it("refuses a folder that is empty or not there", async () => {
    expect(await failure({ "notes.txt": "" })).toMatchObject({ code: "DATASET_EMPTY", exitCode: 3 });
    await expect(loadPersonaFolder("/no/such/folder")).rejects.toMatchObject({
      code: "DATASET_FOLDER_UNREADABLE",
    });
  });
});
