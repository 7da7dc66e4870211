import { expect, it } from "vitest";
import { grpo, workspace } from "../support/workspace.ts";

const CONFIG = `prompts: ["Answer {{q}}"]
providers: [{ id: file://model.mjs, label: m }]
tests:
  - { vars: { q: a }, metadata: { id: one, split: train }, assert: [{ type: contains, value: a }] }
  - { vars: { q: b }, metadata: { id: two, split: validation }, assert: [{ type: contains, value: b }] }
`;

/** Sees what reaches Node.js's own resolution, behind our hook; and asks for the package itself at the end. */
const WATCH = `import { registerHooks } from "node:module";
import { appendFileSync } from "node:fs";
registerHooks({ resolve(name, context, next) {
  if (name === "source-map-support") appendFileSync(new URL("./asked.txt", import.meta.url), context.parentURL + "\\n");
  return next(name, context);
} });
process.once("beforeExit", () => import("source-map-support").catch(() => {}));`;

it.each([
  ["fail no import, and who else imports that package gets it", {}, /^file:.*watch\.mjs\n$/],
  ["are left alone when somebody reads them", { LOG_LEVEL: "debug" }, /promptfoo\/dist/],
])("debug lines of promptfoo %s", { timeout: 60_000 }, async (_what, env, asked) => {
  const space = workspace({ "promptfooconfig.yaml": CONFIG, "watch.mjs": WATCH, "asked.txt": "" });
  const options = { NODE_OPTIONS: `--import=${space.folder}/watch.mjs`, ...env };
  expect((await grpo(["plan", "--split", "validation"], space.folder, options)).code).toBe(0);
  expect(space.read("asked.txt")).toMatch(asked);
});
