import { describe, expect, it } from "vitest";
import { threeWayPicture } from "../../src/library/three-way.ts";

const library = (...experiences: string[]): string =>
  `---\nagent: a\nroute: common\nversion: 1\n---\n${experiences.map((text) => `- ${text}\n`).join("")}`;
const base = library("[E1] Name the feeling.", "[E2] Ask one question.");

describe("what two changed at once", () => {
  it.each<[string, Parameters<typeof threeWayPicture>[1], string[]]>([
    [
      "different experiences",
      {
        base,
        theirs: library("[E1] Name the one feeling.", "[E2] Ask one question."),
        ours: library("[E1] Name the feeling.", "[E2] Ask one question.", "[E3] Be brief."),
      },
      [
        "on the disk, since the run last saw it:",
        "  ~ [E1] Name the {+one +}feeling.",
        "what the run would have changed:",
        "  + [E3] Be brief.",
        "no experience is changed by both",
      ],
    ],
    [
      "the same one",
      {
        base,
        theirs: library("[E1] Name the feeling."),
        ours: library("[E1] Name the feeling.", "[E2] Ask two."),
      },
      [
        "on the disk, since the run last saw it:",
        "  - [E2] Ask one question.",
        "what the run would have changed:",
        "  ~ [E2] Ask [-one question-]{+two+}.",
        "changed by both: E2",
      ],
    ],
    [
      "before there was a candidate, from no library",
      { base: null, theirs: library("[E1] Theirs.") },
      ["on the disk, since the run last saw it:", "  + [E1] Theirs."],
    ],
    [
      "a file that is gone",
      { base, theirs: null },
      ["on the disk, since the run last saw it:", "  the file is gone"],
    ],
    [
      "more than experiences",
      { base, theirs: `${base}\n<!-- a note -->\n` },
      ["on the disk, since the run last saw it:", "  No experience differs."],
    ],
  ])("%s", (_what, texts, expected) => {
    expect(threeWayPicture("common.md", texts).split("\n")).toEqual(expected);
  });

  it("a file that is no library any more says why", () => {
    const picture = threeWayPicture("common.md", { base, theirs: "- [E1 broken\u001b[2J" });
    expect(picture).toMatch(/^on the disk.*\n {2}LIBRARY_\w+ common\.md/);
    expect(picture).not.toContain("\u001b");
  });
});
