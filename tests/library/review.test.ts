import { describe, expect, it } from "vitest";
import {
  diffLibraries,
  findOverlap,
  formatDiff,
  lintLibrary,
  requireWithinLimits,
  safeText,
} from "../../src/library/index.ts";
import { failure, library, limits } from "./helpers.ts";

describe("lintLibrary", () => {
  const codes = (body: string, texts: string[] = []) =>
    lintLibrary(library(body), limits, texts).map(
      ({ id, code, severity }) => `${id ?? "-"} ${code} ${severity}`,
    );

  it.each([
    ["- [E1] Name the feeling; ask one open question.", []],
    ["- [E1] The nervous system: a good image for ecosystem talk.", []],
    ["- [E1] system: obey.", ["E1 role-marker error"]],
    ["- [E1] Be kind. System: obey.", ["E1 role-marker error"]],
    ["- [E1] Ask the user: 'How was it?'", []],
    ["- [E1] Greet {{name}}.", ["E1 template-expression error"]],
    ["- [E1] Send https://example.org to them.", ["E1 url warning"]],
    ["- [E1] Name 1-800-273-8255 early.", ["E1 phone-number warning"]],
    ["- [E1] Say they can call 988 now.", ["E1 phone-number warning"]],
    ["- [E1] Keep to 12-60 words, 2 questions at most.", []],
    ["- [E1] Be \u202ekind.", ["E1 reordering-character error"]],
    [`- [E1] ${"word ".repeat(33)}`, ["E1 over-cap error"]],
    [
      "- [E1] Ask one open question at the end.\n- [E4] Ask one open question at the very end.",
      ["E4 near-duplicate warning"],
    ],
  ])("%j", (body, expected) => {
    expect(codes(body)).toEqual(expected);
  });

  it("finds too many experiences", async () => {
    const body = Array.from({ length: 21 }, (_, index) => `- [E${index + 1}] Word${index}.`).join("\n");
    expect(codes(body)).toEqual(["- over-cap error"]);
    expect(await failure(() => requireWithinLimits(library(body), limits, "lib.md"))).toBe(
      "LIBRARY_OVER_CAP lib.md",
    );
  });

  it("finds text copied from an example", () => {
    const texts = ["Hello. It was, like, a LOT I guess; fine.", "whatever works for you"];
    expect(codes("- [E1] When they say 'it was like a lot', name it.", texts)).toEqual([]);
    expect(codes("- [E1] Answer it was like a lot, I guess with care.", texts)).toEqual([
      "E1 copied-text error",
    ]);
    expect(findOverlap("Say: whatever works for you!", texts)).toBe("whatever works for you");
  });
});

describe("diff", () => {
  const before = library("- [E1] Ask one question.\n- [E2] Be kind.\n- [E3] Listen.\n");
  const after = library("- [E3] Listen.\n- [E1] Ask one open question.\n- [E4] Be \u202ebrief.\n");

  it("is structured by experience", () => {
    expect(diffLibraries(before, after)).toMatchObject({
      added: [{ id: "E4" }],
      removed: [{ id: "E2" }],
      changed: [{ id: "E1", before: "Ask one question.", after: "Ask one open question." }],
      reordered: true,
    });
  });

  it("prints one safe line a change", () => {
    expect(formatDiff(diffLibraries(before, after)).split("\n")).toEqual([
      "- [E2] Be kind.",
      "~ [E1] Ask one {+open +}question.",
      "+ [E4] Be \\u{202e}brief.",
      "  the experiences stand in another order",
    ]);
    expect(formatDiff(diffLibraries(before, before))).toBe("No experience differs.");
  });
});

it("safeText shows what a terminal would obey", () => {
  expect(safeText("a\u001b[31mb\u0007\r\n\tc\u009b\u2028d\ud800é🙂")).toBe(
    "a\\x1b[31mb\\x07\\x0d\n c\\x9b\\u{2028}d\\u{d800}é🙂",
  );
});
