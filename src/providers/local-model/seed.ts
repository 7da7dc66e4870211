import { createHash } from "node:crypto";

/**
 * The sampler's seed of one call: the first 31 bits of sha256("<seed>:<repeatIndex>").
 * Hashed, so that neighbouring seeds and repeats share no calls (seed 1 repeat 1 is not seed 2 repeat 0).
 */
export function callSeed(seed: number, repeatIndex: number): number {
  return createHash("sha256").update(`${seed}:${repeatIndex}`).digest().readUInt32BE(0) >>> 1;
}
