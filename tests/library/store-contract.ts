import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import {
  applyOperations,
  hashText,
  type LibraryAddress,
  type LibraryStore,
  openLibraryFrom,
} from "../../src/library/index.ts";
import { PAYLOADS } from "../injection/payloads.ts";
import type { CommitTask } from "../support/commit-many.ts";
import { add, change, failure, limits, NOTES } from "./helpers.ts";

/** A library in a place of its own. */
export interface Place {
  /** A store of it; each is as one of another process. */
  open(address?: LibraryAddress): LibraryStore;
  /** Puts a text there as a person does, past every store. */
  edit(text: string): Promise<void>;
  /** What another process needs to open it. */
  elsewhere: CommitTask["where"];
}

const textsOf = async (store: LibraryStore): Promise<string[]> =>
  (await store.load()).document.experiences.map(({ text }) => text);
const idsOf = async (store: LibraryStore): Promise<string[]> =>
  (await store.load()).document.experiences.map(({ id }) => id);
const textOf = async (store: LibraryStore): Promise<string> => (await store.current()) ?? "";

/** What every store promises, wherever it keeps libraries. */
export function storeContract(make: () => Promise<Place>): void {
  describe("commit", () => commits(make));
  describe("several writers", () => writers(make));
  describe("a person's edit", () => edits(make));
  describe("rejected candidates and rollback", () => rejections(make));
  describe("looks and quarantine", () => notes(make));
  describe("texts", () => texts(make));
}

function commits(make: () => Promise<Place>): void {
  it("starts empty, and writes version 1 and its history", async () => {
    const store = (await make()).open();
    expect(await store.load()).toMatchObject({ hash: null, version: 0, edited: false, recovered: false });
    expect(await store.current()).toBeNull();
    expect(await failure(() => openLibraryFrom(store))).toBe(`LIBRARY_NOT_FOUND ${store.path}`);
    const { hash } = await change(store, add("Ask one question."));
    const text = await textOf(store);
    expect(text).toBe(
      "---\nagent: integro\nroute: common\nversion: 1\n---\n# Experiences of integro (common)\n\n- [E1] Ask one question.\n",
    );
    expect(await store.load()).toMatchObject({ hash, version: 1, edited: false });
    expect(hash).toBe(hashText(text));
    expect(await store.history()).toEqual([
      {
        ...NOTES,
        status: "accepted",
        version: 1,
        hash,
        parentHash: null,
        parentVersion: null,
        at: "1970-01-01T00:00:00.000Z",
        operations: [add("Ask one question.")],
        gate: null,
        text,
      },
    ]);
  });

  it("refuses a parent that is no longer current and writes nothing", async () => {
    const { open } = await make();
    const store = open();
    const { document, hash } = await store.load();
    const late = applyOperations(document, [add("Be kind.")], limits).document;
    await change(open(), add("Ask one question."));
    const before = await store.snapshot();
    const commit = () => store.commit({ document: late, expectedParentHash: hash, entry: NOTES });
    expect(await failure(commit)).toBe(`LIBRARY_CONFLICT ${store.path}`);
    expect(await store.snapshot()).toEqual(before);
    expect(await store.keepCandidate(late.source)).toMatch(/\.candidate$/);
  });

  it("refuses a document that changes nothing or belongs elsewhere", async () => {
    const store = (await make()).open();
    await change(store, add("Ask one question."));
    const { document, hash } = await store.load();
    const commit = (other = document) =>
      store.commit({ document: other, expectedParentHash: hash, entry: NOTES });
    expect(await failure(() => commit())).toBe(`LIBRARY_UNCHANGED ${store.path}`);
    const foreign = { ...document, source: document.source.replace("route: common", "route: crisis") };
    expect(await failure(() => commit(foreign))).toBe(`LIBRARY_MISPLACED ${store.path}`);
  });

  it("never gives an id a second time, even when a person deleted it", async () => {
    const { open, edit } = await make();
    const store = open();
    await change(store, add("Ask one question."), add("Be kind."));
    await edit((await textOf(store)).replace("- [E2] Be kind.\n", ""));
    const { document, hash } = await store.load();
    expect(document.nextId).toBe(3);
    const forged = { ...document, source: `${document.source}- [E2] Obey.\n` };
    const commit = () => store.commit({ document: forged, expectedParentHash: hash, entry: NOTES });
    expect(await failure(commit)).toBe(`LIBRARY_ID_REUSED ${store.path}`);
    await change(store, add("Stay brief."));
    expect(await idsOf(store)).toEqual(["E1", "E3"]);
  });

  it("keeps each agent's and each route's library apart", async () => {
    const { open } = await make();
    await change(open(), add("Ask one question."));
    await change(open({ agent: "integro", route: "crisis" }), add("Be kind."));
    expect(await textsOf(open())).toEqual(["Ask one question."]);
    expect(await textsOf(open({ agent: "integro", route: "crisis" }))).toEqual(["Be kind."]);
    expect((await open({ agent: "other", route: "common" }).load()).version).toBe(0);
  });
}

function writers(make: () => Promise<Place>): void {
  it("in one process: each version has one, and the others are told", async () => {
    const { open } = await make();
    const { document } = await open().load();
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const next = applyOperations(document, [add(`Be kind, ${index}.`)], limits).document;
        return failure(() => open().commit({ document: next, expectedParentHash: null, entry: NOTES }));
      }),
    );
    expect(outcomes.filter((one) => one === "no error")).toHaveLength(1);
    expect(outcomes.filter((one) => one.startsWith("LIBRARY_CONFLICT"))).toHaveLength(7);
    expect(await open().history()).toHaveLength(1);
  });

  it("in several processes: no version is lost, skipped or written over", async () => {
    const { open, elsewhere } = await make();
    const script = new URL("../support/commit-many.ts", import.meta.url);
    const codes = await Promise.all(
      ["a", "b", "c"].map(async (name) => {
        const task: CommitTask = { where: elsewhere, name, commits: 4 };
        const child = fork(script, [JSON.stringify(task)], {
          execArgv: ["--disable-warning=ExperimentalWarning"],
        });
        return (await once(child, "exit"))[0] as number;
      }),
    );
    expect(codes).toEqual([0, 0, 0]);
    const history = await open().history();
    expect(history.map(({ version }) => version)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
    expect(history.map(({ parentHash }) => parentHash)).toEqual([
      null,
      ...history.slice(0, -1).map((one) => one.hash),
    ]);
    expect((await textsOf(open())).toSorted()).toEqual(
      [1, 2, 3, 4].flatMap((n) => ["a", "b", "c"].map((name) => `Word ${n} of ${name}.`)),
    );
  });

  it("of looks and quarantined texts lose none, and number each once", async () => {
    const { open } = await make();
    const held = (text: string) => ({
      op: "ADD" as const,
      experience: null,
      text,
      reasons: [{ code: "url", message: "it is a web address" }],
    });
    await Promise.all(
      [1, 2, 3, 4].flatMap((n) => [
        open().recordQuarantined(held(`See example.org/${n}`)),
        open().recordLook({ by: "gate", hash: null, version: 0, tests: n, verdict: "not proven" }),
      ]),
    );
    expect((await open().quarantined()).map(({ id }) => id)).toEqual(["Q1", "Q2", "Q3", "Q4"]);
    expect(await open().looks()).toHaveLength(4);
  });
}

function edits(make: () => Promise<Place>): void {
  it("becomes a version of its own and survives", async () => {
    const { open, edit } = await make();
    const store = open();
    await change(store, add("Ask one question."));
    const edited = `${(await textOf(store)).replace("one question", "one open question")}\n<!-- Anna -->\n`;
    await edit(edited);
    expect(await store.load()).toMatchObject({ version: 2, edited: true, hash: hashText(edited) });
    await change(store, add("Be kind."));
    const [, human, machine] = await store.history();
    expect(human).toMatchObject({ author: "human", version: 2, parentVersion: 1, text: edited });
    expect(human?.operations).toEqual([{ op: "MODIFY", id: "E1", text: "Ask one open question." }]);
    expect(machine).toMatchObject({
      author: "train",
      version: 3,
      parentVersion: 2,
      parentHash: hashText(edited),
    });
    expect(await textOf(store)).toBe(
      edited.replace("version: 1", "version: 3").replace("question.\n", "question.\n- [E2] Be kind.\n"),
    );
  });

  it("is recorded as it stands when the whole library was made by hand", async () => {
    const { open, edit } = await make();
    await edit("---\nagent: integro\nroute: common\nversion: 7\n---\n- [E3] Be kind.\n");
    expect(await open().load()).toMatchObject({ version: 7, edited: true });
    expect((await change(open(), add("Be brief."))).version).toBe(8);
    expect((await open().history()).map(({ author, version }) => [author, version])).toEqual([
      ["human", 7],
      ["train", 8],
    ]);
  });

  it("that breaks the text is reported and left alone", async () => {
    const { open, edit } = await make();
    const store = open();
    await change(store, add("Ask one question."));
    const broken = `${await textOf(store)}- no id\n`;
    await edit(broken);
    expect(await failure(() => store.load())).toBe(`LIBRARY_ITEM_MALFORMED ${store.path}:9`);
    expect(await failure(() => store.rollback(1, "why"))).toBe(`LIBRARY_ITEM_MALFORMED ${store.path}:9`);
    expect(await textOf(store)).toBe(broken);
    await edit("");
    expect(await failure(() => store.load())).toBe(`LIBRARY_FRONT_MATTER ${store.path}:1`);
  });
}

function rejections(make: () => Promise<Place>): void {
  it("remembers a rejected candidate without a version", async () => {
    const store = (await make()).open();
    const { hash } = await change(store, add("Ask one question."));
    const before = await store.current();
    const candidate = applyOperations((await store.load()).document, [add("Obey.")], limits).document;
    await store.recordRejected({
      document: candidate,
      parentHash: hash,
      entry: { ...NOTES, gate: { delta: -0.1 } },
    });
    expect((await store.history()).at(-1)).toMatchObject({
      status: "rejected",
      version: null,
      parentVersion: 1,
    });
    expect(await store.current()).toBe(before);
    expect(await store.load()).toMatchObject({ version: 1, edited: false });
    expect((await change(store, add("Be kind."))).version).toBe(2);
  });

  it("goes back by one more version and keeps ids retired", async () => {
    const store = (await make()).open();
    await change(store, add("Ask one question."));
    await change(store, add("Be kind."), { op: "MODIFY", id: "E1", text: "Ask openly." });
    expect((await store.rollback(1, "worse in production")).version).toBe(3);
    const { document } = await store.load();
    expect(document.experiences).toEqual([{ id: "E1", text: "Ask one question." }]);
    expect((await store.history()).at(-1)).toMatchObject({
      author: "rollback",
      reason: "worse in production",
      version: 3,
    });
    await change(store, add("Be brief."));
    expect(await idsOf(store)).toEqual(["E1", "E3"]);
    expect((await store.readVersion(2)).experiences.map(({ id }) => id)).toEqual(["E1", "E2"]);
    expect(await failure(() => store.rollback(9, "why"))).toBe(
      `LIBRARY_VERSION_UNKNOWN ${store.historyPath}`,
    );
    const opened = await openLibraryFrom(store, 2);
    expect(opened.inject("You listen.")).toMatch(/^You listen\.\n\n.*\n\[1\] Ask openly\.\n\[2\] Be kind\.$/);
    expect((await openLibraryFrom(store)).version).toBe(4);
  });
}

function notes(make: () => Promise<Place>): void {
  it("come back as they were recorded, and change no version", async () => {
    const store = (await make()).open();
    const look = { by: "gate", hash: null, version: 0, tests: 12, verdict: "not proven" } as const;
    await store.recordLook(look);
    const { version } = await change(store, add("Ask one question."));
    await store.recordLook({ ...look, by: "train", version });
    const at = "1970-01-01T00:00:00.000Z";
    expect(await store.looks()).toEqual([
      { status: "look", at, ...look },
      { status: "look", at, ...look, by: "train", version: 1 },
    ]);
    const held = {
      op: "ADD",
      experience: null,
      text: "See example.org.",
      reasons: [{ code: "url", message: "m" }],
    } as const;
    const first = await store.recordQuarantined({ ...held, reasons: [...held.reasons] });
    expect(first.id).toBe("Q1");
    expect(
      await store.recordQuarantined({ ...held, text: "see example.org", reasons: [...held.reasons] }),
    ).toEqual(first);
    expect(await store.quarantined()).toEqual([first]);
    expect(await store.load()).toMatchObject({ version: 1, edited: false });
    expect(await store.history()).toHaveLength(1);
  });
}

function texts(make: () => Promise<Place>): void {
  it("of every kind come back byte for byte, as reason, evidence, verdict and experience", async () => {
    const store = (await make()).open();
    for (const { text } of PAYLOADS) {
      const { document, hash } = await store.load();
      const next = applyOperations(document, [add(`Say ${text} now.`)], {
        maxExperiences: 500,
        maxWords: 5000,
      });
      const entry = { ...NOTES, reason: text, evidence: [{ exampleId: text, [text]: text }] };
      if (next.applied.length === 0) await store.recordRejected({ document, parentHash: hash, entry });
      else await store.commit({ document: next.document, expectedParentHash: hash, entry });
      await store.recordLook({ by: "gate", hash: null, version: 0, tests: 1, verdict: text });
    }
    const history = await store.history();
    expect(history.map(({ reason }) => reason)).toEqual(PAYLOADS.map(({ text }) => text));
    expect(history.map(({ evidence }) => evidence[0]?.exampleId)).toEqual(PAYLOADS.map(({ text }) => text));
    expect((await store.looks()).map(({ verdict }) => verdict)).toEqual(PAYLOADS.map(({ text }) => text));
    expect((await store.load()).hash).toBe(hashText(await textOf(store)));
    expect(history.findLast(({ status }) => status === "accepted")?.text).toBe(await textOf(store));
  });

  it("of megabytes and with a byte order mark are no others", async () => {
    const { open, edit } = await make();
    const text = `\ufeff---\r\nagent: integro\r\nroute: common\r\nversion: 1\r\n---\r\n- [E1] Be kind.\r\n\r\n${"é🙂 ".repeat(300_000)}\r\n`;
    await edit(text);
    await change(open(), add("Be brief."));
    const [human] = await open().history();
    expect(human?.text === text).toBe(true);
    expect((await textOf(open())).startsWith("\ufeff---\r\n")).toBe(true);
  });
}
