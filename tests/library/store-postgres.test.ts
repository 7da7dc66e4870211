import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyOperations,
  fileStores,
  hashText,
  type LibraryAddress,
  type LibraryStore,
  type LibraryStores,
  postgresStores,
} from "../../src/library/index.ts";
import { postgresServer, withoutPostgres } from "../support/postgres.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { operation, source } from "./arbitraries.ts";
import { add, change, failure, limits, NOTES, temporaryFolder } from "./helpers.ts";
import { storeContract } from "./store-contract.ts";

const ADDRESS: LibraryAddress = { agent: "integro", route: "common" };
const now = () => new Date(0);

describe.skipIf(withoutPostgres !== undefined)("PostgreSQL", () => {
  const server = postgresServer();

  async function tables(url?: string): Promise<{ url: string; stores: LibraryStores }> {
    const to = url ?? (await server.database());
    const stores = postgresStores({ url: to, root: temporaryFolder(), now });
    await stores.init();
    return { url: to, stores };
  }

  function edit(url: string, text: string): Promise<unknown> {
    const bytes = `'\\x${Buffer.from(text).toString("hex")}'::bytea`;
    return server.query(
      url,
      `insert into grpo.libraries values ('integro', 'common', ${bytes}, '${hashText(text)}')
       on conflict (agent, route) do update set text = excluded.text, hash = excluded.hash`,
    );
  }

  describe("a store in PostgreSQL", () => {
    storeContract(async () => {
      const { url, stores } = await tables();
      return {
        open: (address = ADDRESS) => stores.open(address),
        edit: async (text) => void (await edit(url, text)),
        elsewhere: { url },
      };
    });
  });

  describe("the tables", () => {
    it("are made once, however many want to at the same moment", async () => {
      const url = await server.database();
      const made = await Promise.all(Array.from({ length: 8 }, () => postgresStores({ url }).init()));
      expect(made.filter(Boolean)).toHaveLength(1);
      const { stores } = await tables(url);
      expect((await change(stores.open(ADDRESS), add("Be kind."))).version).toBe(1);
    });

    it("that are missing are named, with the way to make them", async () => {
      const store = postgresStores({ url: await server.database() }).open(ADDRESS);
      for (const work of [() => store.load(), () => change(store, add("Be kind."))]) {
        const error = await grpoErrorOf(work);
        expect(error.describe()).toMatch(/^STORE_NOT_READY postgres:grpo: .*library init --store postgres/);
      }
    });

    it("are made in a schema that is there, by a user who may make no schema", async () => {
      const url = await server.database();
      await server.query(url, "create role maker login; create schema grpo authorization maker");
      const stores = postgresStores({ url: url.replace("//tester:", "//maker:") });
      expect(await stores.init()).toBe(true);
      expect((await change(stores.open(ADDRESS), add("Be kind."))).version).toBe(1);
      await expect(
        failure(() => postgresStores({ url: url.replace("//tester:", "//maker:"), schema: "other" }).init()),
      ).resolves.toContain("LIBRARY_NOT_WRITABLE");
    });

    it("stand in a schema of one's own, whose name is no SQL", async () => {
      const url = await server.database();
      const [one, two] = ["one", "two"].map((schema) => postgresStores({ url, schema }));
      await one?.init();
      await two?.init();
      await change(one?.open(ADDRESS) as LibraryStore, add("Be kind."));
      expect(await one?.addresses()).toEqual([ADDRESS]);
      expect(await two?.addresses()).toEqual([]);
      for (const schema of ["", "A", "a b", "a;drop table x", 'a"b', "x".repeat(64)])
        expect(await failure(() => postgresStores({ url, schema }))).toBe("STORE_SCHEMA_INVALID schema");
    });

    it("hold any text, whatever the database's encoding", async () => {
      const url = await server.database("encoding 'SQL_ASCII' template template0");
      const store = (await tables(url)).stores.open(ADDRESS);
      await change(store, add("Nenne das Gefühl 感情 🙂."));
      expect((await store.load()).document.experiences[0]?.text).toBe("Nenne das Gefühl 感情 🙂.");
    });

    it("let no line of the history be changed or taken away, and miss one that is", async () => {
      const { url, stores } = await tables();
      const store = stores.open(ADDRESS);
      await change(store, add("Be kind."));
      await change(store, add("Be brief."));
      for (const sql of [
        "update grpo.history set seq = seq + 5",
        "delete from grpo.history",
        "truncate grpo.history",
      ])
        await expect(server.query(url, sql)).rejects.toThrow("only ever appended to");
      const wrong = "update grpo.libraries set text = 'x'::bytea";
      await expect(server.query(url, wrong)).rejects.toThrow("check constraint");
      await server.query(
        url,
        "alter table grpo.history disable trigger append_only; delete from grpo.history where seq = 1",
      );
      expect(await failure(() => store.load())).toBe(`LIBRARY_HISTORY_INVALID ${store.historyPath}:1`);
    });
  });

  describe("what goes wrong", () => {
    it("with the connection tells no password", async () => {
      const url = await server.database();
      const other = url.replace(/\/test_\d+/, "/nowhere");
      const nobody = "postgresql://tester:s3cret%2Fp%C3%A4ssword@127.0.0.1:1/x";
      const unreadable = "postgresql://tester:s3cret%2Fp%C3%A4ssword@[/x";
      const errors = await Promise.all(
        [other, nobody, unreadable].map((each) =>
          grpoErrorOf(() => postgresStores({ url: each }).open(ADDRESS).load()),
        ),
      );
      expect(errors.map(({ code }) => code)).toEqual([
        "STORE_UNREACHABLE",
        "STORE_UNREACHABLE",
        "STORE_URL_INVALID",
      ]);
      for (const error of errors) {
        const said = inspect(error, { depth: 9, showHidden: true }) + error.describe();
        expect(said).not.toMatch(/s3cret|p(ä|%C3%A4)ssword/);
      }
    });

    it("a connection that is cut in the middle of a commit leaves what was there", async () => {
      const { url, stores } = await tables();
      const store = stores.open(ADDRESS);
      await change(store, add("Be kind."));
      const before = await store.snapshot();
      // The history has its line by then, and the text not yet.
      await server.query(
        url,
        `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
         create trigger slow before update on grpo.libraries for each row execute function slow()`,
      );
      const commit = grpoErrorOf(() => change(store, add("Be brief.")));
      const kill =
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
      while ((await server.query(url, kill)).length === 0);
      expect((await commit).code).toBe("STORE_FAILED");
      await server.query(url, "drop trigger slow on grpo.libraries");
      expect(await store.snapshot()).toEqual(before);
      expect((await change(store, add("Be brief."))).version).toBe(2);
    });

    it("a writer that does not end keeps others for two seconds", async () => {
      const { url, stores } = await tables();
      const store = stores.open(ADDRESS);
      await change(store, add("Be kind."));
      const holding = server.query(
        url,
        "begin; select 1 from grpo.libraries for update; select pg_sleep(2.5)",
      );
      while (
        (
          await server.query(
            url,
            "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()",
          )
        ).length === 0
      );
      expect((await grpoErrorOf(() => change(store, add("Be brief.")))).code).toBe("LIBRARY_LOCKED");
      expect((await store.load()).version).toBe(1);
      await holding;
    });

    it("a user who may only read can read, and is told what is missing to write", async () => {
      const { url, stores } = await tables();
      await change(stores.open(ADDRESS), add("Be kind."));
      await server.query(
        url,
        "create role reader login; grant usage on schema grpo to reader; grant select on all tables in schema grpo to reader",
      );
      const store = postgresStores({ url: url.replace("//tester:", "//reader:") }).open(ADDRESS);
      expect((await store.load()).version).toBe(1);
      expect((await grpoErrorOf(() => change(store, add("Be brief.")))).code).toBe("LIBRARY_NOT_WRITABLE");
    });
  });

  describe("the lock of a training run", () => {
    it("is one library's, holds over processes, and ends with its connection", async () => {
      const { url, stores } = await tables();
      const other = (await tables(url)).stores;
      const release = await stores.open(ADDRESS).lockForTraining();
      const again = () => other.open(ADDRESS).lockForTraining();
      expect(await grpoErrorOf(again)).toMatchObject({ code: "LIBRARY_IN_TRAINING", exitCode: 5 });
      await (await other.open({ agent: "integro", route: "crisis" }).lockForTraining())?.();
      await release?.();
      await waited(async () => {
        await (await again())?.();
      });
      await stores.open(ADDRESS).lockForTraining();
      await server.query(url, "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'");
      await waited(async () => {
        await (await again())?.();
      });
    });
  });

  describe("import and export", () => {
    it("take everything over, byte for byte, in both directions", async () => {
      const { stores } = await tables();
      let routes = 0;
      await fc.assert(
        fc.asyncProperty(
          source,
          fc.array(fc.tuple(fc.constantFrom("commit", "reject", "look", "hold", "edit"), operation), {
            maxLength: 5,
          }),
          async (text, steps) => {
            const address = { ...ADDRESS, route: `r${++routes}` };
            const [first, last] = [temporaryFolder(), temporaryFolder()].map((root) =>
              fileStores(root).open(address),
            );
            if (first === undefined || last === undefined) return;
            await history(first, text.replace(/route: common/, `route: ${address.route}`), steps);
            const whole = await first.snapshot();
            const middle = stores.open(address);
            await middle.receive(whole);
            await last.receive(await middle.snapshot());
            for (const store of [middle, last]) {
              const { text: copied, lines } = await store.snapshot();
              expect({ text: copied, lines }).toEqual({ text: whole.text, lines: whole.lines });
              expect(await store.receive(whole)).toEqual({ lines: 0, text: false });
            }
            const files = [first, last].map(({ historyPath }) => readFileSync(historyPath, "utf8"));
            expect(files[1]).toBe(files[0]);
          },
        ),
        { numRuns: 30 },
      );
    });

    it("go forward from an earlier state, and lose nobody's change", async () => {
      const { url, stores } = await tables();
      const files = fileStores(temporaryFolder()).open(ADDRESS);
      const database = stores.open(ADDRESS);
      await change(files, add("Ask one question."));
      await database.receive(await files.snapshot());
      await change(database, add("Be kind."));
      await database.recordLook({ by: "gate", hash: null, version: 0, tests: 1, verdict: "proven" });
      // What is behind brings nothing new.
      expect(await database.receive(await files.snapshot())).toEqual({ lines: 0, text: false });
      expect(await files.receive(await database.snapshot())).toEqual({ lines: 2, text: true });
      // A person edits the files: the edit is taken over as an edit, and recorded by the next write.
      const edited = ((await files.current()) ?? "").replace("Be kind.", "Be kinder.");
      await files.receive({ ...(await files.snapshot()), text: edited });
      expect(await database.receive(await files.snapshot())).toEqual({ lines: 0, text: true });
      expect(await database.load()).toMatchObject({ edited: true, version: 3 });
      await change(database, add("Be brief."));
      expect((await database.history()).map(({ author }) => author)).toEqual([
        "train",
        "train",
        "human",
        "train",
      ]);
      expect(await files.receive(await database.snapshot())).toEqual({ lines: 2, text: true });
      // Both change: neither is written over.
      await change(database, add("Listen."));
      await change(files, add("Wait."));
      const before = await database.snapshot();
      for (const [to, from] of [
        [database, files],
        [files, database],
      ] as const)
        expect(await failure(async () => to.receive(await from.snapshot()))).toBe(
          `LIBRARY_DIVERGED ${to.path}`,
        );
      expect(await database.snapshot()).toEqual(before);
      // Nor is an edit that nobody recorded.
      const other = fileStores(temporaryFolder()).open(ADDRESS);
      await other.receive(before);
      await edit(url, `${before.text}\n<!-- Anna -->\n`);
      await change(other, add("Wait."));
      expect(await failure(async () => database.receive(await other.snapshot()))).toBe(
        `LIBRARY_DIVERGED ${database.path}`,
      );
    });

    it("refuse what belongs to another library, or is damaged", async () => {
      const { stores } = await tables();
      const files = fileStores(temporaryFolder()).open(ADDRESS);
      await change(files, add("Be kind."));
      const whole = await files.snapshot();
      const crisis = stores.open({ ...ADDRESS, route: "crisis" });
      expect(await failure(() => crisis.receive(whole))).toContain("LIBRARY_MISPLACED");
      const damaged = { ...whole, lines: whole.lines.map((line) => line.replaceAll("Be kind", "Be cruel")) };
      expect(await failure(() => stores.open(ADDRESS).receive(damaged))).toContain("LIBRARY_HISTORY_INVALID");
      expect(await stores.addresses()).toEqual([]);
    });
  });
});

/** What the server does a moment later than it says so. */
async function waited(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

type Step = readonly [kind: string, operation: Parameters<typeof applyOperations>[1][number]];

/** A library's life: versions, rejected candidates, notes and a person's edits. */
async function history(store: LibraryStore, text: string, steps: readonly Step[]): Promise<void> {
  mkdirSync(dirname(store.path));
  writeFileSync(store.path, text);
  await store.recordLook({ by: "train", hash: null, version: 0, tests: 1, verdict: "\u0000 \ud800 é" });
  for (const [kind, one] of steps) {
    const { document, hash } = await store.load();
    const next = applyOperations(document, [one], limits).document;
    if (kind === "look")
      await store.recordLook({ by: "gate", hash, version: 1, tests: 2, verdict: "proven" });
    else if (kind === "hold")
      await store.recordQuarantined({
        op: "ADD",
        experience: null,
        text: "text" in one ? one.text : one.op,
        reasons: [{ code: "url", message: "m" }],
      });
    else if (kind === "edit") appendFileSync(store.path, "\n\n<!-- by hand -->\n");
    else if (kind === "reject" || next === document || next.source === document.source)
      await store.recordRejected({ document: next, parentHash: hash, entry: NOTES });
    else await store.commit({ document: next, expectedParentHash: hash, entry: NOTES });
  }
}
