import type { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";

/** One file inside a wheel (a zip archive). */
export interface WheelEntry {
  name: string;
  bytes: number;
  method: number;
  crc: number;
  compressedBytes: number;
  headerOffset: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localHeaderBytes = 30;
const maxCommentBytes = 65_535;

/** The files of a wheel, read from its table of contents; throws an Error when it is not a whole zip archive. */
export async function listWheel(file: string): Promise<WheelEntry[]> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const tail = await readAt(
      handle,
      Math.max(0, size - 22 - maxCommentBytes),
      Math.min(size, 22 + maxCommentBytes),
    );
    const end = lastSignature(tail);
    const count = tail.readUInt16LE(end + 10);
    const table = await readAt(handle, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    return parseTable(table, count);
  } finally {
    await handle.close();
  }
}

/** The content of one file, as a stream that fails when it is damaged. */
export async function readWheelEntry(file: string, entry: WheelEntry): Promise<Readable> {
  const handle = await open(file, "r");
  const header = await readAt(handle, entry.headerOffset, localHeaderBytes).finally(() => handle.close());
  const start = entry.headerOffset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  const raw = createReadStream(file, {
    start,
    end: start + entry.compressedBytes - 1,
    highWaterMark: 1 << 20,
  });
  if (entry.method !== 0 && entry.method !== 8) throw new Error(`${entry.name}: unknown compression`);
  const plain = entry.method === 8 ? createInflateRaw() : new PassThrough();
  raw.on("error", (error) => plain.destroy(error));
  return checked(raw.pipe(plain), entry);
}

function checked(content: Readable, entry: WheelEntry): Readable {
  const out = new PassThrough();
  let crc = 0;
  let bytes = 0;
  content.on("data", (chunk: Buffer) => {
    crc = crc32(chunk, crc);
    bytes += chunk.length;
    if (!out.write(chunk)) {
      content.pause();
      out.once("drain", () => content.resume());
    }
  });
  content.on("error", (error) => out.destroy(error));
  content.on("end", () => {
    if (crc === entry.crc && bytes === entry.bytes) out.end();
    else out.destroy(new Error(`${entry.name} is damaged`));
  });
  return out;
}

function parseTable(table: Buffer, count: number): WheelEntry[] {
  const entries: WheelEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (table.readUInt32LE(at) !== entrySignature)
      throw new Error("the archive's table of contents is damaged");
    const nameBytes = table.readUInt16LE(at + 28);
    entries.push({
      name: table.toString("utf8", at + 46, at + 46 + nameBytes),
      method: table.readUInt16LE(at + 10),
      crc: table.readUInt32LE(at + 16),
      compressedBytes: table.readUInt32LE(at + 20),
      bytes: table.readUInt32LE(at + 24),
      headerOffset: table.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + table.readUInt16LE(at + 30) + table.readUInt16LE(at + 32);
  }
  return entries;
}

function lastSignature(tail: Buffer): number {
  for (let at = tail.length - 22; at >= 0; at--) if (tail.readUInt32LE(at) === endSignature) return at;
  throw new Error("not a whole zip archive");
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read({ buffer: globalThis.Buffer.alloc(length), position });
  if (bytesRead !== length) throw new Error("the archive ends too early");
  return buffer;
}
