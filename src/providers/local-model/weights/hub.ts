import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { WeightsSpec } from "./catalog.ts";
import { type OnProgress, steps } from "./progress.ts";
import type { Expected } from "./verify.ts";

/** Reaching the hub at all, in milliseconds; a machine without network must not wait long. */
const connectMs = 6_000;
/** A download that stands still for this long has failed. */
const stallMs = 60_000;

export function hubUrl(spec: WeightsSpec, base: string): string {
  return `${base}/${spec.hub.repo}/resolve/${spec.hub.revision}/${spec.hub.file}`;
}

/** Size and sha256 the hub has for the file; throws an Error that says why not. */
export async function hubExpected(spec: WeightsSpec, base: string): Promise<Expected> {
  const response = await reach(hubUrl(spec, base), { method: "HEAD", redirect: "manual" });
  const bytes = Number(response.headers.get("x-linked-size"));
  const sha256 = (response.headers.get("x-linked-etag") ?? "").replaceAll('"', "");
  if (response.status >= 400) throw new Error(`the hub answered ${response.status}`);
  if (!(bytes > 0) || !/^[0-9a-f]{64}$/u.test(sha256)) throw new Error("the hub states no size and hash");
  return { bytes, sha256 };
}

/** Downloads into `part`, going on where an earlier attempt stopped; throws an Error that says why not. */
export async function downloadFromHub(
  spec: WeightsSpec,
  base: string,
  part: string,
  expected: Expected,
  onProgress: OnProgress,
): Promise<void> {
  const held = (await stat(part).catch(() => null))?.size ?? 0;
  if (held === expected.bytes) return;
  const resume = held > 0 && held < expected.bytes;
  const response = await reach(hubUrl(spec, base), resume ? { headers: { range: `bytes=${held}-` } } : {});
  if (!response.ok || response.body === null) throw new Error(`the hub answered ${response.status}`);
  const append = resume && response.status === 206;
  const report = steps(onProgress, `Downloading ${spec.name} from the hub`, expected.bytes);
  let done = append ? held : 0;
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), stallMs);
  const body = Readable.fromWeb(response.body);
  body.on("data", (chunk: Buffer) => {
    done += chunk.length;
    report(done);
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error("the download stood still")), stallMs);
  });
  try {
    await pipeline(body, createWriteStream(part, { flags: append ? "a" : "w" }), { signal: stall.signal });
  } finally {
    clearTimeout(timer);
  }
  if (done !== expected.bytes) throw new Error(`the hub sent ${done} of ${expected.bytes} bytes`);
}

/** Fetches up to the headers within `connectMs`. */
async function reach(url: string, init: RequestInit): Promise<Response> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), connectMs);
  try {
    return await fetch(url, { ...init, signal: controller.signal });
  } catch (cause) {
    const reason = controller.signal.aborted ? `no answer within ${connectMs / 1000} s` : causeOf(cause);
    throw new Error(`${new URL(url).host} cannot be reached (${reason})`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** fetch says only "fetch failed"; the reason is its cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
