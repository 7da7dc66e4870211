/**
 * Precision and recall of the rules against human labels of real therapist talk (bolt-behaviours).
 *   node scripts/criteria-precision.ts [--data ../shared/data] [--file <csv>] [--show <criterion>]
 * `--show` lists the disagreements of one criterion.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { criterionByName } from "../src/assertions/criteria.ts";
import { DEFAULT_RULE_SETTINGS, type Situation } from "../src/assertions/criterion.ts";
import { GrpoError } from "../src/library/error.ts";

interface Mapping {
  criterion: string;
  /** `pass`: the labels are what the criterion wants; `fail`: they are what it forbids. */
  predicts: "pass" | "fail";
  labels: readonly string[];
}

const MAPPINGS: readonly Mapping[] = [
  {
    criterion: "reflects-emotion",
    predicts: "pass",
    labels: ["Reflections on Emotions", "Makes Emotions Explicit"],
  },
  { criterion: "validates-emotion", predicts: "pass", labels: ["Normalizing"] },
  { criterion: "avoids-advice", predicts: "fail", labels: ["Problem-Solving", "Planning"] },
  {
    criterion: "asks-open-question",
    predicts: "pass",
    labels: [
      "Questions on Experiences",
      "Questions on Perspectives",
      "Questions on Emotions",
      "Evokes Concrete Elaboration",
      "Evokes Perspective Elaboration",
      "Emotions Check-in",
    ],
  },
];

const Row = z.object({ prompt: z.string(), completion: z.string() });

/** Single utterances: what the client said is not in the data. */
const SITUATION: Situation = {
  client: "",
  turns: [],
  truncated: false,
  settings: DEFAULT_RULE_SETTINGS,
};

function readLabelled(file: string): Map<string, Set<string>> {
  if (!existsSync(file)) {
    throw new GrpoError({
      code: "DATA_MISSING",
      message: "The labelled training file does not exist.",
      place: file,
      remedy: "Name the folder that holds bolt-behaviours/ with --data, or the file with --file.",
    });
  }
  const rows = z.array(Row).parse(parse(readFileSync(file, "utf8"), { columns: true, relax_quotes: true }));
  const labelled = new Map<string, Set<string>>();
  for (const row of rows) {
    const labels = labelled.get(row.prompt) ?? new Set<string>();
    labelled.set(row.prompt, labels.add(row.completion.trim()));
  }
  return labelled;
}

/** The labels' own definitions bring three examples each: a small set without transcription noise. */
function readDefinitions(file: string): Map<string, Set<string>> {
  const labelled = new Map<string, Set<string>>();
  if (!existsSync(file)) return labelled;
  const rows = z
    .array(z.record(z.string(), z.string()))
    .parse(parse(readFileSync(file, "utf8"), { columns: true }));
  for (const row of rows) {
    for (const [column, text] of Object.entries(row)) {
      if (column.startsWith("positive example")) labelled.set(text.trim(), new Set([row["intent"] ?? ""]));
    }
  }
  return labelled;
}

interface Counts {
  truePositive: number;
  falsePositive: number;
  falseNegative: number;
  missed: string[];
  wrong: string[];
}

function count(mapping: Mapping, labelled: ReadonlyMap<string, ReadonlySet<string>>): Counts {
  const rule = criterionByName(mapping.criterion).rule;
  if (rule === undefined) throw new Error(`${mapping.criterion} has no rule`);
  const counts: Counts = { truePositive: 0, falsePositive: 0, falseNegative: 0, missed: [], wrong: [] };
  for (const [text, labels] of labelled) {
    const ruling = rule(text, SITUATION);
    const predicted = ruling.pass === (mapping.predicts === "pass");
    const actual = mapping.labels.some((label) => labels.has(label));
    if (predicted && actual) counts.truePositive++;
    if (predicted && !actual) {
      counts.falsePositive++;
      counts.wrong.push(`[${ruling.reason}] {${[...labels].join("; ")}} ${text}`);
    }
    if (!predicted && actual) {
      counts.falseNegative++;
      counts.missed.push(`[${ruling.reason}] ${text}`);
    }
  }
  return counts;
}

function ratio(part: number, whole: number): string {
  return whole === 0 ? "-" : (part / whole).toFixed(2);
}

function printTable(title: string, labelled: ReadonlyMap<string, ReadonlySet<string>>, show?: string): void {
  console.log(`${title}: ${labelled.size} utterances`);
  console.log("criterion            the rule says  labels  precision  recall");
  for (const mapping of MAPPINGS) {
    const c = count(mapping, labelled);
    const actual = c.truePositive + c.falseNegative;
    const row = [
      mapping.criterion.padEnd(20),
      mapping.predicts.padEnd(13),
      String(actual).padStart(7),
      ratio(c.truePositive, c.truePositive + c.falsePositive).padStart(10),
      ratio(c.truePositive, actual).padStart(7),
    ];
    console.log(row.join(" "));
    if (show !== mapping.criterion) continue;
    for (const text of c.missed) console.log(`  missed: ${text}`);
    for (const text of c.wrong) console.log(`  wrong:  ${text}`);
  }
  console.log("");
}

function main(): void {
  const { values } = parseArgs({
    options: {
      data: { type: "string", default: "../shared/data" },
      file: { type: "string" },
      show: { type: "string" },
    },
  });
  const file = values.file ?? join(values.data, "bolt-behaviours", "finetune_therapist_combined_train.csv");
  const labelled = readLabelled(file);
  const written = new Map([...labelled].filter(([text]) => /[.?!]/u.test(text)));
  printTable("All talk, most of it unpunctuated transcripts", labelled, values.show);
  printTable("Punctuated talk only, as models write", written);
  const definitions = readDefinitions(join(dirname(file), "therapist_prompts.csv"));
  if (definitions.size > 0) printTable("The examples of the labels' definitions", definitions);
}

try {
  main();
} catch (error) {
  if (!(error instanceof GrpoError)) throw error;
  console.error(error.describe());
  process.exitCode = error.exitCode;
}
