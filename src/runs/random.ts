import { hashOf } from "./task.ts";

/** A seeded source of random numbers; every random choice of a run comes from one, named by what it is for. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
  /** A new array in random order; the input is left alone. */
  shuffle<T>(items: readonly T[]): T[];
}

/** A generator (mulberry32) seeded by the hash of its parts, for example `seededRandom(seed, "shuffle", epoch)`. */
export function seededRandom(...parts: readonly (string | number)[]): Random {
  let state = Number.parseInt(hashOf(parts).slice(0, 8), 16);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    next,
    below,
    shuffle: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1);
        const [a, b] = [out[i], out[j]];
        if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
      }
      return out;
    },
  };
}

/** A 31-bit integer seed from its parts, for models that take one. */
export function seedFrom(...parts: readonly (string | number)[]): number {
  return Number.parseInt(hashOf(parts).slice(0, 8), 16) & 0x7fffffff;
}
