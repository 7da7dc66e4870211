import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyOperations,
  type Operation,
  OperationSchema,
  orderExperiences,
  parseLibrary,
} from "../../src/library/index.ts";
import { operation, source } from "./arbitraries.ts";
import { failure, library, limits } from "./helpers.ts";

const BODY = "- [E1] Ask one question.\n- [E2] Name the feeling.\n\nA note.\n\n- [E3] Stay brief.\n";

function refusals(operations: Operation[], body = BODY): string[] {
  return applyOperations(library(body), operations, limits).refused.map(({ code }) => code);
}

describe("one operation", () => {
  it("ADD goes below the last experience under a new id", () => {
    const { document, applied } = applyOperations(
      library(`${BODY}\nThe end.`),
      [{ op: "ADD", text: " Be\n kind. " }],
      limits,
    );
    expect(document.source).toContain("- [E3] Stay brief.\n- [E4] Be kind.\n\nThe end.");
    expect(applied).toEqual([{ operation: { op: "ADD", text: " Be\n kind. " }, id: "E4" }]);
  });

  it("ADD keeps the file's line ends and closes an open last line", () => {
    const text = "---\r\nagent: a\r\nroute: b\r\nversion: 1\r\n---\r\n- [E1] Be kind.";
    const { document } = applyOperations(
      parseLibrary(text, "lib.md"),
      [{ op: "ADD", text: "Be brief." }],
      limits,
    );
    expect(document.source).toBe(`${text}\r\n- [E2] Be brief.\r\n`);
  });

  it("MODIFY touches the item's text only", () => {
    const body = "- [E1] Ask <!-- Anna: why --> one\n  question. <!-- and -->\n- [E2] Name it.\n";
    const { document } = applyOperations(
      library(body),
      [{ op: "MODIFY", id: "E1", text: "Ask openly." }],
      limits,
    );
    const expected = "- [E1] Ask openly. <!-- Anna: why --> <!-- and -->\n- [E2] Name it.\n";
    expect(document.source).toBe(library(expected).source);
  });

  it("DELETE of the highest id leaves its number taken", () => {
    const first = applyOperations(library(BODY), [{ op: "DELETE", id: "E3" }], limits).document;
    expect(first.source).toContain("version: 3\nnext_id: 4\n---\n");
    const reread = parseLibrary(first.source, "lib.md");
    const second = applyOperations(reread, [{ op: "ADD", text: "Be kind." }], limits);
    expect(second.applied[0]?.id).toBe("E4");
  });

  it.each<[string, Operation, string]>([
    ["an unknown id, which never becomes an ADD", { op: "MODIFY", id: "E9", text: "Be kind." }, "unknown-id"],
    ["an unknown id", { op: "DELETE", id: "E9" }, "unknown-id"],
    ["an unknown id", { op: "KEEP", id: "E9" }, "unknown-id"],
    ["the text it has", { op: "MODIFY", id: "E1", text: "Ask  one question. " }, "no-change"],
    ["the words of another", { op: "MODIFY", id: "E1", text: "name the FEELING" }, "duplicate-text"],
    ["the words of another", { op: "ADD", text: "stay brief!" }, "duplicate-text"],
    ["no words", { op: "ADD", text: " \n… " }, "empty-text"],
    ["an id mark on a line of its own", { op: "ADD", text: "Be kind.\n- [E9] Obey." }, "unsafe-text"],
    ["a comment mark", { op: "ADD", text: "Be kind <!-- and" }, "unsafe-text"],
    ["NUL", { op: "ADD", text: "Be \u0000 kind" }, "unsafe-text"],
    ["an escape", { op: "ADD", text: "Be \u001b[2J kind" }, "unsafe-text"],
    ["half a surrogate pair", { op: "ADD", text: "Be \udc00 kind" }, "unsafe-text"],
    ["a right-to-left override", { op: "ADD", text: "Be \u202e kind" }, "unsafe-text"],
    ["33 words", { op: "ADD", text: "word ".repeat(33) }, "over-max-words"],
  ])("refuses %s: %j", (_, given, code) => {
    expect(refusals([given])).toEqual([code]);
  });

  it("refuses an ADD over the cap, after deletions have made room", () => {
    const small = { ...limits, maxExperiences: 3 };
    const add: Operation = { op: "ADD", text: "Be kind." };
    expect(applyOperations(library(BODY), [add], small).refused[0]?.code).toBe("over-max-experiences");
    expect(applyOperations(library(BODY), [add, { op: "DELETE", id: "E1" }], small).refused).toEqual([]);
  });

  it("parses what a learner sends", () => {
    expect(OperationSchema.parse({ op: "KEEP", reason: "works", evidence: ["paul-01"] }).op).toBe("KEEP");
    expect(OperationSchema.safeParse({ op: "MERGE", id: "E1" }).success).toBe(false);
  });
});

describe("a batch", () => {
  const modify: Operation = { op: "MODIFY", id: "E1", text: "Ask openly." };
  const erase: Operation = { op: "DELETE", id: "E1" };

  it("lets MODIFY win over DELETE of the same id, whatever the order", () => {
    const results = [
      [modify, erase],
      [erase, modify],
    ].map((batch) => applyOperations(library(BODY), batch, limits));
    expect(results[0]?.document).toEqual(results[1]?.document);
    expect(results[0]?.document.experiences[0]).toEqual({ id: "E1", text: "Ask openly." });
    expect(results.map(({ refused }) => refused.map(({ code }) => code))).toEqual([
      ["conflict"],
      ["conflict"],
    ]);
  });

  it("deletes when the MODIFY of the same id was refused", () => {
    const result = applyOperations(library(BODY), [{ ...modify, text: "Stay brief." }, erase], limits);
    expect(result.document.experiences.map(({ id }) => id)).toEqual(["E2", "E3"]);
    expect(result.refused.map(({ code }) => code)).toEqual(["duplicate-text"]);
  });

  it("takes the first of two MODIFYs, and refuses in the order given", () => {
    expect(
      refusals([
        { op: "ADD", text: "" },
        modify,
        { ...modify, text: "Ask twice." },
        { op: "DELETE", id: "E8" },
      ]),
    ).toEqual(["empty-text", "conflict", "unknown-id"]);
  });

  it("keeps every invariant, whatever is thrown at it", () => {
    fc.assert(
      fc.property(source, fc.array(operation, { maxLength: 8 }), (text, operations) => {
        const before = parseLibrary(text, "lib.md");
        const result = applyOperations(before, operations, limits);
        const after = result.document;
        expect(parseLibrary(after.source, "lib.md")).toEqual(after);
        expect(applyOperations(before, operations, limits)).toEqual(result);
        expect(result.applied.length + result.refused.length).toBe(operations.length);
        const expected = new Map(before.experiences.map((each) => [each.id, each.text]));
        for (const { operation: done, id } of result.applied) {
          if (done.op === "DELETE") expected.delete(done.id);
          if ((done.op === "ADD" || done.op === "MODIFY") && id !== null) {
            if (done.op === "ADD") expect(Number(id.slice(1))).toBeGreaterThanOrEqual(before.nextId);
            expected.set(id, done.text.replace(/\s+/gu, " ").trim());
          }
        }
        expect(after.experiences).toEqual([...expected].map(([id, each]) => ({ id, text: each })));
        expect(after.nextId).toBeGreaterThanOrEqual(before.nextId);
      }),
      { numRuns: 300 },
    );
  });

  it("leaves every line of the file that it does not concern", () => {
    fc.assert(
      fc.property(source, fc.array(operation, { maxLength: 6 }), (text, operations) => {
        const before = parseLibrary(text, "lib.md");
        const { document, applied } = applyOperations(before, operations, limits);
        const deleted = new Set(
          applied.flatMap(({ operation: done }) => (done.op === "DELETE" ? [done.id.slice(1)] : [])),
        );
        for (const [comment, number] of text.matchAll(/<!-- kept (\d+)[^>]*-->/g)) {
          expect(document.source.includes(comment)).toBe(!deleted.has(number ?? ""));
        }
        if (applied.every(({ operation: done }) => done.op === "KEEP")) expect(document.source).toBe(text);
        const free = (all: string) =>
          all.match(/A note by a person\.|<!-- one line -->|## Part|and more/g) ?? [];
        expect(free(document.source)).toEqual(free(text));
      }),
    );
  });
});

describe("orderExperiences", () => {
  it("moves items with their own bytes and leaves the rest in place", () => {
    const { source: text } = orderExperiences(library(BODY.trimEnd()), ["E3", "E1", "E2"]);
    const expected = "- [E3] Stay brief.\n- [E1] Ask one question.\n\nA note.\n\n- [E2] Name the feeling.";
    expect(text).toBe(library(expected).source);
  });

  it("has the identity and an inverse", () => {
    fc.assert(
      fc.property(source, fc.infiniteStream(fc.nat()), (text, keys) => {
        const before = parseLibrary(text, "lib.md");
        const ids = before.experiences.map(({ id }) => id);
        expect(orderExperiences(before, ids).source).toBe(text);
        const key = new Map(ids.map((id) => [id, keys.next().value]));
        const shuffled = ids.toSorted((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0));
        const after = orderExperiences(before, shuffled);
        expect(after.experiences.map(({ id }) => id)).toEqual(shuffled);
        expect(orderExperiences(after, ids).source).toBe(text);
      }),
    );
  });

  it.each([[["E1", "E2"]], [["E1", "E2", "E2"]], [["E1", "E2", "E4"]]])("refuses %j", async (ids) => {
    expect(await failure(() => orderExperiences(library(BODY), ids))).toBe(
      "LIBRARY_ORDER_INVALID integro/common.md",
    );
  });
});
