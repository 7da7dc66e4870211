/**
 * Writes the JSON Schemas that editors, and readers of reports, use from the zod schemas that the code uses.
 * `node scripts/schemas.ts` writes them; with `--check` it fails when one on disk is out of date.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { conversationSchema } from "../src/datasets/conversation.ts";
import { personaSchema } from "../src/datasets/schema.ts";
import { EvaluationReportSchema } from "../src/evaluation/report.ts";
import { ProposalSchema } from "../src/optimizer/proposal.ts";
import { SettingsSchema } from "../src/suite/settings.ts";

/** `input`: what users write, defaults left out; `output`: what we write. */
const SCHEMAS: readonly { file: string; schema: z.ZodType; io: "input" | "output" }[] = [
  { file: "persona.schema.json", schema: personaSchema, io: "input" },
  { file: "settings.schema.json", schema: SettingsSchema, io: "input" },
  { file: "conversation.schema.json", schema: conversationSchema, io: "input" },
  { file: "report.schema.json", schema: EvaluationReportSchema, io: "output" },
  { file: "proposal.schema.json", schema: ProposalSchema, io: "output" },
];

const folder = new URL("../schema/", import.meta.url);
mkdirSync(folder, { recursive: true });
const check = process.argv.includes("--check");
const stale: string[] = [];
for (const { file, schema, io } of SCHEMAS) {
  const path = fileURLToPath(new URL(file, folder));
  const text = `${JSON.stringify(z.toJSONSchema(schema, { io, target: "draft-7" }), null, 2)}\n`;
  if (!check) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) stale.push(file);
}
if (stale.length > 0) {
  console.error(`Out of date: ${stale.join(", ")}. Run: node scripts/schemas.ts`);
  process.exitCode = 1;
}
