import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countWords,
  emptyLibrary,
  normaliseText,
  parseLibrary,
  printLibrary,
} from "../../src/library/index.ts";
import { source } from "./arbitraries.ts";
import { failure, library } from "./helpers.ts";

describe("parse and print", () => {
  it("reads the documented format", () => {
    const document = library(
      "# Experiences of integro (common)\n\nfree text and <!-- comments --> are kept\n\n- [E1] End every reply\n  with one question.\n- [E4] Name the feeling. <!-- Anna -->\n",
    );
    expect(document).toMatchObject({ agent: "integro", route: "common", version: 3, nextId: 5 });
    expect(document.experiences).toEqual([
      { id: "E1", text: "End every reply with one question." },
      { id: "E4", text: "Name the feeling." },
    ]);
  });

  it("is inverse byte for byte for every accepted file", () => {
    fc.assert(
      fc.property(source, (text) => {
        const document = parseLibrary(text, "lib.md");
        expect(printLibrary(document)).toBe(text);
        expect(parseLibrary(printLibrary(document), "lib.md")).toEqual(document);
      }),
    );
  });

  it("never reads an item out of a comment or a code block", () => {
    fc.assert(
      fc.property(source, (text) => {
        expect(parseLibrary(text, "lib.md").experiences.every((each) => each.text.startsWith("Say "))).toBe(
          true,
        );
      }),
    );
  });

  it("makes an empty library of any valid name", () => {
    for (const agent of ["integro", "007", "1e3", "true", "2024-01-01", "a.b_c-d"]) {
      expect(emptyLibrary({ agent, route: "common" })).toMatchObject({
        agent,
        version: 0,
        nextId: 1,
        experiences: [],
      });
    }
  });

  it("keeps next_id above what the items say", () => {
    const text = "---\nagent: a\nroute: b\nversion: 1\nnext_id: 9\n---\n- [E2] Be kind.\n";
    expect(parseLibrary(text, "lib.md").nextId).toBe(9);
  });
});

describe("errors name file and line", () => {
  it.each([
    ["- no id here", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["- [e1] Be kind.", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["- [E0] Be kind.", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["- [E01] Be kind.", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["* [E1] Be kind.", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["[E1] Be kind.", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["  - [E1] Be kind.", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["- \\[E1\\] Be kind.", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["- [E1] Be kind.\n  - [E2] Be brief.", "LIBRARY_ITEM_MALFORMED lib.md:7"],
    ["- [E1]", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["- [E1] <!-- nothing -->", "LIBRARY_ITEM_MALFORMED lib.md:6"],
    ["- [E1] Be\nkind.", "LIBRARY_ITEM_MALFORMED lib.md:7"],
    ["- [E1] Be kind.\n\n- [E1] Be brief.", "LIBRARY_DUPLICATE_ID lib.md:8"],
    ["- [E1] Be kind.\n- [E2] be  KIND!", "LIBRARY_DUPLICATE_TEXT lib.md:7"],
    ["\n<!-- open\n- [E1] Be kind.", "LIBRARY_UNCLOSED lib.md:7"],
    ["```\n- [E1] Be kind.", "LIBRARY_UNCLOSED lib.md:6"],
    ["ok\n- [E1] Be\u0000 kind.", "LIBRARY_BAD_CHARACTER lib.md:7"],
    ["- [E1] Be \u001b[31mkind.", "LIBRARY_BAD_CHARACTER lib.md:6"],
    ["- [E1] Be \ud800 kind.", "LIBRARY_BAD_CHARACTER lib.md:6"],
    ["- [E1] Be\rkind.", "LIBRARY_BAD_CHARACTER lib.md:6"],
  ])("%j", async (body, expected) => {
    expect(await failure(() => library(body))).toBe(expected);
  });

  it.each([
    ["", 1],
    ["# no front matter\n", 1],
    ["---\nagent: a\n", 1],
    ["---\nagent: a\nroute: b\n---\n", 1],
    ["---\nagent: a\nroute: b\nversion: -1\n---\n", 4],
    ["---\nagent: a\nroute: b\nversion: three\n---\n", 4],
    ["---\nagent: ../a\nroute: b\nversion: 1\n---\n", 2],
    ["---\nagent: a\nagent: b\nroute: b\nversion: 1\n---\n", 3],
    ["---\n{ agent: a, route: b, version: 1 }\n---\n", 2],
    ["---\nagent: [\n---\n", 3],
  ])("front matter %j", async (text, line) => {
    expect(await failure(() => parseLibrary(text, "lib.md"))).toBe(`LIBRARY_FRONT_MATTER lib.md:${line}`);
  });
});

describe("texts", () => {
  it.each([
    ["Don’t  push!", "don t push"],
    ["ＦＵＬＬ width…", "full width"],
    ["a—b, c.", "a b c"],
    ["🙂 ok", "🙂 ok"],
  ])("normalises %j", (text, expected) => {
    expect(normaliseText(text)).toBe(expected);
  });

  it.each([
    ["Name the feeling — then ask.", 5],
    ["don't over-explain", 2],
    ["  ", 0],
    ["... ! 🙂", 0],
    ["感情を聞く", 5],
  ])("counts the words of %j", (text, expected) => {
    expect(countWords(text)).toBe(expected);
  });
});
