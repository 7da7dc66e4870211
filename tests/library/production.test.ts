import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type GrpoError,
  type OpenedLibrary,
  openLibrary,
  renderExperiences,
  ServingRecordSchema,
  withinBudget,
} from "../../src/library/index.ts";
import { add, change, failure, openStore, temporaryFolder } from "./helpers.ts";

const PROMPT = "You are a support agent.";

function shelf(libraries: Record<string, string[]>): {
  root: string;
  write: (route: string, texts: string[]) => void;
} {
  const root = temporaryFolder();
  mkdirSync(join(root, "a"));
  const write = (route: string, texts: string[]): void => {
    const items = texts.map((text, index) => `- [E${index + 1}] ${text}\n`).join("");
    writeFileSync(
      join(root, "a", `${route}.md`),
      `---\nagent: a\nroute: ${route}\nversion: ${texts.length}\n---\n${items}`,
    );
  };
  for (const [route, texts] of Object.entries(libraries)) write(route, texts);
  return { root, write };
}

function opened(options: Parameters<typeof openLibrary>[0]): OpenedLibrary {
  const library = openLibrary(options);
  onTestFinished(() => library.close());
  return library;
}

const said = (content: string) => [{ role: "user", content }];

describe("routed libraries", () => {
  it("the common experiences stand before the route's own, in one block", () => {
    const { root } = shelf({ common: ["Be kind."], crisis: ["Name the danger."], verbose: ["Focus."] });
    const library = opened({ root, agent: "a", detect: true });
    const block = renderExperiences({
      experiences: [
        { id: "E1", text: "Be kind." },
        { id: "E1", text: "Name the danger." },
      ],
    });
    expect(library.inject(PROMPT, { turns: said("i want to kill myself") })).toBe(`${PROMPT}\n\n${block}`);
    expect(library.inject(PROMPT)).toContain("[1] Be kind.");
    expect(library.inject(PROMPT)).not.toContain("[2]");
    expect(opened({ root, agent: "a", route: "crisis" }).inject(PROMPT)).toBe(`${PROMPT}\n\n${block}`);
  });

  it("a route without a library gets the common one, and says so by its versions", () => {
    const { root } = shelf({ common: ["Be kind."] });
    const served = opened({ root, agent: "a", detect: true }).serve({ turns: said("i want to kill myself") });
    expect(served).toMatchObject({ route: "crisis", versions: { common: 1 }, version: 1 });
    expect(served.block).toContain("Be kind.");
  });

  it("empty libraries leave every byte", () => {
    const { root } = shelf({ common: [], crisis: [] });
    const library = opened({ root, agent: "a", detect: true });
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (prompt, message) => {
        expect(library.inject(prompt, { turns: said(message) })).toBe(prompt);
      }),
    );
    expect(library.inject(PROMPT, { turns: said("i want to kill myself") })).toBe(PROMPT);
  });

  it("a crisis is remembered by the conversation's id; known user types need no detection", () => {
    const { root } = shelf({ common: ["Be kind."], crisis: ["Name the danger."], verbose: ["Focus."] });
    const library = opened({ root, agent: "a", detect: true });
    library.inject(PROMPT, { id: "c", turns: said("i want to kill myself") });
    expect(library.serve({ id: "c", turns: said("eggs") }).route).toBe("crisis");
    expect(library.serve({ turns: said("eggs"), userTypes: ["verbose"] }).route).toBe("verbose");
    expect(library.serve({ turns: said("i want to kill myself"), userTypes: ["verbose"] }).route).toBe(
      "crisis",
    );
  });

  it.each([
    [{ route: "crisis", detect: true }, "OPEN_LIBRARY_INVALID openLibrary"],
    [{ version: 1, watch: true }, "OPEN_LIBRARY_INVALID openLibrary"],
    [{ maxTokens: Number.NaN }, "OPEN_LIBRARY_INVALID openLibrary"],
    [{ ab: { v1: 1 } }, "AB_INVALID ab"],
    [{ ab: { v1: 1, v2: 0 } }, "AB_INVALID ab"],
    [{ ab: { one: 1, v2: 1 } }, "AB_INVALID ab"],
  ])("%j is refused: %s", async (options, code) => {
    const { root } = shelf({ common: ["Be kind."], crisis: [] });
    expect(await failure(() => openLibrary({ root, agent: "a", ...options }))).toBe(code);
  });
});

describe("the token budget", () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 200 }), { maxLength: 12 });
  it("is kept, the common library's end goes first, and nothing is lost unsaid", () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(600), (common, own, maxTokens) => {
        const items = (from: string[]) => from.map((text, index) => ({ id: `E${index + 1}`, text }));
        const { kept, left, tokens } = withinBudget(items(common), items(own), "crisis", maxTokens);
        expect(tokens).toBeLessThanOrEqual(maxTokens);
        expect(kept.length + left.length).toBe(common.length + own.length);
        if (left.some(({ route }) => route === "crisis"))
          expect(kept.every(({ route }) => route === "crisis")).toBe(true);
        for (const route of ["common", "crisis"]) {
          const ids = kept.filter((one) => one.route === route).map(({ id }) => id);
          expect(ids).toEqual(ids.map((_, index) => `E${index + 1}`));
        }
      }),
    );
  });
});

describe("following the files", () => {
  const fast = { everyMs: 5, settleMs: 5 };
  it("a new version and a new route are in use without a restart", async () => {
    const { root, write } = shelf({ common: ["Be kind."] });
    const library = opened({ root, agent: "a", detect: true, watch: fast });
    write("common", ["Be kind.", "Be brief."]);
    write("crisis", ["Name the danger."]);
    await vi.waitFor(() => {
      expect(library.inject(PROMPT, { turns: said("i want to kill myself") })).toMatch(
        /Be brief[\s\S]*Name the danger/,
      );
      expect(library.version).toBe(2);
    });
  });

  it.each([
    ["half written", (path: string) => writeFileSync(path, "---\nagent: a\nrou")],
    ["empty", (path: string) => writeFileSync(path, "")],
    ["deleted", (path: string) => rmSync(path)],
  ])(
    "a file that is %s keeps the old version and is told once; the next good one is taken",
    async (_what, damage) => {
      const { root, write } = shelf({ common: ["Be kind."] });
      const errors: GrpoError[] = [];
      const library = opened({
        root,
        agent: "a",
        watch: { ...fast, onError: (error) => errors.push(error) },
      });
      damage(join(root, "a", "common.md"));
      await vi.waitFor(() => {
        library.inject(PROMPT);
        expect(errors).toHaveLength(1);
      });
      expect(library.inject(PROMPT)).toContain("Be kind.");
      write("common", ["Be brief."]);
      await vi.waitFor(() => expect(library.inject(PROMPT)).toContain("Be brief."));
      expect(errors).toHaveLength(1);
    },
  );
});

describe("comparing versions", () => {
  async function compared(ab: Record<string, number>, salt?: string) {
    const root = temporaryFolder();
    const store = openStore(root);
    await change(store, add("Be kind."));
    await change(store, add("Be brief."));
    return opened({ root, agent: "integro", ab, ...(salt === undefined ? {} : { salt }) });
  }
  const ids = Array.from({ length: 4_000 }, (_, index) => `conversation-${index}`);

  it("shares are kept, an id keeps its version, another salt is another experiment", async () => {
    const library = await compared({ v1: 1, v2: 3 });
    const again = await compared({ v2: 0.75, v1: 0.25 });
    const salted = await compared({ v1: 1, v2: 3 }, "other");
    const versions = ids.map((id) => library.assign(id).version);
    const second = versions.filter((version) => version === 2).length / ids.length;
    // Four standard errors of a share of 3/4.
    expect(Math.abs(second - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / ids.length));
    expect(ids.map((id) => again.assign(id).version)).toEqual(versions);
    const same = ids.filter((id, index) => salted.assign(id).version === versions[index]).length / ids.length;
    expect(Math.abs(same - 0.625)).toBeLessThan(0.05);
  });

  it("what is injected and what is logged are of the assigned version", async () => {
    const library = await compared({ v1: 1, v2: 1 });
    for (const id of ids.slice(0, 20)) {
      const { version, arm } = library.assign(id);
      const record = ServingRecordSchema.parse(library.record({ id }));
      expect(record).toMatchObject({
        conversation: id,
        agent: "integro",
        arm,
        version,
        versions: { common: version },
      });
      expect(library.inject(PROMPT, { id }).includes("Be brief.")).toBe(version === 2);
    }
    expect(await failure(() => library.inject(PROMPT))).toBe("AB_INVALID conversation.id");
  });
});
