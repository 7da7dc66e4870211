import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileStores, postgresStores } from "../../src/library/index.ts";
import { commandLine } from "../support/command-line.ts";
import { postgresServer, withoutPostgres } from "../support/postgres.ts";
import { flags, learned, repeated, TESTS } from "../support/recorded-runs.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { type TrainingFolder, trainingFolder } from "../support/training-folder.ts";
import { workspace } from "../support/workspace.ts";

describe.skipIf(withoutPostgres !== undefined)("libraries in PostgreSQL", () => {
  const server = postgresServer();
  const database = async (): Promise<{ url: string; env: Record<string, string> }> => {
    const url = await server.database();
    return { url, env: { GRPO_DATABASE_URL: url } };
  };

  describe("the commands", () => {
    it("init, import, log, list, show, rollback and export", async () => {
      const { env, url } = await database();
      const space = workspace();
      const run = async (args: string) => commandLine(args.split(" "), space.folder, env);
      const missing = await run("library list --store postgres");
      expect(missing).toMatchObject({ code: 3, stdout: "" });
      expect(missing.stderr).toContain("STORE_NOT_READY");
      expect((await run("library init")).stdout).toBe("postgres:grpo: the tables are made\n");
      expect((await run("library init")).stdout).toBe("postgres:grpo: the tables are there\n");
      expect((await run("library list --store postgres")).stdout).toBe("No library in postgres:grpo.\n");

      const text = "---\nagent: x\nroute: common\nversion: 1\n---\n- [E1] Be kind.\n";
      mkdirSync(join(space.folder, "experiences/x"), { recursive: true });
      writeFileSync(join(space.folder, "experiences/x/common.md"), text);
      expect((await run("library import")).stdout).toBe(
        "experiences -> postgres:grpo\nx/common  an edit by hand was taken over\n",
      );
      expect((await run("library import")).stdout).toContain("x/common  nothing new\n");
      expect((await run("library show --store postgres --agent x")).stdout).toContain("[E1] Be kind.\n");
      const store = postgresStores({ url }).open({ agent: "x", route: "common" });
      await store.recordLook({ by: "gate", hash: null, version: 0, tests: 3, verdict: "proven" });
      expect((await run("library log --store postgres --agent x")).stdout).toContain("on 3 tests: proven");
      rmSync(join(space.folder, "experiences"), { recursive: true });
      expect((await run("library export --agent x --to copies")).stdout).toBe(
        "postgres:grpo -> copies\nx/common  1 line of history taken over\n",
      );
      expect(readFileSync(join(space.folder, "copies/x/common.md"), "utf8")).toBe(text);
      expect((await run("library export --agent y --to copies")).stderr).toContain("LIBRARY_NOT_FOUND");
    });

    it("that lack a connection string say which variable holds it", async () => {
      const { folder } = workspace();
      const run = (args: string[]) => commandLine(["library", ...args], folder, { GRPO_DATABASE_URL: "" });
      expect((await run(["log", "--store", "postgres"])).stderr).toMatch(
        /STORE_URL_MISSING GRPO_DATABASE_URL/,
      );
      expect((await run(["init", "--url-env", "OTHER"])).stderr).toMatch(/STORE_URL_MISSING OTHER/);
    });
  });

  describe("training", () => {
    const store = { postgres: { urlEnv: "GRPO_TEST_URL", schema: "fleet" } };
    let url: string;
    beforeAll(async () => {
      url = await server.database();
      process.env["GRPO_TEST_URL"] = url;
      await postgresStores({ url, schema: "fleet" }).init();
    });
    afterAll(() => {
      delete process.env["GRPO_TEST_URL"];
    });
    /** What the run left in the database, as files would say it. */
    async function exported(folder: TrainingFolder, route: string) {
      const address = { agent: "tested", route };
      const own = postgresStores({ url, schema: "fleet" }).open(address);
      await fileStores(join(folder.folder, "experiences"))
        .open(address)
        .receive(await own.snapshot());
      return learned(folder);
    }

    it("learns what it learns with files, and goes on where it was killed", async () => {
      const files = trainingFolder({}, TESTS);
      await files.trainRecorded({ flags });
      const whole = learned(files);
      const writes = whole.history.length + whole.looks.length;
      for (const storeWrites of [undefined, ...Array.from({ length: writes }, (_, index) => index + 1)]) {
        await server.query(
          url,
          "alter table fleet.history disable trigger all; truncate fleet.history, fleet.libraries",
        );
        const folder = trainingFolder({}, TESTS);
        if (storeWrites === undefined) await folder.trainRecorded({ flags: { ...flags, store } });
        else {
          const killed = folder.trainRecorded({ flags: { ...flags, store }, storeWrites });
          await expect(killed).rejects.toThrow("killed");
          await folder.trainRecorded({ resume: true });
        }
        expect(folder.library()).toBeNull();
        expect(await exported(folder, "common"), `stopped after write ${storeWrites}`).toEqual(whole);
        expect(repeated(folder)).toBe(0);
        expect(written(folder)).not.toMatch(/p(ä|%C3%A4)ssword/);
      }
    });

    it("is one run's at a time over all machines, and the second calls nothing", async () => {
      const own = postgresStores({ url, schema: "fleet" }).open({ agent: "tested", route: "common" });
      const release = await own.lockForTraining();
      const folder = trainingFolder({}, TESTS);
      const error = await grpoErrorOf(() => folder.trainRecorded({ flags: { ...flags, store } }));
      expect(error).toMatchObject({ code: "LIBRARY_IN_TRAINING", exitCode: 5 });
      expect(folder.calls()).toEqual([]);
      await release?.();
    });
  });
});

/** Every byte that the run wrote, as text. */
const written = ({ folder }: TrainingFolder): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), "utf8")] : []))
    .join("\n");
