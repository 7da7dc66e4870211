import { describe, expect, it } from "vitest";
import { criterionByName } from "../../src/assertions/criteria.ts";
import { DEFAULT_RULE_SETTINGS, type Ruling, type Situation } from "../../src/assertions/criterion.ts";

/** A reply, or a reply with the client's message that it answers. */
type Case = string | { reply: string; client: string };

export interface Cases {
  /** Used where a case brings no message of its own. */
  client?: string;
  passes: readonly Case[];
  /** Each reply with a part of the reason that the learner gets. */
  fails: readonly (readonly [Case, string])[];
}

export function situation(client = "", over: Partial<Situation> = {}): Situation {
  return { client, turns: [], truncated: false, settings: DEFAULT_RULE_SETTINGS, ...over };
}

export function rule(name: string, reply: string, over: Situation = situation()): Ruling {
  const criterion = criterionByName(name);
  if (criterion.rule === undefined) throw new Error(`${name} has no rule`);
  return criterion.rule(reply, over);
}

/** One table test per reply. */
export function criterionTable(name: string, { client = "", passes, fails }: Cases): void {
  const read = (one: Case) => (typeof one === "string" ? { reply: one, client } : one);
  describe(name, () => {
    it.each(passes.map(read))("passes: $reply", (one) => {
      expect(rule(name, one.reply, situation(one.client))).toMatchObject({ pass: true, score: 1 });
    });
    it.each(fails.map(([one, reason]) => ({ ...read(one), because: reason })))("fails: $reply", (one) => {
      const ruling = rule(name, one.reply, situation(one.client));
      expect(ruling).toMatchObject({ pass: false, score: 0 });
      expect(ruling.reason).toContain(one.because);
    });
  });
}
