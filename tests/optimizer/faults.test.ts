import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { trainingFolder } from "../support/training-folder.ts";

/** The training agent behind trouble in three of ten tries, by the seed; every call is answered at last. */
const TROUBLED = (seed: number) => `
import Inner from "./inner.mjs";
import { appendFileSync } from "node:fs";
const FAULTS = [
  { error: "API error: 429 Too Many Requests", metadata: { http: { status: 429, headers: { "retry-after-ms": "5" } } } },
  { error: "Rate limit exceeded: HTTP 429 Too Many Requests" },
  { error: "API error: 500 Internal Server Error" },
  { error: "API error: 503 Service Unavailable" },
  new Error("read ECONNRESET"),
  new Error("terminated"),
  { output: "", tokenUsage: { prompt: 10, completion: 0 }, cost: 0 },
  { error: "API call error: SyntaxError: Unexpected end of JSON input" },
  "hang",
];
let state = ${seed};
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
export default class Troubled extends Inner {
  async callApi(prompt, context, options) {
    if (random() >= 0.3) return super.callApi(prompt, context, options);
    const fault = FAULTS[Math.floor(random() * FAULTS.length)];
    appendFileSync(new URL("./faults.log", import.meta.url), ".");
    if (fault === "hang") return new Promise(() => {});
    if (fault instanceof Error) throw fault;
    return fault;
  }
}
`;

const trained = async (seed?: number) => {
  const folder = trainingFolder();
  const agent = join(folder.folder, "agent.mjs");
  if (seed !== undefined) {
    folder.write("inner.mjs", readFileSync(agent, "utf8"));
    folder.write("agent.mjs", TROUBLED(seed));
  }
  const { result } = await folder.train({ runtime: { backoffMs: 1, callTimeoutMs: 150 } });
  const faults = seed === undefined ? 0 : readFileSync(join(folder.folder, "faults.log"), "utf8").length;
  const calls = folder.calls().map(({ prompt, seed: of }) => `${of} ${prompt}`);
  return { library: folder.library(), result, calls, faults };
};

it("a run with trouble in three of ten calls ends with the library of one without", async () => {
  const quiet = await trained();
  expect(quiet.library).toContain("- [E1]");
  for (const seed of [11, 22]) {
    const troubled = await trained(seed);
    expect(troubled.faults).toBeGreaterThan(10);
    expect(troubled.library).toBe(quiet.library);
    expect(troubled.result.test?.arms.ungraded).toEqual({ baseline: 0, enhanced: 0 });
    // No paid call is made twice: an answered call is answered once.
    expect(troubled.calls).toHaveLength(new Set(troubled.calls).size);
  }
});
