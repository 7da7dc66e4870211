import { commonPrefix } from "./prefix.ts";

/** What placement needs to know of a slot. */
export interface SlotView {
  readonly busy: boolean;
  /** The cacheKey whose prefix lives here; calls with another key, or none, do not evict it. */
  readonly home: string | undefined;
  readonly evaluated: readonly number[];
}

/** Where a call goes; `claim` makes the slot the home of its cacheKey. */
export interface Placement {
  lane: number;
  slot: number;
  claim: boolean;
}

/**
 * The least busy lane (ties: the one that holds the longest part of the prompt), and in it the home of the call's
 * cacheKey, else the free slot that holds the longest part of the prompt (ties: the first, because neighbouring
 * slots compute together: see Lane). Null while every slot that the call may use is busy.
 */
export function choosePlacement(
  lanes: readonly (readonly SlotView[])[],
  tokens: readonly number[],
  cacheKey: string | undefined,
): Placement | null {
  const ranked = lanes
    .map((slots, lane) => ({
      lane,
      slots,
      active: slots.filter((slot) => slot.busy).length,
      held: Math.max(0, ...slots.map((slot) => commonPrefix(slot.evaluated, tokens))),
    }))
    .toSorted((a, b) => a.active - b.active || b.held - a.held || a.lane - b.lane);
  for (const { lane, slots } of ranked) {
    const found = chooseSlot(slots, tokens, cacheKey);
    if (found !== null) return { lane, ...found };
  }
  return null;
}

function chooseSlot(
  slots: readonly SlotView[],
  tokens: readonly number[],
  cacheKey: string | undefined,
): { slot: number; claim: boolean } | null {
  const free = slots
    .map((view, slot) => ({ view, slot, held: commonPrefix(view.evaluated, tokens) }))
    .filter(({ view }) => !view.busy && (view.home === undefined || view.home === cacheKey));
  const home = cacheKey === undefined ? undefined : free.find(({ view }) => view.home === cacheKey);
  if (home !== undefined) return { slot: home.slot, claim: false };
  const first = free[0];
  if (first === undefined) return null;
  if (cacheKey !== undefined && mayClaim(slots, cacheKey)) return { slot: first.slot, claim: true };
  const best = free.reduce((a, b) => (b.held > a.held ? b : a));
  return { slot: best.slot, claim: false };
}

/** One home a key and lane, and never more than half of a lane, or calls without a key would starve. */
function mayClaim(slots: readonly SlotView[], cacheKey: string): boolean {
  const homes = slots.filter((slot) => slot.home !== undefined);
  return !homes.some((slot) => slot.home === cacheKey) && homes.length < Math.floor(slots.length / 2);
}
