import { createHash } from "node:crypto";

/** Numbers in 0..1, one after the other. */
export type Draw = () => number;

export const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** mulberry32, seeded by the hash of `key`: the same key gives the same numbers in every process. */
export function drawFrom(key: string): Draw {
  let state = digest(key).readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Names a prompt in the call log and in the draws of its replies. */
export const callHash = (shape: string, text: string): string =>
  digest(`${shape}\0${text}`).toString("hex").slice(0, 12);

/** The draws of the reply to a prompt that came `nth` times before. */
export const replyDraw = (seed: number, hash: string, nth: number): Draw =>
  drawFrom(`${seed}|${hash}|${nth}`);
